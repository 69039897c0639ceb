"""Who plays what: by that, candidates are no negatives of somebody."""

from dataclasses import dataclass

import numpy as np

from earshot.data.arrays import pair_keys, split_keys, unique_sorted

_MOST_PAIRS = 2**25  # of known tracks or listeners that a step looks through


class KnownPairs:
    """Who is known to play what: marks candidates that are no negatives."""

    def __init__(self, user_rows: np.ndarray, track_rows: np.ndarray, n_users: int, n_tracks: int) -> None:
        keys = unique_sorted(pair_keys(user_rows, track_rows))
        users, tracks = split_keys(keys)
        self._keys, self.n_users, self.n_tracks = keys, n_users, n_tracks
        self._tracks = tracks.astype(np.int32)
        self._user_starts = np.searchsorted(users, np.arange(n_users + 1))
        order = np.argsort(tracks, kind="stable")
        self._users = users[order].astype(np.int32)
        self._track_starts = np.searchsorted(tracks[order], np.arange(n_tracks + 1))

    def __repr__(self) -> str:
        return f"<KnownPairs {self.n_users:,} users x {self.n_tracks:,} tracks, {len(self._keys):,} pairs>"

    def of_user(self, user_row: int) -> np.ndarray:
        """The tracks of a user, rising."""
        return self._tracks[self._user_starts[user_row] : self._user_starts[user_row + 1]]

    def knows_all(self) -> np.ndarray:
        """Mark the users who play every track that anyone plays, (n_users,) bool."""
        return np.diff(self._user_starts) == np.count_nonzero(np.diff(self._track_starts))

    def contains(self, user_rows: np.ndarray, track_rows: np.ndarray) -> np.ndarray:
        """Whether each pair is known; shapes are broadcast. A user row of -1 knows nothing."""
        if not len(self._keys):
            return np.zeros(np.broadcast_shapes(user_rows.shape, track_rows.shape), dtype=bool)
        keys = pair_keys(user_rows, track_rows)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._keys[places] == keys

    def grid(self, user_rows: np.ndarray, track_rows: np.ndarray) -> np.ndarray:
        """Whether each user knows each track: (n_users, n_tracks) bool.

        It walks along the tracks of the users, or along the listeners of the tracks, whichever are fewer.
        """
        users, user_places = np.unique(user_rows, return_inverse=True)
        tracks, track_places = np.unique(track_rows, return_inverse=True)
        by_user = self._user_starts[users + 1] - self._user_starts[users]
        by_track = self._track_starts[tracks + 1] - self._track_starts[tracks]
        if min(by_user.sum(), by_track.sum()) > _MOST_PAIRS:
            return self.contains(user_rows[:, None], track_rows[None])
        marks = np.zeros((len(users), len(tracks)), dtype=bool)
        if by_user.sum() <= by_track.sum():
            rows, others = _ranges(self._user_starts[users], by_user)
            columns = _places(self._tracks[others], tracks, self.n_tracks)
        else:
            columns, others = _ranges(self._track_starts[tracks], by_track)
            rows = _places(self._users[others], users, self.n_users)
        there = (rows >= 0) & (columns >= 0)
        marks[rows[there], columns[there]] = True
        return marks.take(track_places, axis=1).take(user_places, axis=0)  # ten times as fast as an index array


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each range its number, repeated, and all positions in it."""
    owners = np.repeat(np.arange(len(starts)), lengths)
    firsts = np.cumsum(lengths) - lengths
    return owners, np.arange(len(owners)) - firsts[owners] + starts[owners]


def _places(rows: np.ndarray, names: np.ndarray, n: int) -> np.ndarray:
    """Where each row is among `names`, -1 for those that are not."""
    place_of = np.full(n, -1, dtype=np.int64)
    place_of[names] = np.arange(len(names))
    return place_of[rows]


@dataclass(frozen=True)
class HardNegatives:
    """Of some listeners, tracks that they never played and that were high on their lists."""

    track_rows: np.ndarray  # (n_asked, n_kept) int32, -1 behind the last of a shorter list
    place_of: np.ndarray  # (n_users,) int32: where in these a listener is, -1 for who was not asked

    def __repr__(self) -> str:
        return f"<HardNegatives of {len(self.track_rows):,} listeners>"

    def has(self, user_rows: np.ndarray) -> np.ndarray:
        """Of whom there is a track, bool."""
        found = np.zeros(len(self.place_of), dtype=bool)
        asked = np.flatnonzero(self.place_of >= 0)
        found[asked] = (self.track_rows[self.place_of[asked]] >= 0).any(axis=1)
        return found[user_rows]

    def draw(self, user_rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One track of each listener, shape as `user_rows`; -1 for who has none."""
        if not self.track_rows.size:
            return np.full(user_rows.shape, -1, dtype=np.int64)
        places = self.place_of[user_rows]
        lengths = (self.track_rows >= 0).sum(axis=1)[places]
        columns = (rng.random(user_rows.shape) * lengths).astype(np.int64)
        return np.where(places >= 0, self.track_rows[places, columns], -1)
