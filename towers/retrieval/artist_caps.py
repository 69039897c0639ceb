"""Caps of the places that one artist may take, in many ranked lists at once."""

import numpy as np


def within_caps(groups: np.ndarray, max_per_group: int) -> np.ndarray:
    """Mark the entries that are among the first `max_per_group` of their group in their list.

    Parameters
    ----------
    groups : shape (n_lists, length), int
        The group of each entry, the best entry first; -1 is no group, and has no cap.

    Returns
    -------
    np.ndarray, shape (n_lists, length), bool
    """
    length = groups.shape[1]
    order = np.argsort(groups, axis=1, kind="stable")  # stable: within a group the best stays first
    ordered = np.take_along_axis(groups, order, axis=1)
    places = np.broadcast_to(np.arange(length), groups.shape)
    begins = np.ones(groups.shape, dtype=bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    firsts = np.maximum.accumulate(np.where(begins, places, 0), axis=1)
    within = np.empty(groups.shape, dtype=bool)
    np.put_along_axis(within, order, (places - firsts < max_per_group) | (ordered < 0), axis=1)
    return within


def first_selected(
    rows: np.ndarray, scores: np.ndarray, is_selected: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The first k selected entries of each list: rows and scores, (n_lists, k), -1 and -inf where they run out.

    Parameters
    ----------
    rows, scores, is_selected : shape (n_lists, length)
    """
    places = np.cumsum(is_selected, axis=1) - 1
    lists, columns = np.nonzero(is_selected & (places < k))
    first = np.full((len(rows), k), -1, dtype=np.int64)
    values = np.full((len(rows), k), -np.inf, dtype=np.float32)
    filled = lists, places[lists, columns]
    first[filled], values[filled] = rows[lists, columns], scores[lists, columns]
    return first, values
