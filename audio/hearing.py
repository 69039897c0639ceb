"""Many files in, vectors out: decoding processes feed one encoder, and no file can stop the run.

The parent holds the network and at most a few undecoded tracks per worker, so memory does not grow with the
number of files or their length. A crash, a hang or a full memory costs one file (pebble replaces the process).
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from pebble import ProcessExpired, ProcessPool

from audio.config import EarConfig, HearingConfig
from audio.decode import OutOfRangeError
from audio.ear import track_vector
from audio.tags import Tags
from audio.worker import decode_task, start_worker

# Read by a process before it runs a line of ours, so set before the workers are started.
_WORKER_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy would start a thread per core in every worker
    # glibc hands an excerpt's memory back and asks for it again: one CPU second in fifteen. Others ignore this.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
_WORKERS_PER_TORCH_THREAD = 4  # one thread encodes what four workers decode; idle threads would spin on their cores
_AHEAD = 4  # tracks in hand per worker: enough that none waits, few enough to lose


class Listener(Protocol):
    """An ear, or what stands in for one: anything that makes of each excerpt a row of numbers."""

    @property
    def config(self) -> EarConfig: ...

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray: ...


@dataclass(frozen=True)
class Heard:
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


@dataclass(frozen=True)
class Unheard:
    """A file without a vector, and why."""

    path: str
    reason: str
    excluded: bool = False  # readable, but left out by a rule
    duration: float | None = None
    tags: Tags | None = None


def hear(
    paths: Iterable[str],
    ear: Listener,
    config: HearingConfig,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
) -> Iterator[Heard | Unheard]:
    """Yield each file's result as soon as it is there, in no particular order.

    `paths` is drawn lazily, a few ahead of the workers. Closing the generator stops the workers.

    Parameters
    ----------
    bounds : by path, the shortest and the longest duration in seconds that are not left out
    """
    for name, value in _WORKER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    n_workers = config.workers or os.cpu_count() or 1
    n_threads = torch.get_num_threads()
    torch.set_num_threads(max(1, min(n_threads, n_workers // _WORKERS_PER_TORCH_THREAD)))
    waiting = iter(paths)
    pool = ProcessPool(
        max_workers=n_workers,
        # A forked child of a process that has used torch or FAISS hangs in its first parallel region.
        context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
        initargs=[config.memory_limit],
    )

    def schedule(path: str) -> Future:
        task = (path, ear.config.excerpt, *(bounds or {}).get(path, (None, None)))
        return pool.schedule(decode_task, args=task, timeout=config.time_limit)

    try:
        with _deaf_to_interrupts():  # the first call starts the pool's threads and processes
            in_hand = {schedule(path): path for path in islice(waiting, n_workers * _AHEAD)}
        while in_hand:
            finished, _ = wait(in_hand, return_when=FIRST_COMPLETED)
            for future in finished:
                path = in_hand.pop(future)
                in_hand.update((schedule(following), following) for following in islice(waiting, 1))
                yield _encode(path, future, ear, config)
    finally:
        torch.set_num_threads(n_threads)
        pool.stop()
        pool.join()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Threads and processes started in here never see Ctrl-C; the caller's thread sees it afterwards.

    A terminal sends it to the workers too. One that is just importing numpy would answer with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _encode(path: str, future: Future, ear: Listener, config: HearingConfig) -> Heard | Unheard:
    try:
        decoded = future.result()
    except TimeoutError:
        return Unheard(path, f"decoding took longer than {config.time_limit:g} s")
    except ProcessExpired as expired:
        return Unheard(path, f"the decoder crashed ({_signal_name(expired.exitcode)})")
    except MemoryError:
        return Unheard(path, f"decoding needs more than {config.memory_limit} MiB of memory")
    except Exception as error:  # a fault of ours, but met in one file: it must not cost the others
        return Unheard(path, f"decoding failed in a way that we did not foresee: {error!r}")
    if isinstance(decoded, str):
        return Unheard(path, decoded)
    if isinstance(decoded, OutOfRangeError):
        return Unheard(path, decoded.reason, excluded=True, duration=decoded.duration, tags=decoded.tags)
    vectors = ear.embed(decoded.excerpts)
    return Heard(
        path=path,
        vector=track_vector(vectors),
        excerpt_vectors=vectors,
        starts=decoded.starts,
        duration=decoded.duration,
        sample_rate=decoded.sample_rate,
        channels=decoded.channels,
        codec=decoded.codec,
        tags=decoded.tags,
        note=decoded.note,
        decode_seconds=decoded.decode_seconds,
    )


def _signal_name(exitcode: int) -> str:
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"exit code {exitcode}"
