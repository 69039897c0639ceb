"""Mining of hard negatives: recommendations of the towers as they are now, for the next epoch."""

from dataclasses import dataclass

import numpy as np

from earshot.data.events.interactions import Interactions
from earshot.towers.models import Towers
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.training.known_pairs import KnownPairs

MAX_MINED_USERS = 16_384  # another choice each epoch
MAX_HARD_PER_USER = 64


@dataclass(frozen=True)
class HardNegatives:
    """Tracks that users never played and that were high on their lists."""

    track_rows: np.ndarray  # (n_mined_users, n_tracks) int32, -1 behind the last of a shorter list
    place_of: np.ndarray  # (n_users,) int32: the row of each user in `track_rows`, -1 for none

    def __repr__(self) -> str:
        return f"<HardNegatives of {len(self.track_rows):,} users>"

    def has(self, user_rows: np.ndarray) -> np.ndarray:
        """Mark the users with a hard negative, bool."""
        has_any = np.append((self.track_rows >= 0).any(axis=1), False)  # the last element is that of -1
        return has_any[self.place_of[user_rows]]

    def draw(self, user_rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw one track of each user, shape as `user_rows`; -1 for a user without any."""
        if not self.track_rows.size:
            return np.full(user_rows.shape, -1, dtype=np.int64)
        places = self.place_of[user_rows]
        lengths = (self.track_rows >= 0).sum(axis=1)[places]
        columns = (rng.random(user_rows.shape) * lengths).astype(np.int64)
        return np.where(places >= 0, self.track_rows[places, columns], -1)


def mine_negatives(
    towers: Towers, events: Interactions, known: KnownPairs, *, first: int, last: int, seed: int
) -> HardNegatives:
    """Recommend to users after all of `events`, and keep a choice of the places from `first` up to `last`.

    Parameters
    ----------
    known : pairs that are no negatives and take no place. A track without events takes a place and is no negative
        either: nothing would raise its scores again, and new tracks would count as unwanted.
    first : number of places at the top that are skipped: a track there is often one that will be played [1]_
    seed : of the choice of users and places

    References
    ----------
    .. [1] Huang et al. Embedding-based Retrieval in Facebook Search. KDD 2020, section 6.1: ranks 101 to 500 taught
       better than the top. https://arxiv.org/abs/2006.11632
    """
    rng = np.random.default_rng(seed)
    users = np.flatnonzero(np.diff(events.user_offsets()))
    if len(users) > MAX_MINED_USERS:
        users = np.sort(rng.choice(users, MAX_MINED_USERS, replace=False))
    is_seen = np.append(towers.is_seen.cpu().numpy(), False)  # the last element is that of -1, the end of a short list
    excluded = [known.of_user(user) for user in users.tolist()]
    chosen = []
    for rows, _ in recommend(towers, events, users, last, excluded=excluded):
        rows = np.where(is_seen[rows], rows, -1)[:, first:]
        order = np.argsort(np.where(rows >= 0, rng.random(rows.shape), 2.0), axis=1)[:, :MAX_HARD_PER_USER]
        chosen.append(np.take_along_axis(rows, order, axis=1).astype(np.int32))
    place_of = np.full(events.n_users, -1, dtype=np.int32)
    place_of[users] = np.arange(len(users))
    return HardNegatives(np.concatenate(chosen), place_of)
