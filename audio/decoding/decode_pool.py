"""Pool of decoding processes, with the limits of a `DecodeConfig`: time for each task, memory for each process.

No file can stop it: a read that does not return, a crash or a full memory costs one task and the process that met it
(pebble replaces it). Imports no torch, as its processes must not: its mappings alone would exceed the memory limit.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from pebble import ProcessExpired, ProcessPool

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.music_file import Cause, HashedFile, UndecodableError, hash_file

# Read by a process before it runs a line of ours, so set before the workers are started.
_WORKER_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",  # numpy would start a thread per core in every worker
    # glibc hands an excerpt's memory back and asks for it again: one CPU second in fifteen. Others ignore this.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
}
# A decoder that dies of these has met bytes that it cannot handle. SIGKILL is a lack of memory, SIGBUS a failing disk.
_SIGNALS_OF_CONTENT = ("SIGSEGV", "SIGFPE", "SIGILL")
TASKS_PER_WORKER = 4  # submitted at a time: enough that no worker waits, few enough to lose


class WorkersLostError(Exception):
    """Failure of the decoding processes, which says nothing about any file."""


@contextlib.contextmanager
def decode_pool(n_workers: int, config: DecodeConfig) -> Iterator[Callable[..., Future]]:
    """Start decoding processes, and yield the function that schedules a task: it takes the task and its arguments."""
    for name, value in _WORKER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    unrelated = set(multiprocessing.active_children())
    pool = ProcessPool(
        max_workers=n_workers,
        # A forked child of a process that has used torch or FAISS hangs in its first parallel region.
        context=WorkerContext(),
        initializer=start_worker,
        initargs=[config.memory_limit],
    )

    def schedule(task: Callable, *args: object) -> Future:
        try:
            with _interrupts_blocked():  # the first call starts the pool's threads and processes
                return pool.schedule(_run, args=[task, *args], timeout=config.time_limit)
        except (RuntimeError, OSError) as error:  # the pool is broken, or there is no memory for it
            raise _workers_lost(error) from error

    resource_tracker.ensure_running()  # begun by the pool, it would end what blocks Ctrl-C
    try:
        yield schedule
    finally:
        pool.stop()
        pool.join()
        for worker in set(multiprocessing.active_children()) - unrelated:  # just started, and unknown to the pool
            worker.kill()
            worker.join()


def task_result(future: Future, config: DecodeConfig, *, is_decoding: bool) -> Any:
    """The result of a finished task, or an `UndecodableError` with the reason for its failure.

    Parameters
    ----------
    is_decoding : False for a task that reads bytes without interpreting them; its crash says nothing about the content

    Raises
    ------
    WorkersLostError
        The decoding processes are gone.
    """
    try:
        return future.result()
    except TimeoutError:
        return UndecodableError(f"decoding it took longer than {config.time_limit:g} s", Cause.ENVIRONMENT)
    except ProcessExpired as expired:
        name = _signal_name(expired.exitcode)
        cause = Cause.CONTENT if is_decoding and name in _SIGNALS_OF_CONTENT else Cause.ENVIRONMENT
        memory = ", perhaps for lack of memory" if name == "SIGKILL" else ""
        return UndecodableError(f"the {'decoder' if is_decoding else 'reader'} crashed ({name}{memory})", cause)
    except MemoryError:
        return UndecodableError(f"decoding needs more than {config.memory_limit} MiB of memory", Cause.ENVIRONMENT)
    except BrokenProcessPool as error:
        raise _workers_lost(error) from error
    except Exception as error:  # a fault of ours, but in one file: it must not cost the others
        return UndecodableError(f"{type(error).__name__}: {error}", Cause.PROGRAM)


def hashed_files(paths: Iterable[str], config: DecodeConfig) -> Generator[HashedFile, None, None]:
    """Hash files and yield the results in their order, up to the first file that cannot be hashed, for any reason.

    Raises
    ------
    WorkersLostError
        The processes cannot be started, or are gone.
    """
    n_workers, waiting = config.workers or os.cpu_count() or 1, iter(paths)
    with decode_pool(n_workers, config) as schedule:
        tasks = deque(schedule(hash_file, path) for path in islice(waiting, TASKS_PER_WORKER * n_workers))
        while tasks:
            outcome = task_result(tasks.popleft(), config, is_decoding=False)
            if not isinstance(outcome, HashedFile):
                return
            tasks.extend(schedule(hash_file, path) for path in islice(waiting, 1))
            yield outcome


def start_worker(memory_limit: int) -> None:
    """Bound this process to `memory_limit` MiB of address space and to its parent's life; Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler in Python would wait for a read that never returns
    threading.Thread(target=_die_with, args=[os.getppid()], daemon=True).start()
    try:
        import resource
    except ImportError:  # Windows has no such limit; the time limit still holds
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = memory_limit * 2**20
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _die_with(parent: int) -> None:
    """End this process when the parent was killed, which can no longer stop a decoder that hangs."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _run(task: Callable, *args: object) -> object:
    """Run a task, or return its `UndecodableError`: a result here, not an exception with a traceback."""
    try:
        return task(*args)
    except UndecodableError as error:
        return error


class WorkerProcess(SpawnProcess):
    """A spawned process that does not import the main module of its parent.

    A script that embeds without the guard ``if __name__ == "__main__"`` would else run again in every process; one that
    uses torch would exceed the memory limit.
    """

    @staticmethod
    def _Popen(process: BaseProcess) -> Any:  # the name is multiprocessing's
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # has no file that the process could be told to import
        try:
            return SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class WorkerContext(SpawnContext):
    """The context of a pool of `WorkerProcess`."""

    Process = WorkerProcess


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


def _workers_lost(error: Exception) -> WorkersLostError:
    return WorkersLostError(f"the decoding processes cannot be kept running ({error.__cause__ or error})")


def _signal_name(exitcode: int) -> str:
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"exit code {exitcode}"
