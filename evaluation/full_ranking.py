"""The best tracks of each query, out of scores that come in blocks: memory never grows with the number of queries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Scores = Callable[[int, int, np.ndarray], None]
"""Writes the scores of the queries from `start` to `stop` into `out`, (stop - start, n_tracks) float32; -inf: never.

One array serves all blocks, for fresh memory of this size costs more than what is computed in it."""


@dataclass(frozen=True)
class GlobalScores:
    """Scores that are the same whoever asks: one order serves all queries."""

    row: np.ndarray  # (n_tracks,) float32

    def __call__(self, start: int, stop: int, out: np.ndarray) -> None:
        out[:] = self.row


_AT_ONCE = 2**25  # scores, 128 MiB
TILE = 2**13  # tracks that a scorer looks at together where it needs room of its own: what fits a cache
_CHUNK = 128  # tracks of which only the best score is looked at first


def ranked(
    scores: Scores,
    n_queries: int,
    n_tracks: int,
    k: int,
    *,
    excluded: Sequence[np.ndarray] | None = None,
    probes: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank all tracks for all queries.

    Parameters
    ----------
    hidden : of each query the track rows that its list may not hold
    probes : (n_queries, n_probes) track rows, -1 for none
        Whose scores are wanted too, hidden or not.

    Returns
    -------
    lists, (n_queries, k) int64: rows, the best first and equal ones by lot, -1 where tracks run out
    probe scores, (n_queries, n_probes) float32, -inf where there is no probe
    """
    lists = np.full((n_queries, k), -1, dtype=np.int64)
    if probes is None:
        probes = np.empty((n_queries, 0), dtype=np.int64)
    probed = np.full(probes.shape, -np.inf, dtype=np.float32)
    if isinstance(scores, GlobalScores):
        probed = np.where(probes >= 0, scores.row[np.maximum(probes, 0)], -np.inf).astype(np.float32)
        return _filtered(scores.row, n_queries, k, excluded), probed
    n_block = min(max(1, _AT_ONCE // max(n_tracks, 1)), max(n_queries, 1))
    room = np.empty((n_block, n_tracks), dtype=np.float32)
    for start in range(0, n_queries, n_block):
        stop = min(start + n_block, n_queries)
        block = room[: stop - start]
        scores(start, stop, block)
        taken = np.take_along_axis(block, np.maximum(probes[start:stop], 0), axis=1)
        probed[start:stop] = np.where(probes[start:stop] >= 0, taken, -np.inf)
        for place, tracks in enumerate(excluded[start:stop] if excluded is not None else ()):
            block[place, tracks] = -np.inf
        lists[start:stop] = top_k_columns(block, k)
    return lists, probed


def _filtered(row: np.ndarray, n_queries: int, k: int, excluded: Sequence[np.ndarray] | None) -> np.ndarray:
    """Lists from one order of the tracks, each without what is hidden from it."""
    most = max((len(tracks) for tracks in excluded), default=0) if excluded is not None else 0
    (order,) = top_k_columns(row[None], min(k + most, len(row)))
    order = order[order >= 0]
    lists = np.full((n_queries, k), -1, dtype=np.int64)
    for query in range(n_queries):
        best = order[: k + len(excluded[query])] if excluded is not None else order[:k]
        if excluded is not None:
            best = best[~np.isin(best, excluded[query], kind="table")][:k]
        lists[query, : len(best)] = best
    return lists


def top_k_columns(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k greatest scores of each row, (n, k): equal ones by lot, -1 for minus infinity.

    Whatever is among the k best lies in one of the k chunks with the greatest maxima, so that a row is read once and
    a small part of it is sorted.
    """
    n_rows, n = scores.shape
    found = np.full((n_rows, k), -1, dtype=np.int64)
    n_chunks = max(n // _CHUNK, 1)  # one is every n_chunks-th column: the whole catalog in small
    maxima = _chunk_maxima(scores, n_chunks) if n_chunks > k else None
    columns, steps, chunk_lots = np.arange(n), np.arange(-(-n // n_chunks)) * n_chunks, _hash_order(np.arange(n_chunks))
    for place, row in enumerate(scores):
        if maxima is not None:
            best = _greatest(maxima[place], k, chunk_lots)
            columns = (best[:, None] + steps).ravel()
            columns = columns[columns < n]
        values = row[columns]
        best = _greatest(values, k, chunk_lots[columns % n_chunks], _hash_order(columns))
        best = best[~np.isneginf(values[best])]
        found[place, : len(best)] = columns[best]
    return found


def _chunk_maxima(scores: np.ndarray, n_chunks: int) -> np.ndarray:
    """(n, n_chunks)."""
    n_rows, n = scores.shape
    n_even = n - n % n_chunks
    maxima = scores[:, :n_even].reshape(n_rows, -1, n_chunks).max(axis=1)
    rest = maxima[:, : n - n_even]
    np.maximum(rest, scores[:, n_even:], out=rest)
    return maxima


def _hash_order(numbers: np.ndarray) -> np.ndarray:
    """An order for equals that knows nothing of them, and the same each time: multiplicative hashing [1]_.

    In the order of rows, tracks that somebody played, if only in the test, would stand before those that nobody did.

    References
    ----------
    .. [1] Knuth. The Art of Computer Programming 3, section 6.4.
    """
    return (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(2_654_435_769) & np.uint64(0xFFFFFFFF)


def _greatest(values: np.ndarray, k: int, *lots: np.ndarray) -> np.ndarray:
    """Places of the k greatest values, the greatest first; equal ones by the first lot, then by the next."""
    places = np.arange(len(values))
    if k < len(values):
        edge = np.partition(values, -k)[-k]
        above, equal = np.flatnonzero(values > edge), np.flatnonzero(values == edge)
        if len(above) + len(equal) > k:
            equal = equal[np.lexsort([lot[equal] for lot in reversed(lots)])][: k - len(above)]
        places = np.concatenate([above, equal])
    return places[np.lexsort([*(lot[places] for lot in reversed(lots)), -values[places]])]
