"""Known positives: pairs of a user and a track that they play, which are no negatives."""

import numpy as np

from earshot.data.arrays import pair_keys, split_keys, unique_sorted

_MAX_GRID_PAIRS = 2**25  # known pairs that a step reads one by one


class KnownPairs:
    """All pairs of a user and a track that they play."""

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
        """Mark the known pairs; shapes are broadcast. A user row of -1 has none."""
        if not len(self._keys):
            return np.zeros(np.broadcast_shapes(user_rows.shape, track_rows.shape), dtype=bool)
        keys = pair_keys(user_rows, track_rows)
        positions = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return self._keys[positions] == keys

    def grid(self, user_rows: np.ndarray, track_rows: np.ndarray) -> np.ndarray:
        """Mark the known pairs of each user with each track: (n_users, n_tracks) bool.

        It reads the tracks of the users, or the users of the tracks, whichever are fewer.
        """
        users, user_positions = np.unique(user_rows, return_inverse=True)
        tracks, track_positions = np.unique(track_rows, return_inverse=True)
        by_user = self._user_starts[users + 1] - self._user_starts[users]
        by_track = self._track_starts[tracks + 1] - self._track_starts[tracks]
        if min(by_user.sum(), by_track.sum()) > _MAX_GRID_PAIRS:
            return self.contains(user_rows[:, None], track_rows[None])
        marks = np.zeros((len(users), len(tracks)), dtype=bool)
        if by_user.sum() <= by_track.sum():
            rows, pairs = _ranges(self._user_starts[users], by_user)
            columns = _positions(self._tracks[pairs], tracks, self.n_tracks)
        else:
            columns, pairs = _ranges(self._track_starts[tracks], by_track)
            rows = _positions(self._users[pairs], users, self.n_users)
        is_inside = (rows >= 0) & (columns >= 0)
        marks[rows[is_inside], columns[is_inside]] = True
        return marks.take(track_positions, axis=1).take(user_positions, axis=0)  # ten times as fast as an index array


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each range, once for each position in it, and all these positions."""
    owners = np.repeat(np.arange(len(starts)), lengths)
    firsts = np.cumsum(lengths) - lengths
    return owners, np.arange(len(owners)) - firsts[owners] + starts[owners]


def _positions(rows: np.ndarray, chosen: np.ndarray, n: int) -> np.ndarray:
    """The position of each row among `chosen`, -1 for none; rows are below n."""
    position_of = np.full(n, -1, dtype=np.int64)
    position_of[chosen] = np.arange(len(chosen))
    return position_of[rows]
