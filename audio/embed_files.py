"""Embedding of many files: decoding processes feed one encoder, and no file can stop the run.

    path --hash_task--> content hash --is it known?--> decode_task --> excerpts --ear--> vectors
         [a process]                                   [a process]

The parent holds the network and at most a few undecoded tracks per worker, so memory does not grow with the
number of files or their length. It never opens a music file: a read that does not return, a crash or a full memory
costs one file and the process that met it (pebble replaces it).
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import resource_tracker
from typing import Protocol, overload

import numpy as np
import torch
from pebble import ProcessExpired, ProcessPool

from earshot.audio.config import DecodeConfig, EarConfig
from earshot.audio.decoding.decode import DecodedTrack, OutOfRangeError
from earshot.audio.decoding.decode_worker import HashedFile, decode_task, hash_task, start_worker
from earshot.audio.decoding.music_file import Cause, UndecodableError
from earshot.audio.decoding.spawn_context import WorkerContext
from earshot.audio.decoding.tags import Tags
from earshot.audio.ear import track_vector

# Read by a process before it runs a line of ours, so set before the workers are started.
_WORKER_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy would start a thread per core in every worker
    # glibc hands an excerpt's memory back and asks for it again: one CPU second in fifteen. Others ignore this.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
_WORKERS_PER_TORCH_THREAD = 4  # one thread encodes what four workers decode; idle threads would spin on their cores
_TASKS_PER_WORKER = 4  # submitted at a time: enough that no worker waits, few enough to lose
# A decoder that dies of these has met bytes that it cannot handle. SIGKILL is a lack of memory, SIGBUS a failing disk.
_SIGNALS_OF_CONTENT = ("SIGSEGV", "SIGFPE", "SIGILL")


class WorkersLostError(Exception):
    """Failure of the decoding processes, which says nothing about any file."""


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
    starts: list[float]  # seconds
    duration: float  # seconds
    sample_rate: int  # Hz, of the file
    channels: int
    codec: str
    tags: Tags
    note: str | None
    decode_seconds: float  # CPU time in the worker
    content_hash: str | None = None  # None where files were not hashed


@dataclass(frozen=True)
class EmbedFailure:
    """A file without a vector, and why."""

    path: str
    reason: str
    cause: Cause = Cause.CONTENT
    duration: float | None = None
    tags: Tags | None = None
    errno: int | None = None  # of the system's error, if that was the reason


@dataclass(frozen=True)
class KnownContent:
    """A file whose content is known already, so that it was not decoded."""

    path: str


@dataclass(frozen=True)
class _PendingFile:
    """A file with a worker, and its hash once that is known."""

    path: str
    hashed: HashedFile | None = None


_Bounds = Mapping[str, tuple[float | None, float | None]]


@overload
def embed_files(
    paths: Iterable[str], ear: ExcerptEmbedder, config: DecodeConfig, bounds: _Bounds | None = None
) -> Generator[EmbeddedTrack | EmbedFailure, None, None]: ...


@overload
def embed_files(
    paths: Iterable[str],
    ear: ExcerptEmbedder,
    config: DecodeConfig,
    bounds: _Bounds | None = None,
    *,
    is_known: Callable[[str, str], bool],
) -> Generator[EmbeddedTrack | EmbedFailure | KnownContent, None, None]: ...


def embed_files(
    paths: Iterable[str],
    ear: ExcerptEmbedder,
    config: DecodeConfig,
    bounds: _Bounds | None = None,
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
    n_workers = config.workers or os.cpu_count() or 1
    waiting = iter(paths)
    with _workers(n_workers, config) as schedule:

        def begin(path: str) -> tuple[Future, _PendingFile]:
            return decode(path, None) if is_known is None else (schedule(hash_task, path), _PendingFile(path))

        def decode(path: str, hashed: HashedFile | None) -> tuple[Future, _PendingFile]:
            stamp = hashed.stamp if hashed else None
            shortest, longest = (bounds or {}).get(path, (None, None))
            task = schedule(decode_task, path, ear.config.excerpt, shortest, longest, stamp)
            return task, _PendingFile(path, hashed)

        resource_tracker.ensure_running()  # begun below, it would end what blocks Ctrl-C
        with _interrupts_blocked():  # the first call starts the pool's threads and processes
            pending = dict(begin(path) for path in islice(waiting, n_workers * _TASKS_PER_WORKER))
        while pending:
            finished, _ = wait(pending, return_when=FIRST_COMPLETED)
            # Hashed files first, and one encoding at a time: meanwhile the workers have something to decode.
            for future in sorted(finished, key=lambda future: pending[future].hashed is not None):
                file = pending.pop(future)
                outcome = _outcome(future, config, is_decoding=file.hashed is not None or is_known is None)
                if isinstance(outcome, HashedFile) and is_known and not is_known(file.path, outcome.content_hash):
                    pending.update([decode(file.path, outcome)])
                    continue
                pending.update(begin(following) for following in islice(waiting, 1))
                if isinstance(outcome, HashedFile):
                    yield KnownContent(file.path)
                else:
                    yield _result(file, outcome, ear)
                    break


@contextlib.contextmanager
def _workers(n_workers: int, config: DecodeConfig) -> Iterator[Callable[..., Future]]:
    """Start decoding processes, and yield the function that schedules a task."""
    for name, value in _WORKER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    n_threads, unrelated = torch.get_num_threads(), set(multiprocessing.active_children())
    torch.set_num_threads(max(1, min(n_threads, n_workers // _WORKERS_PER_TORCH_THREAD)))
    pool = ProcessPool(
        max_workers=n_workers,
        # A forked child of a process that has used torch or FAISS hangs in its first parallel region.
        context=WorkerContext(),
        initializer=start_worker,
        initargs=[config.memory_limit],
    )

    def schedule(task: Callable, *args: object) -> Future:
        try:
            return pool.schedule(task, args=args, timeout=config.time_limit)
        except (RuntimeError, OSError) as error:  # the pool is broken, or there is no memory for it
            raise _workers_lost(error) from error

    try:
        yield schedule
    finally:
        torch.set_num_threads(n_threads)
        pool.stop()
        pool.join()
        for worker in set(multiprocessing.active_children()) - unrelated:  # just started, and unknown to the pool
            worker.kill()
            worker.join()


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Hide Ctrl-C from threads and processes started inside; the caller's thread sees it afterwards.

    A terminal sends it to the workers too, and one that is importing numpy would answer with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _outcome(
    future: Future, config: DecodeConfig, *, is_decoding: bool
) -> HashedFile | DecodedTrack | UndecodableError:
    """Result of a task, or the reason for its failure."""
    try:
        outcome: HashedFile | DecodedTrack | UndecodableError = future.result()
        return outcome
    except TimeoutError:
        return UndecodableError(f"hearing it took longer than {config.time_limit:g} s", Cause.ENVIRONMENT)
    except ProcessExpired as expired:
        name = _signal_name(expired.exitcode)
        # Hashing reads bytes without interpreting them, so its crash says nothing about the content.
        cause = Cause.CONTENT if is_decoding and name in _SIGNALS_OF_CONTENT else Cause.ENVIRONMENT
        memory = ", perhaps for lack of memory" if name == "SIGKILL" else ""
        return UndecodableError(f"the {'decoder' if is_decoding else 'reader'} crashed ({name}{memory})", cause)
    except MemoryError:
        return UndecodableError(f"decoding needs more than {config.memory_limit} MiB of memory", Cause.ENVIRONMENT)
    except BrokenProcessPool as error:
        raise _workers_lost(error) from error
    except Exception as error:  # a fault of ours, but in one file: it must not cost the others
        return UndecodableError(f"{type(error).__name__}: {error}", Cause.PROGRAM)


def _result(
    file: _PendingFile, outcome: DecodedTrack | UndecodableError, ear: ExcerptEmbedder
) -> EmbeddedTrack | EmbedFailure:
    if isinstance(outcome, OutOfRangeError):
        return EmbedFailure(file.path, outcome.reason, Cause.RULE, outcome.duration, outcome.tags)
    if isinstance(outcome, UndecodableError):
        return EmbedFailure(file.path, str(outcome), outcome.cause, errno=outcome.errno)
    vectors = ear.embed(outcome.excerpts)
    return EmbeddedTrack(
        path=file.path,
        vector=track_vector(vectors),
        excerpt_vectors=vectors,
        starts=outcome.starts,
        duration=outcome.duration,
        sample_rate=outcome.sample_rate,
        channels=outcome.channels,
        codec=outcome.codec,
        tags=outcome.tags,
        note=outcome.note,
        decode_seconds=outcome.decode_seconds,
        content_hash=file.hashed.content_hash if file.hashed else None,
    )


def _workers_lost(error: Exception) -> WorkersLostError:
    return WorkersLostError(f"the decoding processes cannot be kept running ({error.__cause__ or error})")


def _signal_name(exitcode: int) -> str:
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"exit code {exitcode}"
