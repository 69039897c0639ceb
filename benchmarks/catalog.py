"""Libraries of any size whose tracks were never heard: invented vectors under invented names."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from earshot.audio.checkpoint import default_checkpoint
from earshot.index.library import Library
from earshot.index.runs import finish_run, start_run
from earshot.index.vectors.spaces import AUDIO

DIM = 128
TRACKS_PER_ARTIST, ARTISTS_PER_GENRE = 10, 200
_BLOCK = 50_000  # tracks at a time


def clustered_vectors(n: int, seed: int = 0) -> np.ndarray:
    """Unit vectors, shape (n, DIM) float32, clustered as music is: tracks around artists around genres.

    The spread falls with the dimension, as it does in trained embeddings. Plain Gaussian vectors would be harder
    than any music: all are about equally far from each other there, and no index can do better than to look at all.
    """
    rng = np.random.default_rng(seed)
    spread = (1 + np.arange(DIM, dtype=np.float32)) ** -0.5  # of the k-th dimension
    n_artists = max(1, n // TRACKS_PER_ARTIST)
    genres = rng.standard_normal((max(1, n_artists // ARTISTS_PER_GENRE), DIM), dtype=np.float32)
    artists = genres[rng.integers(len(genres), size=n_artists)]
    artists = artists + 0.7 * rng.standard_normal(artists.shape, dtype=np.float32)
    vectors = np.empty((n, DIM), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n))
        vectors[rows] = artists[rng.integers(n_artists, size=rows.stop - start)]
        vectors[rows] += 0.5 * rng.standard_normal(vectors[rows].shape, dtype=np.float32)
        vectors[rows] *= spread
        vectors[rows] /= np.linalg.norm(vectors[rows], axis=1, keepdims=True)
    return vectors


def fill_library(
    folder: Path, vectors: np.ndarray, files: Iterable[tuple[str, int, int, int]] | None = None, excerpts: int = 0
) -> None:
    """A library as a finished `cli embed-audio` would leave it, but for the index and the neighbours.

    Parameters
    ----------
    vectors : shape (n_tracks, dim)
    files : each track's path, size, mtime_ns and ctime_ns; without, tracks of files that do not exist
    excerpts : vectors of moments per track, near the track's own
    """
    n_tracks = len(vectors)
    rng = np.random.default_rng(1)
    durations = rng.uniform(120, 360, n_tracks).round(1).tolist()  # seconds
    if files is None:
        files = ((f"/music/{row:07}.mp3", 4_000_000, row, row) for row in range(n_tracks))
    tracks = (
        (row + 1, *file, f"{row:032x}", durations[row], f"Song {row}", f"Artist {row // TRACKS_PER_ARTIST}")
        for row, file in enumerate(files)
    )
    with Library.open_to_write(folder) as library:
        run, _ = start_run(library, "embed-audio", {}, fingerprint=default_checkpoint().fingerprint)
        with library.transaction():
            write = library.db.conn.executemany
            write(
                "INSERT INTO tracks"
                " (id, path, size, mtime_ns, ctime_ns, content_hash, duration_s, title, artist, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'embedded')",
                tracks,
            )
            library.db.execute("INSERT INTO fingerprints SELECT id, 1, x'' FROM tracks")
            write(
                f"INSERT INTO vectors VALUES (?, '{AUDIO}', {run}, {vectors.shape[1]}, ?)",
                ((row + 1, vector.tobytes()) for row, vector in enumerate(vectors)),
            )
            for position in range(excerpts):
                moments = vectors + 0.05 * rng.standard_normal(vectors.shape, dtype=np.float32)
                moments /= np.linalg.norm(moments, axis=1, keepdims=True)
                write(
                    f"INSERT INTO excerpts VALUES (?, {run}, {position}, {30 * position}, {vectors.shape[1]}, ?)",
                    ((row + 1, vector.tobytes()) for row, vector in enumerate(moments)),
                )
            # Last, or each row above would count as a change to what search knows.
            write("INSERT INTO spaces (space, run_id, neighbours_revision) VALUES (?, ?, 0)", [(AUDIO, run)])
        finish_run(library, run, {})


def make_files(folder: Path, n_files: int, per_folder: int = 100) -> list[tuple[str, int, int, int]]:
    """Empty files with the names of music; each one's path, size, mtime_ns and ctime_ns."""
    files = []
    for number in range(n_files):
        path = folder / f"{number // per_folder:04}" / f"{number:06}.mp3"
        if number % per_folder == 0:
            path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, ns=(number, number))  # a scan takes files of one size and time for names of one file, and asks
        status = os.stat(path)
        files.append((str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return files
