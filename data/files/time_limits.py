"""Time limits for work on files, so that a disk that does not answer is an error."""

import errno
import os
import threading
from collections.abc import Callable
from typing import TypeVar

ANSWER_SECONDS = 20.0  # for one read; a disk that has to wake up takes five
_MAX_WAITING_THREADS = 3  # on a disk that does not answer, a folder of a thousand files then fails within a minute
_abandoned_threads: list[threading.Thread] = []
T = TypeVar("T")


def in_time(work: Callable[[], T], path: str | os.PathLike[str], seconds: float | None = None) -> T:
    """Do work on a file within a time limit, and return its result.

    The work runs in a thread, which is abandoned at the limit and ends with the process. While three abandoned threads
    wait, no more work is begun.

    Parameters
    ----------
    seconds : the limit; `ANSWER_SECONDS` if not given

    Raises
    ------
    TimeoutError
        The work did not end in time, or was not begun; the error names the file.
    OSError
        No thread can be started, or the work raised it. Other errors of the work are raised unchanged, too.
    """
    _abandoned_threads[:] = [thread for thread in _abandoned_threads if thread.is_alive()]
    if len(_abandoned_threads) >= _MAX_WAITING_THREADS:
        raise timed_out(path)
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # panics of polars are no Exception
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), os.fspath(path)) from None
    thread.join(ANSWER_SECONDS if seconds is None else seconds)
    if errors:
        raise errors[0]
    if not results:
        _abandoned_threads.append(thread)
        raise timed_out(path)
    return results[0]


def timed_out(path: str | os.PathLike[str]) -> TimeoutError:
    """Make the error of a file that did not answer."""
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), os.fspath(path))
