"""Decoding processes that start afresh, without the main module of their parent. Imports no torch, as they do not.

A process that multiprocessing spawns imports the parent's main module. A script that embeds without the guard
``if __name__ == "__main__"`` would so run again in every process; one that uses torch would exceed the memory limit.
"""

import sys
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any


class WorkerProcess(SpawnProcess):
    """A spawned process that does not import the main module of its parent."""

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
