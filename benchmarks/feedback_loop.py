"""The gain of telling a radio, and of training on it: invented listeners use the running server over HTTP.

An invented world: each listener likes the 15 % of the tracks that are nearest to one of their two tastes, and tells it
from the rest nine times of ten. They sign in, begin a radio from a track that they like and from one that they do not,
and hear songs as the page of `cli serve` does: what fits is played whole, the rest is skipped after some seconds, every
fifth song gets a thumb. Beside each radio stands the same one, same seed and same lots, that is told nothing.

Then new radios and their page of recommendations are judged by the taste, among a third of the tracks that no session
may play: as they were before, with the sessions in the history, and after another `cli train-tower`. Neither is told
anything. So are those of listeners who told nothing at all, for whom only the training is another.

The listeners have a library to themselves (`--others 0 --known 0`: nothing was trained before), or are among others and
have some plays of their own that are known.

The vectors of sound are given, not heard: the taste of a track, turned into 64 dimensions, under noise as loud as it.

Examples:
    python benchmarks/feedback_loop.py
    python benchmarks/feedback_loop.py --others 0 --known 0
    python benchmarks/feedback_loop.py --seed 5 --listeners 6 --songs 40
"""

import argparse
import csv
import html
import http.client
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np

from catalog import TRACKS_PER_ARTIST, fill_library
from earshot.data.synthetic.world import World, WorldConfig, make_world
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.ranking_metrics import dcg_discounts
from measuring import CLI, run, show

DIM, NOISE = 64, 1.0  # of the given vectors; the length of the noise, where the taste has 1
FITTING, HEEDED, THUMBS = 0.15, 0.9, 0.2  # shares: tracks that are liked, songs judged rightly, songs with a thumb
HELD_OUT = 1 / 3  # share of the tracks that pages are judged on, and radios leave out
K = 10  # places of a page that are judged
EDGE = 20  # songs at the beginning of a session, and at its end, whose hits are compared
SONG_S = 240  # seconds
_BEGINS = ("from a track that is liked", "from another track")


class Person:
    """A listener of the world in a browser of their own."""

    def __init__(self, address: str, session: str, name: str, is_fitting: np.ndarray, seed: int) -> None:
        self.name, self.is_fitting = name, is_fitting
        self._rng, self._radio_rng = np.random.default_rng(seed), [seed, 1]
        self.is_held_out = self._rng.random(len(is_fitting)) < HELD_OUT
        self._address, self._cookie = address, session
        self._clock = time.time() - 7 * 86_400  # the first play was a week ago
        self._connection = http.client.HTTPConnection(address, timeout=60)
        self._ask("POST", "/listener", urlencode({"name": name}), "application/x-www-form-urlencoded")
        self._cookie = f"{session}; earshot_listener={name}"

    def post(self, path: str, content: dict[str, Any]) -> Any:
        return json.loads(self._ask("POST", path, json.dumps(content), "application/json"))

    def recommended(self) -> list[int]:
        """The ids on the longest page of recommendations, the best first."""
        text = self._ask("GET", "/for-you?k=200").decode()
        cards = re.findall(r'<li class="track[^>]*data-track="([^"]*)"', text)
        return [json.loads(html.unescape(card))["id"] for card in cards]

    def begin(self, is_liked: bool) -> Any:
        """Begin a radio from a track that is liked, or from another; its state."""
        track = 1 + int(self._rng.choice(np.flatnonzero((self.is_fitting == is_liked) & ~self.is_held_out)))
        state = self.post("/radio/start", {"seeds": [track]})["state"]
        state["settings"]["left_out"] += (1 + np.flatnonzero(self.is_held_out)).tolist()
        return state

    def judge_radios(self, n_songs: int) -> np.ndarray:
        """Hear new radios of what no session played, from a track that is liked and from another: hits, (2,)."""
        rng, heard = np.random.default_rng(self._radio_rng), []
        for is_liked in (True, False):
            track = 1 + int(rng.choice(np.flatnonzero((self.is_fitting == is_liked) & self.is_held_out)))
            state = self.post("/radio/start", {"seeds": [track]})["state"]
            state["settings"]["seed"] = track  # the same lots each time
            state["settings"]["left_out"] += (1 + np.flatnonzero(~self.is_held_out)).tolist()
            heard.append(np.mean(self.listen(state, n_songs, is_telling=False)))
        return np.array(heard)

    def listen(self, state: Any, n_songs: int, is_telling: bool) -> list[bool]:
        """Hear a radio from its state on; which of its songs fit the taste."""
        hits: list[bool] = []
        events: list[list[Any]] = []
        for _ in range(n_songs):
            answer = self.post("/radio/next", {"state": state, "events": events, "advance": True})
            state, events, now = answer["state"], [], answer["now"]
            if now is None:
                break
            hits.append(bool(self.is_fitting[now["id"] - 1]))
            if is_telling:
                state, events = self._tell(state, now["id"], hits[-1])
        return hits

    def _tell(self, state: Any, song: int, is_hit: bool) -> tuple[Any, list[list[Any]]]:
        """Play a song to its end, or for some seconds; the state then, and the events to go on with."""
        is_liked = is_hit == (self._rng.random() < HEEDED)
        played = float(SONG_S if is_liked else self._rng.integers(3, 25))
        self._clock += played + 2
        self.post("/feedback/play", {"track": song, "started_at": self._clock - played, "played_s": played})
        events: list[list[Any]] = [] if is_liked else [["skip", song]]
        if self._rng.random() < THUMBS:
            thumb = "like" if is_liked else "dislike"
            self.post("/feedback/thumb", {"track": song, "thumb": thumb})
            if is_liked:
                answer = self.post("/radio/next", {"state": state, "events": [[thumb, song]], "advance": False})
                return answer["state"], events
            events = [[thumb, song]]  # the page goes on at once
        return state, events

    def _ask(self, method: str, path: str, body: str | None = None, kind: str = "") -> bytes:
        headers = {"Cookie": self._cookie, "Origin": f"http://{self._address}", "Accept": "text/html, application/json"}
        headers["Connection"] = "close"  # the server closes what is idle for some seconds
        self._connection.request(method, path, body, headers | ({"Content-Type": kind} if kind else {}))
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 303):
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


