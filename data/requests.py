"""Who asks for recommendations, and what they are known to have played."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap


@dataclass(frozen=True)
class RecommendRequest:
    """One listener, in the data or not.

    Parameters
    ----------
    played : (n,) int64
        Ids of tracks, the latest last; each as often as it was played.
    times : (n,) int64
        Seconds since 1970, never falling; all 0 where the order means nothing.
    weights : (n,) float32
    kinds : (n,) uint8, codes into `data.events.interactions.KINDS`; without, all are listens
    user_id : -1 for somebody who is not in the data
    seed_id : the track that plays now
    disliked : (n,) int64, ids of the tracks that no list may hold
    """

    played: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    kinds: np.ndarray | None = None
    user_id: int = -1
    seed_id: int | None = None
    disliked: np.ndarray | None = None

    @classmethod
    def stranger(
        cls, played: Sequence[int] | np.ndarray, *, ordered: bool, seed_id: int | None = None
    ) -> "RecommendRequest":
        """Somebody who is not in the data: all that they played was played whole, and a moment ago."""
        tracks = np.asarray(played, dtype=np.int64)
        times = np.full(len(tracks), int(ordered), dtype=np.int64)
        return cls(tracks, times, np.ones(len(tracks), dtype=np.float32), seed_id=seed_id)

    def __len__(self) -> int:
        return len(self.played)

    def __repr__(self) -> str:
        who = "a stranger" if self.user_id < 0 else f"listener {self.user_id}"
        return f"<Asker {who}, {len(self):,} plays>"

    @property
    def is_ordered(self) -> bool:
        return bool(self.times.any())

    @property
    def seeds(self) -> np.ndarray:
        """The id of the track that plays now, or none: (0,) or (1,)."""
        return np.array([] if self.seed_id is None else [self.seed_id], dtype=np.int64)

    def left_out(self, *, novel: bool) -> np.ndarray:
        """The ids of the tracks that their list shall not hold."""
        disliked = np.array([], dtype=np.int64) if self.disliked is None else self.disliked
        return np.concatenate([self.track_ids() if novel else self.seeds, disliked])

    def track_ids(self) -> np.ndarray:
        """Of all that was played and what plays now, which is the last."""
        return np.concatenate([self.played, self.seeds])


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
        return self.tracks.all_ids[len(self.vectors) :]

    def plays(self, track_ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """How often each track here was played, (n_tracks,), by counts of tracks that may be elsewhere."""
        rows = self.tracks.find(track_ids)
        plays = np.zeros(len(self), dtype=np.int64)
        plays[rows[rows >= 0]] = counts[rows >= 0]
        return plays

    def digest(self) -> str:
        """Hexadecimal, the same only for the same tracks by the same artists."""
        digest = hashlib.blake2b(self.tracks.all_ids.tobytes(), digest_size=8)
        digest.update(self.artists.tobytes())
        return digest.hexdigest()
