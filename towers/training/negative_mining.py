"""Hard negatives are mined: the towers say what they would recommend now, for the epoch that comes."""

import numpy as np

from earshot.data.events.interactions import Interactions
from earshot.towers.models import Towers
from earshot.towers.retrieval.exact_search import recommend
from earshot.towers.training.negatives import HardNegatives, KnownPairs

_USERS_ASKED = 16_384  # at most, another choice each epoch
_KEPT = 64  # tracks of each


def mine_negatives(
    towers: Towers, events: Interactions, known: KnownPairs, *, first: int, last: int, seed: int
) -> HardNegatives:
    """Ask the towers what listeners want after all of `events`, and keep some of the ranks from `first` up to `last`.

    Parameters
    ----------
    known : what is no negative; it has no rank either. Nor is a track that training never plays: nothing would lift
        it up again, and new tracks would be held to be unwanted.
    first : how many of the best are left out, for a stranger near the top is often a track that will be played [1]_
    seed : of the choice of listeners and ranks

    References
    ----------
    .. [1] Huang et al. Embedding-based Retrieval in Facebook Search. KDD 2020, section 6.1: ranks 101 to 500 taught
       better than the top. https://arxiv.org/abs/2006.11632
    """
    rng = np.random.default_rng(seed)
    users = np.flatnonzero(np.diff(events.user_offsets()))
    if len(users) > _USERS_ASKED:
        users = np.sort(rng.choice(users, _USERS_ASKED, replace=False))
    is_seen = np.append(towers.is_seen.cpu().numpy(), False)  # -1, the end of a short catalog, is nobody's
    excluded = [known.of_user(user) for user in users.tolist()]
    kept = []
    for rows, _ in recommend(towers, events, users, last, excluded=excluded):
        rows = np.where(is_seen[rows], rows, -1)[:, first:]
        order = np.argsort(np.where(rows >= 0, rng.random(rows.shape), 2.0), axis=1)[:, :_KEPT]
        kept.append(np.take_along_axis(rows, order, axis=1).astype(np.int32))
    place_of = np.full(events.n_users, -1, dtype=np.int32)
    place_of[users] = np.arange(len(users))
    return HardNegatives(np.concatenate(kept), place_of)
