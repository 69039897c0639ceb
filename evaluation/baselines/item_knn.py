"""Item-kNN computed through users, without a track-by-track matrix."""

from functools import partial

import numpy as np
from scipy import sparse

from earshot.data.arrays import unique_sorted
from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import DAY_S
from earshot.data.parallel import run_in_threads
from earshot.evaluation.full_ranking import TILE, Scores
from earshot.evaluation.queries import Histories, plays_of

FOREVER = float("inf")
_MAX_NUMBERS = 2**24  # of queries and users, 64 MiB
_MAX_QUERIES = 2**8  # each thread has a tile of them, 8 MiB


class ItemNeighbours:
    r"""Neighbourhoods of tracks by their users, ready to score with any setting.

    With X the binary matrix of users and tracks, n_u the tracks of a user and n_i the users of a track, the score of a
    track j for a history x is

    .. math:: n_j^{-b} \sum_u n_u^{-a} X_{uj} \sum_i X_{ui} n_i^{-1/2} x_i

    Cosine item-kNN over all neighbours is a = 0 and b = 1/2. There a user of thousands of tracks makes neighbours of
    them all, and outweighs many users of few; with a = 1 all users weigh the same, as in a random walk from track to
    user to track [1]_, which is a third better on Gowalla. The product over users comes first, so that nothing of size
    tracks x tracks is ever made.

    References
    ----------
    .. [1] Paudel, Christoffel, Newell, Bernstein. Updatable, Accurate, Diverse, and Scalable Recommendations for
       Interactive Applications. TiiS 7(1), 2016: RP3-beta. https://doi.org/10.1145/2955101
    """

    def __init__(self, known: Interactions) -> None:
        self._users = plays_of(known).T.tocsr()  # (n_tracks, n_users), 1 or nothing
        self._n_users = np.maximum(np.diff(self._users.indptr), 1).astype(np.float32)
        n_tracks_of = np.bincount(self._users.indices, minlength=known.n_users)
        self._n_tracks_of = np.maximum(n_tracks_of, 1).astype(np.float32)
        starts = range(0, known.n_tracks, TILE)
        self._tiles = [(start, self._users[start : start + TILE]) for start in starts]

    def __repr__(self) -> str:
        n_tracks, n_users = self._users.shape
        return f"<ItemNeighbours of {n_tracks:,} tracks by {n_users:,} users>"

    def scores(
        self, histories: Histories, *, breadth: float = 1.0, popularity: float = 0.5, half_life_days: float = FOREVER
    ) -> Scores:
        """Score all tracks for each history; minus infinity for a track without neighbours in it.

        Parameters
        ----------
        breadth : the power a, by which users of many tracks count less
        popularity : the power b, by which tracks of many users count less
        half_life_days : a track that was played so much longer ago than the latest counts half
        """
        track_weights, user_weights = self._n_users**-0.5, self._n_tracks_of**-breadth
        candidate_weights = (self._n_users**-popularity)[:, None]
        n_block = max(1, min(_MAX_NUMBERS // len(user_weights), _MAX_QUERIES))

        def fill(similar: np.ndarray, out: np.ndarray, tile: tuple[int, sparse.csr_matrix]) -> None:
            start, users = tile
            columns = slice(start, start + TILE)
            scores = users @ similar  # (n_tile, n_block)
            scores *= candidate_weights[columns]
            scores[scores <= 0] = -np.inf
            out[:, columns] = scores.T

        def scores(start: int, stop: int, out: np.ndarray) -> None:
            for first in range(start, stop, n_block):
                last = min(first + n_block, stop)
                history = _decayed(histories, first, last, half_life_days)
                history.data *= track_weights[history.indices]
                # A dense block of the tracks in these histories: a product of two sparse matrices takes four times as
                # long, though it adds the same numbers in the same order.
                tracks = unique_sorted(history.indices)
                shared = np.asarray(self._users[tracks].T @ history[:, tracks].T.toarray())  # (n_users, n_block)
                similar = shared * user_weights[:, None]
                block = out[first - start : last - start]
                run_in_threads(partial(fill, similar, block), self._tiles)

        return scores


def _decayed(histories: Histories, start: int, stop: int, half_life_days: float) -> sparse.csr_matrix:
    """Weigh each track of `Histories.matrix` by the age of its latest play."""
    matrix = histories.matrix(start, stop)
    if np.isinf(half_life_days):
        return matrix
    latest = np.empty(histories.events.n_tracks, dtype=np.int64)
    for row, query in enumerate(range(start, stop)):
        times, entries = histories.times(query), slice(*matrix.indptr[row : row + 2])
        if len(times):
            latest[histories.tracks(query)] = times  # the last play of a track wins
            ages = (times[-1] - latest[matrix.indices[entries]]) / DAY_S
            matrix.data[entries] = 0.5 ** (ages / half_life_days)
    return matrix
