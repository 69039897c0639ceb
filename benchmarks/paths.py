"""Paths and radios on real music, beside what other programs do; and what they cost among 100,000 tracks.

On EARSHOT_DATA's pop_clips, heard by the packaged ear. Paths of ten tracks between random pairs, by beam search, by the
usual way (points in even steps on the great circle, each snapped to the nearest track that is left) and at random.
Radios of thirty songs from random seeds, beside the thirty nearest tracks and random ones. All differences are paired;
brackets are 95 % intervals over artists of the first track.

Examples:
    EARSHOT_DATA=~/data python benchmarks/paths.py
    python benchmarks/paths.py --no-music --sizes 100000
"""

import argparse
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from catalog import clustered_vectors, fill_library
from earshot.data.name_matching import artist_key
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.index.library import Library
from earshot.index.playlists.continuation import Radio, RadioSettings, RadioState
from earshot.index.playlists.flow_order import flow_order
from earshot.index.playlists.path_search import angles, find_path
from earshot.index.playlists.track_pool import TrackPool, read_pool
from earshot.stages.path import path_tracks
from earshot.stages.radio import next_songs, start_radio
from measuring import CLI, run, show

Row = dict[str, str | float]
K, N_PAIRS, N_SONGS, N_SEEDS = 10, 300, 30, 200
_FIGURES = ("largest step", "mean step", "neighbours share a genre", "artists")


