"""What listeners say of tracks besides playing them, and take back: the last word counts."""

import numpy as np

from earshot.data.events.interactions import KINDS

LISTEN, LIKE, DISLIKE, UNLIKE, UNDISLIKE = (
    KINDS.index(kind) for kind in ("listen", "like", "dislike", "unlike", "undislike")
)


def active_mask(user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Which events speak for their track, (n_events,) bool: listens, and likes that no unlike or dislike followed.

    Parameters
    ----------
    user_rows, track_rows, kinds : (n_events,), as in `data.events.interactions.Interactions`, each user's by time
    """
    stands = np.asarray(kinds) == LISTEN
    likes = np.flatnonzero(kinds == LIKE)
    if len(likes):
        in_the_end = _pairs_that_end_in(LIKE, (LIKE, UNLIKE, DISLIKE), user_rows, track_rows, kinds)
        stands[likes] = np.isin(_keys(user_rows[likes], track_rows[likes]), in_the_end)
    return stands


def disliked_pairs(user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who wants which tracks no more: the users, rising, and the tracks, (n,) each; their last word is a dislike."""
    keys = _pairs_that_end_in(DISLIKE, (DISLIKE, UNDISLIKE, LIKE), user_rows, track_rows, kinds)
    return keys >> 32, keys & 0xFFFFFFFF


def _pairs_that_end_in(
    last: int, among: tuple[int, ...], user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray
) -> np.ndarray:
    """Keys of the pairs of whose events, of some kinds, the last is of one kind; (n,) int64, rising."""
    rows = np.flatnonzero(np.isin(kinds, among))[::-1]
    keys, latest = np.unique(_keys(user_rows[rows], track_rows[rows]), return_index=True)
    return keys[kinds[rows[latest]] == last]


def _keys(user_rows: np.ndarray, track_rows: np.ndarray) -> np.ndarray:
    return (user_rows.astype(np.int64) << 32) | track_rows.astype(np.int64)
