"""A process that decodes for players, started by the first task; another takes its place if a file ends it."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.decode_pool import decode_pool, task_result

PART_SECONDS = 20.0  # for one part of a sound; a disk that has to wake up takes five
_MEMORY_MIB = 1_024


class PlaybackPool:
    """One decoding process with limits of time and memory, for tasks in their order."""

    def __init__(self) -> None:
        self._config = DecodeConfig(workers=1, time_limit=PART_SECONDS, memory_limit=_MEMORY_MIB)
        self._starting = threading.Lock()
        self._opened = contextlib.ExitStack()
        self._schedule: Callable[..., Future[Any]] | None = None

    def result(self, task: Callable[..., Any], *arguments: object) -> Any:
        """Wait for the result of a task in a module that imports no torch.

        Raises
        ------
        UndecodableError
            The task raised it; or took too long, too much memory, or ended the process.
        WorkersLostError
            No process can be started.
        """
        with self._starting:
            if self._schedule is None:
                self._schedule = self._opened.enter_context(decode_pool(1, self._config))
        outcome = task_result(self._schedule(task, *arguments), self._config, is_decoding=True)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """End the process."""
        with self._starting:
            self._opened.close()
            self._schedule = None