class Music:
    """The clips of pop_clips as a pool, with the facts that judge a list of them."""

    def __init__(self, data: Path, work: Path) -> None:
        with open(data / "pop_clips" / "tracks.csv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        run([*CLI, "--library", work / "library", "embed-audio", data / "pop_clips"], allowed=(0, 3))
        with open(work / "tags.csv", "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["path", "title", "artist", "genre"])
            table.writerows(
                [data / "pop_clips" / row["file"], row["title"], row["artist"], row["genres"]] for row in rows
            )
        run([*CLI, "--library", work / "library", "import-tags", work / "tags.csv", "--overwrite"])
        with Library.open(work / "library") as library:
            self.pool = read_pool(library)
            ids = json.dumps(self.pool.recordings.all_ids.tolist())
            query = "SELECT artist, genre, path FROM tracks WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
            facts = library.db.execute(query, [ids]).fetchall()
        self.genres = [set(filter(None, map(str.strip, (genre or "").split(";")))) for _, genre, _ in facts]
        keys = [artist_key(artist or "") for artist, _, _ in facts]
        self.artists = np.unique(keys, return_inverse=True)[1]  # (n,)
        # Several processes embed the files, so that their ids are others each time.
        self.by_name = np.argsort([path for _, _, path in facts])

    def __len__(self) -> int:
        return len(self.pool)

    def judge(self, rows: list[int]) -> list[float]:
        """The figures of one list: `_FIGURES`, then the share of its tracks that share a genre with the first."""
        points = self.pool.vectors[rows]
        steps = angles(np.sum(points[1:] * points[:-1], axis=1))
        shared = [bool(self.genres[one] & self.genres[other]) for one, other in pairwise(rows)]
        with_first = [bool(self.genres[rows[0]] & self.genres[row]) for row in rows[1:]]
        n_artists = len(np.unique(self.artists[rows]))
        return [float(steps.max()), float(steps.mean()), float(np.mean(shared)), n_artists, float(np.mean(with_first))]


def snapped(music: Music, first: int, last: int) -> list[int]:
    """Points in even steps on the great circle, each snapped to the nearest track that is left."""
    vectors, rows = music.pool.vectors, [first]
    angle = float(angles(vectors[first] @ vectors[last]))
    for share in np.linspace(0, 1, K)[1:-1]:
        point = np.sin((1 - share) * angle) * vectors[first] + np.sin(share * angle) * vectors[last]
        cosines = vectors @ point
        cosines[[*rows, last]] = -np.inf
        rows.append(int(cosines.argmax()))
    return [*rows, last]


def found(music: Music, first: int, last: int) -> list[int]:
    all_rows = np.ones(len(music), dtype=bool)
    return find_path(
        music.pool.vectors, first, last, K, candidates=all_rows, artists=music.pool.artists, spacing=3
    ).rows


def radio_rows(music: Music, seed_row: int, variety: float, n: int = N_SONGS) -> list[int]:
    """A seed and the songs of its radio."""
    return [seed_row, *music.pool.rows([song.recording for song in radio_at(music.pool, seed_row, variety).play(n)])]


def radio_at(pool: TrackPool, row: int, variety: float) -> Radio:
    anchor, recording = tuple(pool.vectors[row].tolist()), int(pool.recordings.ids([row])[0])
    settings = RadioSettings(pool.space.run_id, pool.space.name, anchor, (recording,), seed=0, variety=variety)
    return Radio(pool, RadioState(settings), np.ones(len(pool), dtype=bool))


def drawn(rng: np.random.Generator, music: Music, *kept: int, n: int) -> list[int]:
    return [row for row in rng.permutation(music.by_name).tolist() if row not in kept][:n]


def table(methods: dict[str, np.ndarray], figures: tuple[str, ...], groups: np.ndarray, subject: str) -> Iterator[Row]:
    """Means of each method, and in brackets the paired difference of the first from it."""
    ours, *_ = methods.values()
    for name, values in methods.items():
        row: Row = {subject: name}
        for place, figure in enumerate(figures):
            row[figure] = f"{values[:, place].mean():.3f}"
            if values is not ours:
                low, high = interval(draw_means(ours[:, place] - values[:, place], groups))
                row[figure] += f" [{float(low):+.3f} {float(high):+.3f}]"
        yield row


def on_music(data: Path, work: Path) -> None:
    music = Music(data, work)
    rng = np.random.default_rng(0)
    pairs = [tuple(rng.choice(music.by_name, 2, replace=False).tolist()) for _ in range(N_PAIRS)]
    paths = {
        "beam search": [found(music, *pair) for pair in pairs],
        "snapped to the great circle": [snapped(music, *pair) for pair in pairs],
        "random": [[first, *drawn(rng, music, first, last, n=K - 2), last] for first, last in pairs],
    }
    groups = music.artists[[first for first, _ in pairs]]
    print(f"\nPaths of {K} tracks, {N_PAIRS} pairs of {len(music)} clips; in brackets beam search less the method\n")
    judged = {name: np.array([music.judge(rows) for rows in lists]) for name, lists in paths.items()}
    show(list(table(judged, _FIGURES, groups, "path")))
    seeds = rng.choice(music.by_name, N_SEEDS, replace=False).tolist()
    lists = {
        "radio": [radio_rows(music, seed, 0.0) for seed in seeds],
        "radio, variety .25": [radio_rows(music, seed, 0.25) for seed in seeds],
        "nearest, by rank": [
            [seed, *(row for row in np.argsort(-music.pool.vectors @ music.pool.vectors[seed]).tolist() if row != seed)]
            for seed in seeds
        ],
        "random": [[seed, *drawn(rng, music, seed, n=N_SONGS)] for seed in seeds],
    }
    print(f"\nRadios of {N_SONGS} songs from {N_SEEDS} seeds; in brackets radio less the method\n")
    judged = {name: np.array([music.judge(rows[: N_SONGS + 1]) for rows in found]) for name, found in lists.items()}
    show(list(table(judged, (*_FIGURES, "shares a genre with the seed"), music.artists[seeds], "list")))
    print("\nAngle of the next song to one that was just heard, after what was said of it\n")
    show(list(after_events(music, seeds)))
    print(f"\nOrders of 100 clips, 20 draws: mean step {', '.join(orders(music, rng))}")


def after_events(music: Music, seeds: list[int]) -> Iterator[Row]:
    plain: np.ndarray | None = None
    for event in ("nothing", "like", "skip", "dislike"):
        values = []
        for seed in seeds:
            radio = radio_at(music.pool, seed, 0.0)
            heard = radio.play(5)[-1].recording
            if event != "nothing":
                getattr(radio, event)(heard)
            song = radio.next_song()
            assert song is not None
            one, other = music.pool.vectors[music.pool.rows([heard, song.recording])]
            values.append(float(angles(one @ other)))
        angle = np.array(values)
        plain = angle if plain is None else plain
        low, high = interval(draw_means(angle - plain, music.artists[seeds]))
        yield {"said": event, "radians": f"{angle.mean():.3f}", "more": f"[{float(low):+.3f} {float(high):+.3f}]"}


def orders(music: Music, rng: np.random.Generator) -> Iterator[str]:
    before, after, seconds = [], [], []
    for _ in range(20):
        rows = rng.choice(music.by_name, 100, replace=False)
        vectors = music.pool.vectors[rows]
        began = perf_counter()
        order = flow_order(vectors, np.arange(100))
        seconds.append(perf_counter() - began)
        for steps, points in ((before, vectors), (after, vectors[order])):
            steps.append(float(angles(np.sum(points[1:] * points[:-1], axis=1)).mean()))
    yield f"{np.mean(before):.3f} as drawn"
    yield f"{np.mean(after):.3f} in order"
    yield f"{1e3 * float(np.median(seconds)):.0f} ms each"


def costs(n: int, n_halves: int) -> Row:
    """The cost of a library of n tracks, of 128 or 256 dimensions, through the stages as a server calls them."""
    parts = [clustered_vectors(n, seed) for seed in range(n_halves)]
    vectors = np.hstack(parts) / np.float32(np.sqrt(n_halves))
    with tempfile.TemporaryDirectory() as folder:
        fill_library(Path(folder), vectors)
        with Library.open(Path(folder)) as library:
            began = perf_counter()
            pool = read_pool(library)
            read_seconds = perf_counter() - began
            radio = start_radio(library, [1], seed=0, pool=pool)
            songs, taken = [], []
            for turn in range(1_000):
                began = perf_counter()
                (song,) = next_songs(library, radio)
                taken.append(perf_counter() - began)
                songs.append(song.recording)
                if turn % 10 == 9:
                    radio.skip(song.recording)
            ends = np.random.default_rng(0).integers(1, n, size=(20, 2)).tolist()
            paths = []
            for first, last in ends:
                began = perf_counter()
                path_tracks(library, first, last, K, pool=pool)
                paths.append(perf_counter() - began)
    return {
        "tracks": f"{n:,} x {vectors.shape[1]}",
        "reading the pool s": read_seconds,
        "pool MiB": vectors.nbytes / 2**20,
        "next song p50 ms": 1e3 * float(np.median(taken)),
        "p95 ms": 1e3 * float(np.quantile(taken, 0.95)),
        "path of 10 p50 ms": 1e3 * float(np.median(paths)),
        "state bytes": float(len(json.dumps(radio.state.to_json()))),
        "repeats in 1,000": float(1_000 - len({*songs})),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[100_000], help="tracks of the libraries that are timed"
    )
    parser.add_argument("--no-music", action="store_true", help="only the times")
    arguments = parser.parse_args()
    if not arguments.no_music:
        if "EARSHOT_DATA" not in os.environ:
            sys.exit("EARSHOT_DATA names no folder of data sets; --no-music does without.")
        with tempfile.TemporaryDirectory() as work:
            on_music(Path(os.environ["EARSHOT_DATA"]), Path(work))
    print()
    show([costs(n, n_halves) for n in arguments.sizes for n_halves in (1, 2)])


if __name__ == "__main__":
    main()
