"""No group takes the list: of every artist only so many places, in many ranked lists at once."""

import numpy as np


def within_caps(groups: np.ndarray, most: int) -> np.ndarray:
    """Which entries are among the first `most` of their group in their list.

    Parameters
    ----------
    groups : shape (n_lists, length), int
        Whose each entry is, the best entry first; -1 belongs to nobody and is always among them.

    Returns
    -------
    np.ndarray, shape (n_lists, length), bool
    """
    length = groups.shape[1]
    order = np.argsort(groups, axis=1, kind="stable")  # stable: within a group the best stays first
    together = np.take_along_axis(groups, order, axis=1)
    places = np.broadcast_to(np.arange(length), groups.shape)
    begins = np.ones(groups.shape, dtype=bool)
    begins[:, 1:] = together[:, 1:] != together[:, :-1]
    firsts = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    within = np.empty(groups.shape, dtype=bool)
    np.put_along_axis(within, order, (places - firsts < most) | (together < 0), axis=1)
    return within


def first_kept(rows: np.ndarray, scores: np.ndarray, kept: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The first k entries of each list that are kept: rows and scores, (n_lists, k), -1 and -inf where they run out.

    Parameters
    ----------
    rows, scores, kept : shape (n_lists, length)
    """
    places = np.cumsum(kept, axis=1) - 1
    lists, columns = np.nonzero(kept & (places < k))
    first = np.full((len(rows), k), -1, dtype=np.int64)
    values = np.full((len(rows), k), -np.inf, dtype=np.float32)
    there = lists, places[lists, columns]
    first[there], values[there] = rows[lists, columns], scores[lists, columns]
    return first, values
