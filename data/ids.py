"""Conversion between ids, which are durable (SQLite, FAISS), and rows, which are positions in a matrix."""

from collections.abc import Sequence

import numpy as np


class IdMap:
    """Two-way map between durable ids and the rows of a matrix that was read with them.

    >>> tracks = IdMap([30, 10, 20])
    >>> tracks.rows([10, 30])
    array([1, 0])
    >>> tracks.ids([2, 0])
    array([20, 30])
    """

    def __init__(self, ids: Sequence[int] | np.ndarray) -> None:
        """`ids`, shape (n,): the id of each row.

        Raises
        ------
        ValueError
            An id occurs twice.
        """
        self._ids = np.asarray(ids, dtype=np.int64)
        self._order = np.argsort(self._ids, kind="stable")
        self._sorted = self._ids[self._order]
        repeated = self._sorted[1:][self._sorted[1:] == self._sorted[:-1]]
        if len(repeated):
            raise ValueError(f"id {repeated[0]} stands for more than one row")

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, identifier: object) -> bool:
        return isinstance(identifier, int | np.integer) and bool((self._ids == identifier).any())

    def __repr__(self) -> str:
        return f"<IdMap {len(self):,} rows>"

    @property
    def all_ids(self) -> np.ndarray:
        """The id of every row, shape (n,) int64: a copy."""
        return self._ids.copy()

    def ids(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Convert rows of any shape to ids, int64."""
        return self._ids[np.asarray(rows, dtype=np.int64)]

    def rows(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Convert ids of any shape to rows, int64.

        Raises
        ------
        KeyError
            An id has no row; the message names it.
        """
        wanted = np.asarray(ids, dtype=np.int64)
        rows = self.find(wanted)
        unknown = wanted[rows < 0]
        if unknown.size:
            raise KeyError(f"id {unknown.flat[0]} is not among {len(self):,} rows")
        return rows

    def find(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Convert ids of any shape to rows, int64; -1 for an id without a row."""
        wanted = np.asarray(ids, dtype=np.int64)
        if not len(self):
            return np.full(wanted.shape, -1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self) - 1)
        return np.where(self._sorted[places] == wanted, self._order[places], -1)
