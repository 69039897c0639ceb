"""Each different key gets a number, block after block: what turns the names of billions of events into rows."""

import numpy as np
import polars as pl

_MOST_NUMBERS = 2**28  # keys that are numbers below this are looked up in an array of a gigabyte


class Vocabulary:
    """Keys in the order they come first, with what was known of each when it came.

    >>> users = Vocabulary()
    >>> users.rows(pl.DataFrame({"key": ["b", "a", "b"]}))
    array([0, 1, 0], dtype=int32)
    """

    def __init__(self) -> None:
        # polars gives each text a code, faster than a join with all that is known. Which code, it does not promise.
        self._texts = pl.Categorical(pl.Categories.random())
        self._anchor = pl.Series([""], dtype=self._texts)  # it forgets the codes when nobody holds one
        self._row_of_code = np.full(1, -1, dtype=np.int32)
        self._known: list[pl.DataFrame] = []
        self._n_known = 0

    def __len__(self) -> int:
        return self._n_known

    def rows(self, frame: pl.DataFrame) -> np.ndarray:
        """The row of each `key`, text or numbers, (n,) int32; the other columns are kept of each key that is new."""
        if not len(frame):
            return np.empty(0, dtype=np.int32)
        codes = self._codes(frame["key"])
        lacking = int(codes.max()) + 1 - len(self._row_of_code)
        if lacking > 0:
            room = max(lacking, len(self._row_of_code))  # twice as much each time, lest growing cost most of it
            self._row_of_code = np.pad(self._row_of_code, (0, room), constant_values=-1)
        new = np.flatnonzero(self._row_of_code[codes] < 0)
        if len(new):
            first = new[np.sort(np.unique(codes[new], return_index=True)[1])]
            self._row_of_code[codes[first]] = np.arange(len(self), len(self) + len(first), dtype=np.int32)
            self._known.append(frame[first])
            self._n_known += len(first)
        return self._row_of_code[codes]

    def column(self, name: str) -> pl.Series:
        """Of the keys, in the order of their rows."""
        return pl.concat([part[name] for part in self._known]) if self._known else pl.Series(name, [], pl.String)

    def _codes(self, keys: pl.Series) -> np.ndarray:
        if keys.dtype != pl.String:
            if keys.min() >= 0 and keys.max() < _MOST_NUMBERS:  # type: ignore[operator]
                return keys.to_numpy()
            keys = keys.cast(pl.String)
        return keys.cast(self._texts).to_physical().to_numpy()
