"""Ctrl-C and SIGTERM end the command within two seconds, whatever it waits for.

Python handles a signal only between two bytecodes. A read from a dead disk, or a long call into a library, is one
bytecode. So a thread is woken too (`signal.set_wakeup_fd`), waits a moment for the command to end by itself, then ends
the process. That loses nothing: files are written whole or not at all.

A module that is being imported may swallow an exception or make another of it, as the Rust code of polars does. So
nothing is raised there, and the process ends at once.
"""

import contextlib
import multiprocessing
import os
import select
import signal
import threading
from types import FrameType
from typing import NoReturn

GRACE_SECONDS = 1.5  # for a transaction to be rolled back, and workers to be stopped
_INTERRUPTED = "Interrupted. What was finished is kept; the same command goes on from there."
_IMPORTING = "<frozen importlib._bootstrap>"  # the file of frames that import
_is_said = False
_is_heeded = False


class TerminatedError(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt, no `except Exception` catches it."""


def end_on_signals() -> None:
    """Let Ctrl-C and SIGTERM end this process soon. Call it once, from the main thread."""
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _terminate)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=[reading], daemon=True).start()


def say_interrupted() -> None:
    """Say, once, that finished work is kept."""
    global _is_said
    if not _is_said:
        _is_said = True
        with contextlib.suppress(OSError):
            os.write(2, f"{_INTERRUPTED}\n".encode())


def heed_signal() -> None:
    """Say that the command ended by itself at a signal: the process may take its time to leave."""
    global _is_heeded
    _is_heeded = True


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        _end(number)
    raise KeyboardInterrupt


def _terminate(number: int, frame: FrameType | None) -> None:
    if _is_importing(frame):
        _end(number)
    raise TerminatedError


def _is_importing(frame: FrameType | None) -> bool:
    """Tell whether a module is being imported in a frame or those that called it."""
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    return frame is not None


def _watch(reading: int) -> None:
    """Wait for a signal, and end the process after a grace period or at a second signal."""
    number = 0
    while number not in (signal.SIGINT, signal.SIGTERM):
        number = os.read(reading, 1)[0]
    if not select.select([reading], [], [], GRACE_SECONDS)[0] and _is_heeded:
        return
    _end(number)


def _end(number: int) -> NoReturn:
    """End this process and its workers, whatever they are doing."""
    for child in multiprocessing.active_children():
        child.kill()
    if number == signal.SIGINT:
        say_interrupted()
    os._exit(128 + number)  # the exit code that shells expect
