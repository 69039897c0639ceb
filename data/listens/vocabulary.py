"""Assign rows to keys, block by block, at billions of events."""

import numpy as np
import polars as pl

_MAX_ARRAY_KEY = 2**28  # numbers below this are looked up in an array, of a gigabyte at most


class Vocabulary:
    """Keys in the order of their first occurrence, with the other columns of that occurrence.

    >>> users = Vocabulary()
    >>> users.rows(pl.DataFrame({"key": ["b", "a", "b"]}))
    array([0, 1, 0], dtype=int32)
    """

    def __init__(self) -> None:
        # polars gives each text a code, faster than a join with all known keys. It does not promise which code.
        self._texts = pl.Categorical(pl.Categories.random())
        self._anchor = pl.Series([""], dtype=self._texts)  # keeps polars from forgetting the codes
        self._row_of_code = np.full(1, -1, dtype=np.int32)
        self._known: list[pl.DataFrame] = []
        self._n_known = 0

    def __len__(self) -> int:
        return self._n_known

    def rows(self, frame: pl.DataFrame) -> np.ndarray:
        """Look up the row of each `key`, text or numbers, (n,) int32; a new key is added with its other columns."""
        if not len(frame):
            return np.empty(0, dtype=np.int32)
        codes = self._codes(frame["key"])
        n_missing = int(codes.max()) + 1 - len(self._row_of_code)
        if n_missing > 0:
            n_added = max(n_missing, len(self._row_of_code))  # at least doubled, so that growing stays cheap
            self._row_of_code = np.pad(self._row_of_code, (0, n_added), constant_values=-1)
        new = np.flatnonzero(self._row_of_code[codes] < 0)
        if len(new):
            first = new[np.sort(np.unique(codes[new], return_index=True)[1])]
            self._row_of_code[codes[first]] = np.arange(len(self), len(self) + len(first), dtype=np.int32)
            self._known.append(frame[first])
            self._n_known += len(first)
        return self._row_of_code[codes]

    def column(self, name: str) -> pl.Series:
        """One column of the keys, by row."""
        return pl.concat([frame[name] for frame in self._known]) if self._known else pl.Series(name, [], pl.String)

    def _codes(self, keys: pl.Series) -> np.ndarray:
        if keys.dtype != pl.String:
            if keys.min() >= 0 and keys.max() < _MAX_ARRAY_KEY:  # type: ignore[operator]
                return keys.to_numpy()
            keys = keys.cast(pl.String)
        return keys.cast(self._texts).to_physical().to_numpy()
