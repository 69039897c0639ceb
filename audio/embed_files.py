"""Embedding of many files: decoding processes feed one encoder, and no file can stop the run.

    path --hash_task--> content hash --is it known?--> decode_task --> excerpts --ear--> vectors
         [a process]                                   [a process]

The parent holds the network and at most a few undecoded tracks per worker, so memory does not grow with the
number of files or their length. It never opens a music file.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from earshot.audio.config import DecodeConfig, EarConfig
from earshot.audio.decoding.decode import Bounds, DecodedTrack, decode_track
from earshot.audio.decoding.decode_pool import TASKS_PER_WORKER, decode_pool, task_result
from earshot.audio.decoding.music_file import Cause, HashedFile, UndecodableError, hash_file
from earshot.audio.ear import Ear, track_vector
from earshot.data.fingerprint import Fingerprint

_WORKERS_PER_TORCH_THREAD = 4  # one thread encodes what four workers decode; idle threads would spin on their cores
_TRACKS_PER_SAVE = 200


class ExcerptEmbedder(Protocol):
    """An `Ear`, or anything else that makes a row of numbers from each excerpt."""

    @property
    def config(self) -> EarConfig: ...

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray: ...


@dataclass(frozen=True)
class EmbeddedTrack:
    """A track with its vectors."""

    path: str
    vector: np.ndarray  # (dim,) float32, unit length
    excerpt_vectors: np.ndarray  # (n_excerpts, dim)
    decoded: DecodedTrack
    content_hash: str | None = None  # None where files were not hashed
    fingerprint: Fingerprint | None = None  # None where no `Ear` embeds


@dataclass(frozen=True)
class EmbedFailure:
    """A file without a vector, and why; its fields are those of `UndecodableError`."""

    path: str
    reason: str
    cause: Cause
    errno: int | None
    duration: float | None


@dataclass(frozen=True)
class KnownContent:
    """A file whose content is known already, so that it was not decoded."""

    path: str


_PendingFile = tuple[str, HashedFile | None]  # a path, and the file's hash once that is known


def embed_files(
    paths: Iterable[str],
    ear: ExcerptEmbedder,
    config: DecodeConfig,
    bounds: Mapping[str, Bounds] | None = None,
    *,
    is_known: Callable[[str, str], bool] | None = None,
) -> Generator[EmbeddedTrack | EmbedFailure | KnownContent, None, None]:
    """Embed files and yield each result as soon as it is ready, in no particular order.

    `paths` is drawn lazily, a few ahead of the workers. Closing the generator stops the workers.

    Parameters
    ----------
    bounds : by path, the shortest and the longest duration in seconds; other files are excluded
    is_known : called with a path and its content hash
        True if that file needs no decoding; its result is a `KnownContent`. Without it nothing is hashed.

    Raises
    ------
    WorkersLostError
        The decoding processes cannot be started, or are gone.
    """
    waiting, bounds = iter(paths), bounds or {}
    n_workers = config.workers or os.cpu_count() or 1
    first = list(islice(waiting, n_workers * TASKS_PER_WORKER))
    n_workers = min(n_workers, max(len(first), 1))
    with _fewer_torch_threads(n_workers), decode_pool(n_workers, config) as schedule:

        def begin(path: str, hashed: HashedFile | None = None) -> tuple[Future, _PendingFile]:
            if is_known and hashed is None:
                return schedule(hash_file, path), (path, None)
            stamp = hashed.stamp if hashed else None
            task = schedule(decode_track, path, ear.config.excerpt, bounds.get(path, (None, None)), stamp)
            return task, (path, hashed)

        pending = dict(map(begin, first))
        if pending and isinstance(ear, Ear):
            _ = ear.networks  # loaded while the processes start
        while pending:
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            # Hashed files first, and one encoding at a time: meanwhile the workers have something to decode.
            for future in sorted(finished, key=lambda future: pending[future][1] is not None):
                path, hashed = pending.pop(future)
                outcome = task_result(future, config, is_decoding=hashed is not None or is_known is None)
                if isinstance(outcome, HashedFile) and is_known and not is_known(path, outcome.content_hash):
                    pending.update([begin(path, outcome)])
                    continue
                pending.update(begin(following) for following in islice(waiting, 1))
                if isinstance(outcome, HashedFile):
                    yield KnownContent(path)
                else:
                    yield _embedded(path, hashed, outcome, ear)
                    break


@contextmanager
def _fewer_torch_threads(n_workers: int) -> Iterator[None]:
    torch = sys.modules.get("torch")  # None where no embedder computes with it
    if torch is None:
        yield
        return
    n_threads = torch.get_num_threads()
    torch.set_num_threads(max(1, min(n_threads, n_workers // _WORKERS_PER_TORCH_THREAD)))
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def _embedded(
    path: str, hashed: HashedFile | None, outcome: DecodedTrack | UndecodableError, ear: ExcerptEmbedder
) -> EmbeddedTrack | EmbedFailure:
    if isinstance(outcome, UndecodableError):
        return EmbedFailure(path, outcome.reason, outcome.cause, outcome.errno, outcome.duration)
    content_hash, fingerprint = hashed.content_hash if hashed else None, None
    if isinstance(ear, Ear):
        vectors, fingerprint = ear.embed_track(outcome.excerpts, outcome.starts)
    else:
        vectors = ear.embed(outcome.excerpts)
    return EmbeddedTrack(path, track_vector(vectors), vectors, outcome, content_hash, fingerprint)


class TrackCache(Protocol):
    """Something on disk that is computed from the excerpts of each track, by content hash."""

    @property
    def embedder(self) -> ExcerptEmbedder: ...

    def __contains__(self, content_hash: str) -> bool: ...

    def add(self, content_hash: str, excerpt_vectors: np.ndarray) -> None: ...

    def save(self) -> None: ...


def fill_cache(cache: TrackCache, paths: Mapping[str, str], decoding: DecodeConfig) -> Iterator[EmbedFailure | None]:
    """Decode the tracks that a cache lacks; `paths` are by content hash. Yield a failure, or None, for each track.

    Finished tracks are saved when the generator is closed early; a kill loses at most the last few.
    """
    lacking = {path: content_hash for content_hash, path in paths.items() if content_hash not in cache}
    if not lacking:
        return
    n_new = 0
    try:
        for result in embed_files(lacking, cache.embedder, decoding):
            if isinstance(result, EmbeddedTrack):
                cache.add(lacking[result.path], result.excerpt_vectors)
                n_new += 1
                if n_new % _TRACKS_PER_SAVE == 0:
                    cache.save()
            yield result if isinstance(result, EmbedFailure) else None
    finally:
        if n_new % _TRACKS_PER_SAVE:
            cache.save()
