"""A process that decodes for players, started by the first task; another takes its place if a file ends it."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.decode_pool import WorkersLostError, decode_pool, task_result
from earshot.audio.decoding.music_file import Cause, UndecodableError

PART_SECONDS = 20.0  # for one part of a sound; a disk that has to wake up takes five
_MEMORY_MIB = 1_024


class PlaybackPool:
    """One decoding process with limits of time and memory, for tasks in their order."""

    def __init__(self) -> None:
        self._config = DecodeConfig(workers=1, time_limit=PART_SECONDS, memory_limit=_MEMORY_MIB)
        self._starting = threading.Lock()
        self._opened = contextlib.ExitStack()
        self._schedule: Callable[..., Future[Any]] | None = None
        self._pending: set[Future[Any]] = set()
        self._is_closed = False

    def result(self, task: Callable[..., Any], *arguments: object) -> Any:
        """Wait for the result of a task in a module that imports no torch.

        Raises
        ------
        UndecodableError
            The task raised it; or took too long, too much memory, or ended the process; or the pool was closed.
        WorkersLostError
            No process can be started.
        """
        with self._starting:
            if self._is_closed:
                raise _closed()
            if self._schedule is None:
                self._schedule = self._opened.enter_context(decode_pool(1, self._config))
            future = self._schedule(task, *arguments)
            self._pending.add(future)
        try:
            outcome = task_result(future, self._config, is_decoding=True)
        except WorkersLostError:
            if self._is_closed:  # which may take them away from a task that has just begun
                raise _closed() from None
            raise
        finally:
            self._pending.discard(future)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """End the process, and all tasks that wait for it."""
        with self._starting:
            self._is_closed = True
            self._opened.close()
            self._schedule = None
            for future in list(self._pending):  # one that came while the process ended would wait for ever
                future.cancel()


def _closed() -> UndecodableError:
    return UndecodableError("the server ends", Cause.ENVIRONMENT)
