"""What recommended lists are like, whether they are right or not: how wide, how even, how popular, how varied.

A list is a row of track rows, padded with -1, as in `evaluation.metrics.ranking_metrics`.
"""

import numpy as np

from earshot.data.events.interactions import Interactions

_NUMBERS_AT_ONCE = 2**24


def coverage(lists: np.ndarray, n_tracks: int) -> float:
    """Share of the catalog that turns up in any list."""
    return len(np.unique(lists[lists >= 0])) / n_tracks


def gini(lists: np.ndarray, n_tracks: int) -> float:
    """How unevenly the places are shared among the tracks: 0 when all get as many, near 1 when one gets all."""
    _, counts = np.unique(lists[lists >= 0], return_counts=True)
    counts = np.sort(counts).astype(np.float64)  # whoever is in no list comes before these and adds nothing
    ranks = np.arange(n_tracks - len(counts) + 1, n_tracks + 1)
    return float(((2 * ranks - n_tracks - 1) * counts).sum() / (n_tracks * max(counts.sum(), 1)))


def novelty(lists: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """How surprising the tracks of each list are, in bits: the mean of ``-log2 p``; unplayed counts as once."""
    p = np.maximum(play_counts, 1) / max(play_counts.sum(), 1)
    return _mean_over_lists(-np.log2(p), lists)


def popularity_lift(lists: np.ndarray, own_popularity: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """How much more popular each list is than what its listener has played: the ratio of mean play counts; 1 is alike.

    `own_popularity`, (n_lists,), is that of `own_popularity` below.
    """
    return _mean_over_lists(play_counts.astype(np.float64), lists) / own_popularity


def own_popularity(known: Interactions, user_rows: np.ndarray, play_counts: np.ndarray) -> np.ndarray:
    """Mean play count of what each listener has played, (n,); NaN for somebody of whom nothing is known."""
    starts = known.user_offsets()
    played = [play_counts[known.track_rows[starts[user] : starts[user + 1]]] for user in user_rows]
    return np.array([plays.mean() if len(plays) else np.nan for plays in played])


def diversity(lists: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Mean distance, 1 - cosine, between any two tracks of each list, (n_lists,).

    With s the sum of n unit vectors the cosines of all pairs sum up to ``(|s|^2 - n) / 2``, so no pair is ever made.
    Tracks whose vector is zero are left out; NaN where fewer than two are left.

    Parameters
    ----------
    units : (n_tracks, dim), rows of unit length or zero
    """
    result = np.full(len(lists), np.nan)
    n_block = max(1, _NUMBERS_AT_ONCE // max(lists.shape[1] * units.shape[1], 1))
    for start in range(0, len(lists), n_block):
        block = lists[start : start + n_block]
        vectors = units[block]  # (n_block, k, dim)
        there = (block >= 0) & vectors.any(axis=2)
        n = there.sum(axis=1)
        sums = (vectors * there[:, :, None]).sum(axis=1, dtype=np.float64)  # (n_block, dim)
        cosines = (np.square(sums).sum(axis=1) - n) / np.maximum(n * (n - 1), 1)
        result[start : start + n_block] = np.where(n > 1, 1 - cosines, np.nan)
    return result


def artist_diversity(lists: np.ndarray, artist_rows: np.ndarray) -> np.ndarray:
    """Different artists per track of each list, of tracks whose artist is known: 1 when no artist comes twice."""
    artists = np.sort(np.where(lists >= 0, artist_rows[lists], -1), axis=1)
    is_known = artists >= 0
    is_new = is_known & np.concatenate([np.ones((len(lists), 1), bool), np.diff(artists, axis=1) > 0], axis=1)
    n = is_known.sum(axis=1)
    return np.divide(is_new.sum(axis=1), n, out=np.full(len(lists), np.nan), where=n > 0)


def _mean_over_lists(of_track: np.ndarray, lists: np.ndarray) -> np.ndarray:
    there = lists >= 0
    sums = np.where(there, of_track[lists], 0).sum(axis=1)
    return np.divide(sums, there.sum(axis=1), out=np.full(len(lists), np.nan), where=there.any(axis=1))
