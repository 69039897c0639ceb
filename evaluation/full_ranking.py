"""Rank the full catalog for each query, in blocks of scores, so that memory does not grow with the queries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.top_k import top_k_columns

Scores = Callable[[int, int, np.ndarray], None]
"""A function that writes the scores of the queries from `start` to `stop` into `out`, (stop - start, n_tracks) float32.

Tracks at minus infinity are in no list. One array serves all blocks: fresh memory of this size costs more than what is
computed in it."""


@dataclass(frozen=True)
class GlobalScores:
    """Scores that are the same for all queries, so that one order serves them."""

    row: np.ndarray  # (n_tracks,) float32

    def __call__(self, start: int, stop: int, out: np.ndarray) -> None:
        out[:] = self.row


_SCORES_AT_ONCE = 2**25  # 128 MiB
TILE = 2**13  # tracks that a scorer with intermediate results computes together: they fit a cache


def ranked(
    scores: Scores,
    n_queries: int,
    n_tracks: int,
    k: int,
    *,
    excluded: Sequence[np.ndarray] | None = None,
    probes: np.ndarray | None = None,
    track_ids: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank all tracks for all queries.

    Parameters
    ----------
    excluded : for each query the track rows that its list may not hold
    probes : (n_queries, n_probes) track rows, -1 for none
        Tracks whose scores are returned too, excluded or not.
    track_ids : (n_tracks,)
        The order of ties, as in `data.top_k`; without, rows count.

    Returns
    -------
    lists, (n_queries, k) int64: rows, the best first, -1 where tracks run out
    probe scores, (n_queries, n_probes) float32, -inf where there is no probe
    """
    lists = np.full((n_queries, k), -1, dtype=np.int64)
    excluded = [np.empty(0, dtype=np.int64)] * n_queries if excluded is None else excluded
    probes = np.empty((n_queries, 0), dtype=np.int64) if probes is None else probes
    probed = np.full(probes.shape, -np.inf, dtype=np.float32)
    if isinstance(scores, GlobalScores):
        probed = np.where(probes >= 0, scores.row[np.maximum(probes, 0)], -np.inf).astype(np.float32)
        return _filtered(scores.row, k, excluded, track_ids), probed
    n_block = min(max(1, _SCORES_AT_ONCE // max(n_tracks, 1)), max(n_queries, 1))
    room = np.empty((n_block, n_tracks), dtype=np.float32)
    for start in range(0, n_queries, n_block):
        stop = min(start + n_block, n_queries)
        block = room[: stop - start]
        scores(start, stop, block)
        taken = np.take_along_axis(block, np.maximum(probes[start:stop], 0), axis=1)
        probed[start:stop] = np.where(probes[start:stop] >= 0, taken, -np.inf)
        for place, tracks in enumerate(excluded[start:stop]):
            block[place, tracks] = -np.inf
        lists[start:stop] = top_k_columns(block, k, track_ids)
    return lists, probed


def _filtered(row: np.ndarray, k: int, excluded: Sequence[np.ndarray], track_ids: np.ndarray | None) -> np.ndarray:
    """Lists from one order of the tracks, each without what is excluded from it."""
    n_excluded = max((len(tracks) for tracks in excluded), default=0)
    (order,) = top_k_columns(row[None], min(k + n_excluded, len(row)), track_ids)
    order = order[order >= 0]
    lists = np.full((len(excluded), k), -1, dtype=np.int64)
    for query, tracks in enumerate(excluded):
        best = order[: k + len(tracks)]
        best = best[~np.isin(best, tracks, kind="table")][:k]
        lists[query, : len(best)] = best
    return lists
