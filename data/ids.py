"""Ids and rows. An *id* is durable (SQLite, FAISS); a *row* is a position in a matrix. Only here they meet."""

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

    def ids(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """The ids, int64, of rows; any shape."""
        return self._ids[np.asarray(rows, dtype=np.int64)]

    def rows(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """The rows, int64, of ids; any shape.

        Raises
        ------
        KeyError
            An id has no row; the message names it.
        """
        wanted = np.asarray(ids, dtype=np.int64)
        places = np.searchsorted(self._sorted, wanted)
        places = np.minimum(places, max(len(self) - 1, 0))
        strangers = wanted if len(self) == 0 else wanted[self._sorted[places] != wanted]
        if strangers.size:
            raise KeyError(f"id {strangers.flat[0]} is not among {len(self):,} rows")
        return self._order[places]