@contextmanager
def served(library: Path) -> Iterator[tuple[str, str]]:
    """A running server: its host and port, and the cookie of a session."""
    command = [*CLI, "--library", str(library), "serve", "--port", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        parts = urlsplit(found[0])
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        answer.read()
        yield parts.netloc, answer.headers["Set-Cookie"].partition(";")[0]
    finally:
        process.terminate()
        process.wait(timeout=10)


def make_library(folder: Path, world: World, n_simulated: int, n_known: int) -> bool:
    """A library of the world's tracks; all listens of the first listeners, and some of each of the last, if any."""
    config, rng = world.config, np.random.default_rng([world.config.seed, 1])
    turned = np.linalg.qr(rng.standard_normal((DIM, config.taste_dim)))[0]
    vectors = world.track_tastes @ turned.T + NOISE * rng.standard_normal((config.n_tracks, DIM)) / np.sqrt(DIM)
    fill_library(folder, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    if config.n_listeners == n_simulated and not n_known:
        return False
    listens, n_told = world.listens, np.zeros(config.n_listeners, dtype=int)
    table = folder.parent / "listens.csv"
    with open(table, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user", "artist", "title", "timestamp", "play_ratio"])
        columns = (listens.user_rows, listens.track_rows, listens.timestamps, listens.play_ratio)
        for user, track, second, ratio in zip(*(column.tolist() for column in columns), strict=True):
            n_told[user] += 1
            if user < config.n_listeners - n_simulated or n_told[user] <= n_known:
                name = f"Artist {track // TRACKS_PER_ARTIST}", f"Song {track}"
                rows.writerow([f"listener-{user}", *name, second, f"{ratio:.3f}"])
    run([*CLI, "--library", folder, "import-listens", table])
    return True


def fitting(world: World, user: int) -> np.ndarray:
    """The tracks that a listener likes, (n_tracks,) bool."""
    match = (world.listener_tastes[user] @ world.track_tastes.T).max(axis=0)
    liked: np.ndarray = match >= np.quantile(match, 1 - FITTING)
    return liked


def judged(whose: str, people: list[Person], pages: dict[str, list[list[int]]]) -> Iterator[dict[str, str]]:
    """The quality of pages of listeners by when they were asked for, and how much more it is than before."""
    discounts, first = dcg_discounts(K), np.zeros((2, len(people)))
    for when, lists in pages.items():
        figures = np.zeros((2, len(people)))
        for place, (person, ids) in enumerate(zip(people, lists, strict=True)):
            left = [one for one in ids if person.is_held_out[one - 1]][:K]
            hits = np.zeros(K)
            hits[: len(left)] = person.is_fitting[np.array(left, dtype=int) - 1]
            figures[:, place] = hits @ discounts / discounts.sum(), hits.mean()
        first = figures if when == "before" else first
        more = figures - first
        yield {"pages of listeners": f"{whose}, {when}", f"NDCG@{K}": cell(figures[0]), "more": cell(more[0], "+"),
               f"precision@{K}": cell(figures[1]), "more ": cell(more[1], "+")}  # fmt: skip


def cell(values: np.ndarray, sign: str = "") -> str:
    """A mean and its 95 % interval over listeners, (n_listeners,)."""
    low, high = interval(draw_means(values, np.arange(len(values))))
    return f"{values.mean():{sign}.3f} [{low:{sign}.3f} {high:{sign}.3f}]"


def sessions(people: list[Person], n_songs: int) -> None:
    """Hear all radios, told and untold, and print their hits."""
    shares = np.zeros((2, 2, 2, len(people)))  # begins; told or not; first or last songs; listeners
    for place, person in enumerate(people):
        states = [person.begin(is_liked) for is_liked in (True, False)]
        for told, is_telling in enumerate((False, True)):  # first those that are told nothing: dislikes last
            for begin, state in enumerate(states):
                hits = person.listen(state, n_songs, is_telling)
                shares[begin, told, :, place] = np.mean(hits[:EDGE]), np.mean(hits[-EDGE:])
    rows = []
    for begin, name in enumerate(_BEGINS):
        for told, radio in ((1, "told"), (0, "told nothing")):
            first, last = shares[begin, told]
            rows.append({"radio": f"{name}, {radio}", f"first {EDGE}": cell(first), f"last {EDGE}": cell(last),
                         "rise": cell(last - first, "+")})  # fmt: skip
        gain = shares[begin, 1] - shares[begin, 0]
        rows.append({"radio": "  the difference", f"first {EDGE}": cell(gain[0], "+"),
                     f"last {EDGE}": cell(gain[1], "+"), "rise": cell(gain[1] - gain[0], "+")})  # fmt: skip
    show(rows)


def radios(whose: str, hits: dict[str, np.ndarray]) -> Iterator[dict[str, str]]:
    """Hits of new radios, (2, n_listeners) by when they were begun, and how many more they are than before."""
    for begin, name in enumerate(_BEGINS):
        for when, shares in hits.items():
            first, last = hits["before"][begin], list(hits.values())[-2][begin]
            row = {"new radios of listeners": f"{whose}, {name}, {when}", f"first {EDGE}": cell(shares[begin])}
            row |= {"more than before": cell(shares[begin] - first, "+")}
            yield row | {"by training": cell(shares[begin] - last, "+") if when == "trained" else ""}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the world and of all that is drawn")
    parser.add_argument("--listeners", type=int, default=20, help="who use the server; as many tell nothing")
    parser.add_argument("--others", type=int, default=150, help="listeners whose listens were imported before")
    parser.add_argument("--known", type=int, default=20, help="plays of each listener that were imported before")
    parser.add_argument("--songs", type=int, default=100, help="of each radio")
    options = parser.parse_args()
    n, n_others = options.listeners, options.others
    world = make_world(
        WorldConfig(seed=options.seed, n_genres=6, artists_per_genre=40, tracks_per_artist=TRACKS_PER_ARTIST,
                    n_listeners=n_others + 2 * n, n_playlists=0)
    )  # fmt: skip
    print(f"{world}\nHits of radios of {options.songs} songs: the share that fits the taste, of {n} listeners\n")
    with tempfile.TemporaryDirectory() as temporary:
        library = Path(temporary) / "library"
        train = [*CLI, "--library", library, "train-tower"]
        if make_library(library, world, 2 * n, options.known):
            run(train)
        with served(library) as (address, session):
            people = [
                Person(address, session, f"listener-{user}", fitting(world, user), user)
                for user in range(n_others, n_others + 2 * n)
            ]
            pages, hits = {}, {}
            for when in ("before", "told", "trained"):
                if when == "told":
                    sessions(people[:n], options.songs)
                elif when == "trained":
                    run(train)
                pages[when] = [person.recommended() for person in people]
                hits[when] = np.stack([person.judge_radios(EDGE) for person in people], axis=1)
    print(f"\nWhat no session may play: hits of radios, and NDCG@{K} and precision@{K} of recommendations\n")
    groups = {"who told the radio": slice(n), "who told nothing": slice(n, None)}
    show([row for whose, part in groups.items()
          for row in radios(whose, {when: shares[:, part] for when, shares in hits.items()})])  # fmt: skip
    show([row for whose, part in groups.items()
          for row in judged(whose, people[part], {when: lists[part] for when, lists in pages.items()})])  # fmt: skip


if __name__ == "__main__":
    main()
