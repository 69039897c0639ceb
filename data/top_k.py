"""The k best of many scores, and one rule for ties wherever lists are made: a hash of the track.

Ties are common: popularity, item neighbours and new tracks without content give many tracks the same score. In the
order of rows or ids, tracks that were played (if only in the test) would come before those that never were; the hash
knows nothing of that, and gives the same list each time.
"""

import numpy as np

_CHUNK_COLUMNS = 128  # of which only the best score is looked at first


def hash_order(ids: np.ndarray) -> np.ndarray:
    """A number for each id, by which equal scores are ordered: multiplicative hashing [1]_, uint64.

    References
    ----------
    .. [1] Knuth. The Art of Computer Programming 3, section 6.4.
    """
    return (np.asarray(ids).astype(np.uint64) + np.uint64(1)) * np.uint64(2_654_435_769) & np.uint64(0xFFFFFFFF)


def falling(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The order of falling scores along the last axis, ties by `hash_order`; both of the same shape."""
    return np.lexsort((hash_order(ids), -scores))


def top_k_columns(scores: np.ndarray, k: int, ids: np.ndarray | None = None) -> np.ndarray:
    """Columns of the k greatest scores of each row, (n, k), the greatest first; -1 for minus infinity.

    Parameters
    ----------
    scores : (n, n_columns), without NaN
    ids : (n_columns,)
        Of the tracks that the columns are, for ties; without, the columns count.
    """
    ids = np.arange(scores.shape[1]) if ids is None else ids
    lists = np.full((len(scores), k), -1, dtype=np.int64)
    for place, row in enumerate(scores):
        bound = _lower_bound(row, k)
        columns = np.flatnonzero(row >= bound if bound > -np.inf else row > bound)
        best = _greatest(row[columns], ids[columns], k)
        lists[place, : len(best)] = columns[best]
    return lists


def _lower_bound(row: np.ndarray, k: int) -> float:
    """A number that the k-th greatest score of a row is no less than.

    The k-th greatest maximum of chunks of columns is one: each of the k best chunks holds a score as great. So a row is
    read twice, and a small part of it is sorted.
    """
    n_chunks = len(row) // _CHUNK_COLUMNS
    if n_chunks <= k:
        return -np.inf
    maxima = row[: len(row) - len(row) % n_chunks].reshape(-1, n_chunks).max(axis=0)
    return float(np.partition(maxima, n_chunks - k)[n_chunks - k])


def _greatest(values: np.ndarray, ids: np.ndarray, k: int) -> np.ndarray:
    """Places of the k greatest values, the greatest first."""
    places = np.arange(len(values))
    if k < len(values):
        edge = np.partition(values, -k)[-k]
        above, equal = np.flatnonzero(values > edge), np.flatnonzero(values == edge)
        n_equal = k - len(above)
        if n_equal < len(equal):
            equal = equal[np.argpartition(hash_order(ids[equal]), n_equal)[:n_equal]]
        places = np.concatenate([above, equal])
    return places[falling(values[places], ids[places])]
