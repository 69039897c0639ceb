"""`cli serve` at size: until it answers, requests a second and their slowest twentieth, memory.

Examples:
    python benchmarks/serve.py
    python benchmarks/serve.py --tracks 10000 --seconds 2
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from catalog import clustered_vectors, fill_library
from earshot.audio.decoding.audio_writer import write_audio
from earshot.index.library import Library
from earshot.index.runs import start_run
from earshot.index.vectors.faiss_file import build_index
from earshot.index.vectors.neighbour_table import fill_neighbours
from earshot.index.vectors.spaces import AUDIO, TOWER, publish
from earshot.stages.playing.feedback import record_plays
from measuring import CLI, show

SOUND_SECONDS, RATE = 240, 44_100
FILES = ("direct.flac", "decoded.alac.m4a")  # of the first two tracks; of the others there are only rows
TRACKS_PER_ALBUM = 10
ALBUMS = (  # without which a first page has nothing to list
    "INSERT INTO artists (name, key) SELECT DISTINCT artist, lower(artist) FROM tracks",
    "UPDATE tracks SET artist_id = (SELECT id FROM artists WHERE name = tracks.artist)",
    f"INSERT INTO albums (id, name, artist_id, key) SELECT id / {TRACKS_PER_ALBUM} + 1, 'Album ' || id, artist_id,"
    f" 'album ' || id FROM tracks WHERE id % {TRACKS_PER_ALBUM} = 0 OR id = 1",
    f"UPDATE tracks SET album_id = id / {TRACKS_PER_ALBUM} + 1, track_number = id % {TRACKS_PER_ALBUM} + 1",
    "UPDATE tracks SET album = (SELECT name FROM albums WHERE id = album_id)",
)
READY_LIMIT, PAGE_LIMIT = 1.0, 0.1  # seconds, that the server and its first page should take
N_PLAYS, TOWER_DIM = 2_000, 64
N_HEARD = 30  # songs of the radio whose next one is asked for


def make_library(folder: Path, n_tracks: int) -> None:
    """Make a library of invented tracks, of which two have files, with towers and the plays of one listener."""
    rng = np.random.default_rng(3)
    towers, played = random_units(rng, n_tracks), rng.integers(n_tracks, size=N_PLAYS)
    samples = rng.standard_normal((2, SOUND_SECONDS * RATE)).astype(np.float32) * 0.05
    rows = []
    for number in range(n_tracks):
        if number < len(FILES):
            path = folder / "music" / FILES[number]
            write_audio(path, samples, RATE, {})
            status = os.stat(path)
            rows.append((str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns))
        else:
            rows.append((f"/music/{number:07}.mp3", 4_000_000, number, number))
    fill_library(folder / "library", clustered_vectors(n_tracks), rows, excerpts=1)
    with Library.open_to_write(folder / "library") as library:
        with library.transaction():
            for track_id, codec in ((1, "flac"), (2, "alac")):
                library.db.execute(
                    "UPDATE tracks SET codec = ?, duration_s = ? WHERE id = ?", [codec, SOUND_SECONDS, track_id]
                )
            for statement in ALBUMS:
                library.db.execute(statement)
        run_id, _ = start_run(library, "train-tower", {})  # towers and plays: a radio leans towards who listens
        with library.transaction():
            publish(library, TOWER, run_id, [(library.ids("SELECT id FROM tracks ORDER BY id"), towers)])
        record_plays(library, "me", [(1 + int(track), 1.7e9 + 300 * n) for n, track in enumerate(played)])
        build_index(library, AUDIO)
        for _ in fill_neighbours(library, AUDIO):
            pass


def random_units(rng: np.random.Generator, n: int) -> np.ndarray:
    """Vectors as an item tower could have them, (n, TOWER_DIM) float32."""
    vectors = rng.standard_normal((n, TOWER_DIM), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Browser:
    """One connection to the server, with the cookie of a session."""

    def __init__(self, address: str, cookie: str = "") -> None:
        self.cookie, self._parts = cookie, urlsplit(address)
        self._connection = http.client.HTTPConnection(self._parts.netloc, timeout=60)

    def sign_in(self) -> None:
        """Use up the address."""
        self._connection.request("GET", f"{self._parts.path}?{self._parts.query}")
        answer = self._connection.getresponse()
        answer.read()
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str, **headers: str) -> tuple[int, int]:
        """The status of an answer, and how many bytes it has."""
        self._connection.request("GET", path, headers={"Cookie": self.cookie, **headers})
        answer = self._connection.getresponse()
        return answer.status, len(answer.read())

    def post(self, path: str, **values: object) -> Any:
        """The answer, as JSON, to values that a page of the server sends."""
        headers = {"Cookie": self.cookie, "Content-Type": "application/json", "Origin": f"http://{self._parts.netloc}"}
        self._connection.request("POST", path, json.dumps(values), headers)
        answer = self._connection.getresponse()
        assert answer.status == 200, answer.read()
        return json.loads(answer.read())

    def first_bytes(self, path: str, n: int) -> None:
        """Take the first bytes of an answer, and leave."""
        self._connection.request("GET", path, headers={"Cookie": self.cookie})
        self._connection.getresponse().read(n)
        self._connection.close()


def load(ask: Callable[[Browser, int], object], browsers: list[Browser], seconds: float) -> dict[str, float]:
    """Ask from all browsers at once, each one request after another; requests a second, median and 95 % in ms."""
    taken: list[list[float]] = [[] for _ in browsers]
    until = perf_counter() + seconds

    def work(number: int) -> None:
        while (began := perf_counter()) < until:
            ask(browsers[number], 17 * len(taken[number]) + 5_003 * number)
            taken[number].append(perf_counter() - began)

    threads = [threading.Thread(target=work, args=[number]) for number in range(len(browsers))]
    began = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_taken = 1_000 * np.concatenate([np.array(one) for one in taken])
    rate = len(all_taken) / (perf_counter() - began)
    return {"a second": rate, "median ms": float(np.median(all_taken)), "p95 ms": float(np.quantile(all_taken, 0.95))}


def measure(folder: Path, n_tracks: int, n_browsers: int, seconds: float) -> None:
    """Start the server, and print what it does."""
    began = perf_counter()
    command = [*CLI, "--library", str(folder / "library"), "serve", "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        ready = perf_counter() - began
        time.sleep(1.0)  # as a person takes to open the address
        first = Browser(found[0])
        first.sign_in()
        began = perf_counter()
        first.get("/")
        first_page = perf_counter() - began
        print(f"ready after {ready:.2f} s (at most {READY_LIMIT:g}), the first page {1_000 * first_page:.0f} ms")

        def browsers(n: int) -> list[Browser]:
            return [Browser(found[0], first.cookie) for _ in range(n)]  # idle connections are closed after seconds

        state = first.post("/radio/start", seeds=[1])["state"]
        for _ in range(N_HEARD):
            state = first.post("/radio/next", state=state, advance=True)["state"]
        asked: dict[str, Callable[[Browser, int], object]] = {
            "first page": lambda browser, _: browser.get("/"),
            "library": lambda browser, _: browser.get("/library"),
            "search": lambda browser, n: browser.get(f"/search?q=song+{n % n_tracks}"),
            "similar": lambda browser, n: browser.get(f"/similar?seed={1 + n % n_tracks}"),
            "radio, the next song": lambda browser, _: browser.post("/radio/next", state=state, advance=True),
            "path of ten": lambda browser, n: browser.get(f"/path?from={1 + n % n_tracks}&to={n_tracks - n % 5_000}"),
            "cover": lambda browser, n: browser.get(f"/cover/{1 + n % n_tracks}"),
            "flac, a range": lambda browser, n: browser.get(
                "/sound/1", Range=f"bytes={n * 1_000}-{n * 1_000 + 65_535}"
            ),
            "alac, a range": lambda browser, n: browser.get(
                "/sound/2", Range=f"bytes={n * 9_999}-{n * 9_999 + 65_535}"
            ),
            "mp3 stream, its start": lambda browser, _: browser.first_bytes(
                "/sound/1?format=mp3&maxBitRate=128", 4_096
            ),
        }
        rows = []
        for name, ask in asked.items():
            alone, together = load(ask, browsers(1), seconds), load(ask, browsers(n_browsers), seconds)
            rows.append({"": name, **alone, **{f"{n_browsers}: {key}": value for key, value in together.items()}})
        show(rows)
        server = psutil.Process(process.pid)
        parts = [server, *server.children(recursive=True)]
        print("memory, MiB:", ", ".join(f"{part.memory_info().rss / 2**20:.0f}" for part in parts))
    finally:
        process.terminate()
        process.wait(timeout=10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--browsers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0, help="spent on each figure")
    parser.add_argument("--folder", type=Path, help="of an earlier run; made if it lacks a library")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        if not (folder / "library").exists():
            make_library(folder, arguments.tracks)
        measure(folder, arguments.tracks, arguments.browsers, arguments.seconds)


if __name__ == "__main__":
    main()
