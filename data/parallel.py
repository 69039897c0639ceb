"""Work in threads, for what NumPy and SciPy do without holding Python's lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def n_threads(n_processes: int = 1) -> int:
    """Of each process as many as `OMP_NUM_THREADS` says, else as there are cores for it."""
    return int(os.environ.get("OMP_NUM_THREADS", 0)) or max((os.cpu_count() or 1) // n_processes, 1)


def run_in_threads(work: Callable[[T], None], pieces: Iterable[T]) -> None:
    """Do the work of every piece. Each writes to a place of its own, so that no number of threads changes anything."""
    n = n_threads()
    if n == 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(n) as pool:
        for _ in pool.map(work, pieces):  # asked for one by one, for this is where a failure shows
            pass
