"""Item neighbours: whoever played what you played also played this. No pair of tracks is ever kept."""

from functools import partial

import numpy as np
from scipy import sparse

from earshot.data.arrays import unique_sorted
from earshot.data.events.interactions import Interactions
from earshot.data.parallel import run_in_threads
from earshot.evaluation.full_ranking import TILE, Scores
from earshot.evaluation.queries import Histories, plays_of

FOREVER = float("inf")
_DAY = 86_400.0
_AT_ONCE = 2**24  # numbers about queries and listeners, 64 MiB
_QUERIES_AT_ONCE = 2**8  # of these each thread has a tile, 8 MiB


class ItemNeighbours:
    r"""Neighbourhoods of tracks by their listeners, ready to be asked with any setting.

    With X the binary matrix of listeners and tracks, n_u the tracks of a listener and n_i the listeners of a track, the
    score of a track j for a past x is

    .. math:: n_j^{-b} \sum_u n_u^{-a} X_{uj} \sum_i X_{ui} n_i^{-1/2} x_i

    Cosine item-kNN over all neighbours is a = 0 and b = 1/2. There a listener of thousands of tracks makes neighbours
    of them all, and outweighs the many who choose; a = 1 lets everybody speak once, as a random walk from track to
    listener to track does [1]_, and on Gowalla is worth a third more. The product over listeners comes first, so that
    nothing of size tracks x tracks is ever made.

    References
    ----------
    .. [1] Paudel, Christoffel, Newell, Bernstein. Updatable, Accurate, Diverse, and Scalable Recommendations for
       Interactive Applications. TiiS 7(1), 2016: RP3-beta. https://doi.org/10.1145/2955101
    """

    def __init__(self, known: Interactions) -> None:
        self._listeners = plays_of(known).T.tocsr()  # (n_tracks, n_users), 1 or nothing
        self._n_listeners = np.maximum(np.diff(self._listeners.indptr), 1).astype(np.float32)
        n_tracks_of = np.bincount(self._listeners.indices, minlength=known.n_users)
        self._n_tracks_of = np.maximum(n_tracks_of, 1).astype(np.float32)
        starts = range(0, known.n_tracks, TILE)
        self._tiles = [(start, self._listeners[start : start + TILE]) for start in starts]

    def __repr__(self) -> str:
        n_tracks, n_users = self._listeners.shape
        return f"<ItemNeighbours of {n_tracks:,} tracks by {n_users:,} listeners>"

    def scores(
        self, histories: Histories, *, breadth: float = 1.0, popularity: float = 0.5, half_life_days: float = FOREVER
    ) -> Scores:
        """What each past wants; -inf for a track that nobody speaks for.

        Parameters
        ----------
        breadth : the power a, by which listeners of many tracks count less
        popularity : the power b, by which tracks of many listeners count less
        half_life_days : what was played so much longer ago than the latest counts half
        """
        of_track, of_user = self._n_listeners**-0.5, self._n_tracks_of**-breadth
        of_candidate = (self._n_listeners**-popularity)[:, None]
        n_block = max(1, min(_AT_ONCE // len(of_user), _QUERIES_AT_ONCE))

        def scores(start: int, stop: int, out: np.ndarray) -> None:
            for first in range(start, stop, n_block):
                last = min(first + n_block, stop)
                past = _faded(histories, first, last, half_life_days)
                past.data *= of_track[past.indices]
                alike = self._shared(past) * of_user[:, None]
                block = out[first - start : last - start]
                run_in_threads(partial(self._fill, alike, of_candidate, block), self._tiles)

        return scores

    def _shared(self, past: sparse.csr_matrix) -> np.ndarray:
        """How much of each past every listener shares, (n_users, n_block)."""
        # A dense block of the tracks that anybody here has played: a product of two sparse matrices takes four times
        # as long, though it adds the same numbers in the same order.
        tracks = unique_sorted(past.indices)
        return np.asarray(self._listeners[tracks].T @ past[:, tracks].T.toarray())

    def _fill(
        self, alike: np.ndarray, of_candidate: np.ndarray, out: np.ndarray, tile: tuple[int, sparse.csr_matrix]
    ) -> None:
        start, listeners = tile
        there = slice(start, start + TILE)
        found = listeners @ alike  # (n_tile, n_block)
        found *= of_candidate[there]
        found[found <= 0] = -np.inf
        out[:, there] = found.T


def _faded(histories: Histories, start: int, stop: int, half_life_days: float) -> sparse.csr_matrix:
    """`Histories.matrix` with each track at the age of its latest play."""
    matrix = histories.matrix(start, stop)
    if np.isinf(half_life_days):
        return matrix
    latest = np.empty(histories.events.n_tracks, dtype=np.int64)
    for place, query in enumerate(range(start, stop)):
        times, own = histories.times(query), slice(*matrix.indptr[place : place + 2])
        if len(times):
            latest[histories.tracks(query)] = times  # of a track that comes twice the last one stays
            ages = (times[-1] - latest[matrix.indices[own]]) / _DAY
            matrix.data[own] = 0.5 ** (ages / half_life_days)
    return matrix
