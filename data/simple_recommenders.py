"""What any recommender has to beat: popularity, decayed popularity, and one's own old favourites."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from data.listening import Listening

_DAY = 86_400.0
_USERS_AT_ONCE = 256


def most_popular(
    known: Listening, user_rows: np.ndarray, k: int, *, hidden: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    """The tracks with most plays, to everybody alike but for what is hidden from each: (n_users, k) rows."""
    return _same_for_all(np.bincount(known.track_rows, minlength=known.n_tracks), user_rows, k, hidden)


def decayed_popular(
    known: Listening,
    user_rows: np.ndarray,
    k: int,
    *,
    half_life_days: float = 7.0,
    hidden: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """As `most_popular`, of plays that count half after so many days."""
    ages = (known.times.max(initial=0) - known.times) / _DAY
    plays = np.bincount(known.track_rows, 0.5 ** (ages / half_life_days), known.n_tracks)
    return _same_for_all(plays, user_rows, k, hidden)


def personal_favourites(known: Listening, user_rows: np.ndarray, k: int, *, half_life_days: float = 30.0) -> np.ndarray:
    """What each listener has played most, of late: (n_users, k) rows, then popular tracks where that runs out."""
    ages = (known.times.max(initial=0) - known.times) / _DAY
    weights = 0.5 ** (ages / half_life_days)
    starts = known.user_starts()
    popular = _ranked(np.bincount(known.track_rows, minlength=known.n_tracks))
    lists = np.full((len(user_rows), k), -1, dtype=np.int64)
    for place, user in enumerate(user_rows):
        of_user = slice(starts[user], starts[user + 1])
        tracks, own = np.unique(known.track_rows[of_user], return_inverse=True)
        best = tracks[_ranked(np.bincount(own, weights[of_user], len(tracks)), k)]
        filled = popular[: k + len(best)]
        filled = np.concatenate([best, filled[~np.isin(filled, best)]])[:k]
        lists[place, : len(filled)] = filled
    return lists


def item_neighbours(
    known: Listening, user_rows: np.ndarray, k: int, *, hidden: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    """Tracks that were played by the same listeners as what one has played: cosine item-kNN over all neighbours.

    With X the listeners x tracks matrix whose columns have unit length, the scores of a listener are ``x X'X``; the
    product over listeners comes first, so that nothing of size tracks x tracks is ever made.
    """
    pairs = np.unique(known.user_rows.astype(np.int64) * known.n_tracks + known.track_rows)
    users, tracks = np.divmod(pairs, known.n_tracks)
    plays = sparse.csr_matrix((np.ones(len(pairs), np.float32), (users, tracks)), (known.n_users, known.n_tracks))
    lengths = np.sqrt(np.maximum(np.bincount(tracks, minlength=known.n_tracks), 1))
    units = (plays @ sparse.diags(1 / lengths)).tocsr().astype(np.float32)
    lists = np.full((len(user_rows), k), -1, dtype=np.int64)
    for start in range(0, len(user_rows), _USERS_AT_ONCE):
        block = user_rows[start : start + _USERS_AT_ONCE]
        scores = ((units[block] @ plays.T) @ units).toarray()  # x X' X: the middle is over listeners
        for place in range(len(block)):
            if hidden is not None:
                scores[place, hidden[start + place]] = 0
            found = _ranked(scores[place], k)
            found = found[scores[place, found] > 0]
            lists[start + place, : len(found)] = found
    return lists


def _same_for_all(plays: np.ndarray, user_rows: np.ndarray, k: int, hidden: Sequence[np.ndarray] | None) -> np.ndarray:
    most = max((len(tracks) for tracks in hidden), default=0) if hidden is not None else 0
    ranked = _ranked(plays, k + most)
    lists = np.full((len(user_rows), k), -1, dtype=np.int64)
    for place in range(len(user_rows)):
        found = ranked[: k + len(hidden[place])] if hidden is not None else ranked
        found = found[~np.isin(found, hidden[place])] if hidden is not None else found
        lists[place, : len(found[:k])] = found[:k]
    return lists


def _ranked(scores: np.ndarray, k: int | None = None) -> np.ndarray:
    """Rows by falling score, of equal ones the lower first; the k best."""
    if k is not None and k < len(scores):
        candidates = np.flatnonzero(scores >= np.partition(scores, -k)[-k])  # ties at the edge stay in
        return candidates[np.argsort(-scores[candidates], kind="stable")][:k]
    return np.argsort(-scores, kind="stable")
