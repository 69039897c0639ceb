"""Sort more events than memory holds by user and time, by way of the disk."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from earshot.data.files.parquet_parts import disk_errors

EVENTS_AT_ONCE = 8_000_000
MAX_EVENTS_PER_USER = 20_000_000  # held in memory together; a lifetime of listening comes to a million
_ROW_GROUP = 250_000  # events that are skipped or read together when a range of users is read back


class EventSort:
    """A sorter that takes blocks of events in any order and returns them by `user_row` and `time_s`.

    Each block is sorted and written to disk. Then users are read back range by range, each small enough for memory.
    """

    def __init__(self, folder: Path, events_at_once: int = EVENTS_AT_ONCE) -> None:
        self._folder, self._at_once = folder, events_at_once
        self._files: list[Path] = []
        self._per_user = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._per_user.sum())

    def add(self, block: pl.DataFrame) -> None:
        """Add events with at least the columns `user_row` and `time_s`; all blocks have the same columns.

        Raises
        ------
        ValueError
            One user has more than `MAX_EVENTS_PER_USER`.
        """
        if not len(block):
            return
        counts = np.bincount(block["user_row"].to_numpy(), minlength=len(self._per_user))
        counts[: len(self._per_user)] += self._per_user
        self._per_user = counts
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
        """Read back all events, some whole users at a time; equal times keep the order in which they were added.

        Parameters
        ----------
        without : columns that are not read
        """
        for low, high in user_ranges(self._per_user, self._at_once):
            is_in_range = pl.col("user_row").is_between(low, high - 1)
            block = pl.scan_parquet(self._files, glob=False).filter(is_in_range).drop(without).collect()
            yield block.sort("user_row", "time_s", maintain_order=True)


def user_ranges(n_events: np.ndarray, at_once: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of users that have at most `at_once` events together; a user with more is a range alone.

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
