"""Negatives that are hard to tell apart: what the towers of the epoch before took for a listener's taste."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class HardNegatives:
    """Of some listeners, tracks that they never played and that were high on their lists."""

    track_rows: np.ndarray  # (n_asked, n_kept) int32, -1 behind the last of a shorter list
    place_of: np.ndarray  # (n_users,) int32: where in these a listener is, -1 for who was not asked

    def __repr__(self) -> str:
        return f"<HardTracks of {len(self.track_rows):,} listeners>"

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
