"""Properties of recommended lists besides accuracy: coverage, Gini, novelty, popularity lift, diversity.

A list is a row of track rows, padded with -1, as in `evaluation.metrics.ranking_metrics`.
"""

import numpy as np

from earshot.data.events.interactions import Interactions

_MAX_NUMBERS = 2**24  # of vectors in memory at a time, 64 MiB


def coverage(lists: np.ndarray, n_tracks: int) -> float:
    """Share of the catalog that is in any list."""
    return len(np.unique(lists[lists >= 0])) / n_tracks


def gini(lists: np.ndarray, n_tracks: int) -> float:
    """Gini coefficient of the number of places per track: 0 if all have as many, near 1 if one has all."""
    _, counts = np.unique(lists[lists >= 0], return_counts=True)
    counts = np.sort(counts).astype(np.float64)  # tracks in no list come before these and add nothing
    ranks = np.arange(n_tracks - len(counts) + 1, n_tracks + 1)
    return float(((2 * ranks - n_tracks - 1) * counts).sum() / (n_tracks * max(counts.sum(), 1)))


def novelty(lists: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """Mean surprise of the tracks of each list, in bits: the mean of ``-log2 p``; an unplayed track counts one play."""
    p = np.maximum(play_counts, 1) / max(play_counts.sum(), 1)
    return _mean_over_lists(-np.log2(p), lists)


def popularity_lift(lists: np.ndarray, history_popularity: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """Ratio of the mean play counts of each list and of its user's history; 1 if they are equally popular.

    `history_popularity` is (n_lists,), as `mean_history_popularity` makes it.
    """
    return _mean_over_lists(play_counts.astype(np.float64), lists) / history_popularity


def mean_history_popularity(known: Interactions, user_rows: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """Mean play count of the tracks in each user's history, (n,); NaN for an empty history."""
    starts = known.user_offsets()
    played = [play_counts[known.track_rows[starts[user] : starts[user + 1]]] for user in user_rows]
    return np.array([plays.mean() if len(plays) else np.nan for plays in played])


def diversity(lists: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Mean distance, 1 - cosine, between two tracks of each list, (n_lists,), by `units`, (n_tracks, dim).

    With s the sum of n unit vectors, the cosines of all pairs sum to ``(|s|^2 - n) / 2``, so no pair is ever made.
    Tracks whose vector is zero are left out; NaN where fewer than two are left.
    """
    result = np.full(len(lists), np.nan)
    n_block = max(1, _MAX_NUMBERS // max(lists.shape[1] * units.shape[1], 1))
    for start in range(0, len(lists), n_block):
        block = lists[start : start + n_block]
        vectors = units[block]  # (n_block, k, dim)
        mask = (block >= 0) & vectors.any(axis=2)
        n = mask.sum(axis=1)
        sums = (vectors * mask[:, :, None]).sum(axis=1, dtype=np.float64)  # (n_block, dim)
        cosines = (np.square(sums).sum(axis=1) - n) / np.maximum(n * (n - 1), 1)
        result[start : start + n_block] = np.where(n > 1, 1 - cosines, np.nan)
    return result


def artist_diversity(lists: np.ndarray, artist_rows: np.ndarray) -> np.ndarray:
    """Number of artists per track of each list, among tracks of known artists: 1 if no artist comes twice."""
    artists = np.sort(np.where(lists >= 0, artist_rows[lists], -1), axis=1)
    is_known = artists >= 0
    is_new = is_known & np.concatenate([np.ones((len(lists), 1), bool), np.diff(artists, axis=1) > 0], axis=1)
    n = is_known.sum(axis=1)
    return np.divide(is_new.sum(axis=1), n, out=np.full(len(lists), np.nan), where=n > 0)


def _mean_over_lists(of_track: np.ndarray, lists: np.ndarray) -> np.ndarray:
    mask = lists >= 0
    sums = np.where(mask, of_track[lists], 0).sum(axis=1)
    return np.divide(sums, mask.sum(axis=1), out=np.full(len(lists), np.nan), where=mask.any(axis=1))
