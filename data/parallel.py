"""Threads for work of NumPy and SciPy, which release Python's lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def n_threads(n_processes: int = 1) -> int:
    """Number of threads of each process: `OMP_NUM_THREADS`, or else its share of the cores."""
    return int(os.environ.get("OMP_NUM_THREADS", 0)) or max((os.cpu_count() or 1) // n_processes, 1)


def run_in_threads(work: Callable[[T], None], pieces: Iterable[T]) -> None:
    """Do the work of every piece. Each must write to its own part of a result, so that threads change no result."""
    with ThreadPoolExecutor(n_threads()) as pool:
        for _ in pool.map(work, pieces):  # raises what a thread raised
            pass
