"""What a recommendation may choose from: every track that is there, with the vector that trained towers gave it."""

import hashlib
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap


@dataclass(frozen=True)
class Candidates:
    """All tracks of which somebody may be told; those that the last training made a vector of come first.

    Parameters
    ----------
    artists : (n_tracks,) int64, the id of each track's artist, -1 where nobody knows
    vectors : (n_stored, dim) float32
    """

    tracks: IdMap
    artists: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.tracks)

    def __repr__(self) -> str:
        return f"<Shelf {len(self):,} tracks, {len(self.vectors):,} with a vector>"

    @property
    def newcomers(self) -> np.ndarray:
        """The ids of the tracks that came after the training, in the order of the rows that are left."""
        return self.tracks.ids(np.arange(len(self.vectors), len(self)))

    def plays(self, track_ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """How often each track here was played, (n_tracks,), by counts of tracks that may be elsewhere."""
        rows = self.tracks.find(track_ids)
        plays = np.zeros(len(self), dtype=np.int64)
        plays[rows[rows >= 0]] = counts[rows >= 0]
        return plays

    def digest(self) -> str:
        """Hexadecimal, the same only for the same tracks by the same artists."""
        digest = hashlib.blake2b(self.tracks.ids(np.arange(len(self))).tobytes(), digest_size=8)
        digest.update(self.artists.tobytes())
        return digest.hexdigest()
