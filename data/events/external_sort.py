"""More events than memory holds, put in order of users and times by way of the disk."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

EVENTS_AT_ONCE = 8_000_000
MAX_EVENTS_PER_USER = (
    20_000_000  # who listens for a lifetime comes to a million, and one user's events are held at once
)
_ROW_GROUP = 250_000  # what is skipped or read together when a range of users is read back


class EventSort:
    """Takes blocks of events in any order and gives them back sorted by `user_row` and `time_s`.

    Each block is sorted and laid on disk. Then users are read back range by range, each range so small that it fits.
    """

    def __init__(self, folder: Path, events_at_once: int = EVENTS_AT_ONCE) -> None:
        self._folder, self._at_once = folder, events_at_once
        self._files: list[Path] = []
        self._per_user = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._per_user.sum())

    def add(self, block: pl.DataFrame) -> None:
        """Events with at least the columns `user_row` and `time_s`; all blocks have the same columns.

        Raises
        ------
        ValueError
            One user has more than `MAX_EVENTS_PER_USER`.
        """
        if not len(block):
            return
        counts = np.bincount(block["user_row"].to_numpy())
        if len(counts) > len(self._per_user):
            self._per_user = np.pad(self._per_user, (0, len(counts) - len(self._per_user)))
        self._per_user[: len(counts)] += counts
        if self._per_user.max() > MAX_EVENTS_PER_USER:
            raise ValueError(
                f"more than {MAX_EVENTS_PER_USER:,} listens are said to be by one person; name who listened"
            )
        path = self._folder / f"{len(self._files):06}.parquet"
        block = block.sort("user_row", "time_s", maintain_order=True)
        with disk_errors(path):
            block.write_parquet(path, compression="lz4", row_group_size=_ROW_GROUP, statistics=True)
        self._files.append(path)

    def ordered(self, *without: str) -> Iterator[pl.DataFrame]:
        """All events, some whole users at a time. A user's events of one time keep the order they came in.

        Columns that are not wanted cost nothing.
        """
        for low, high in user_ranges(self._per_user, self._at_once):
            wanted = pl.col("user_row").is_between(low, high - 1)
            found = pl.scan_parquet(self._files, glob=False).filter(wanted).drop(without).collect()
            yield found.sort("user_row", "time_s", maintain_order=True)


def user_ranges(n_events: np.ndarray, at_once: int) -> Iterator[tuple[int, int]]:
    """Ranges of users with at most so many events together; a user with more stands alone.

    >>> list(user_ranges(np.array([2, 2, 9, 1]), 4))
    [(0, 2), (2, 3), (3, 4)]
    """
    ends = np.cumsum(n_events)
    low = 0
    while low < len(ends):
        done = int(ends[low - 1]) if low else 0
        high = max(int(np.searchsorted(ends, done + at_once, side="right")), low + 1)
        yield low, high
        low = high


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """A full disk as the OSError that it is: polars tells it in words only."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        told = re.search(r"\(os error (\d+)\)", str(error))
        if told is None:
            raise
        raise OSError(int(told[1]), os.strerror(int(told[1])), str(path)) from None
