"""A request for recommendations, and the candidates that may answer it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap


@dataclass(frozen=True)
class RecommendRequest:
    """A user, in the data or new, and their history.

    Parameters
    ----------
    played : (n,) int64
        Ids of tracks, the latest last; each as often as it was played.
    times : (n,) int64
        Seconds since 1970, never falling; all 0 where the order means nothing.
    weights : (n,) float32
    kinds : (n,) uint8, codes into `data.events.interactions.KINDS`; without, all are listens
    user_id : -1 for a user who is not in the data
    seed_id : the track that plays now
    disliked : (n,) int64, ids of tracks that are never recommended
    """

    played: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    kinds: np.ndarray | None = None
    user_id: int = -1
    seed_id: int | None = None
    disliked: np.ndarray | None = None

    @classmethod
    def for_new_user(
        cls,
        played: Sequence[int] | np.ndarray,
        *,
        ordered: bool,
        seed_id: int | None = None,
        disliked: np.ndarray | None = None,
    ) -> "RecommendRequest":
        """Request for a user who is not in the data; every track counts as one whole play, a moment ago."""
        tracks = np.asarray(played, dtype=np.int64)
        times = np.full(len(tracks), int(ordered), dtype=np.int64)
        weights = np.ones(len(tracks), dtype=np.float32)
        return cls(tracks, times, weights, seed_id=seed_id, disliked=disliked)

    def __len__(self) -> int:
        return len(self.played)

    def __repr__(self) -> str:
        user = "new user" if self.user_id < 0 else f"user {self.user_id}"
        return f"<RecommendRequest {user}, {len(self):,} plays>"

    @property
    def is_ordered(self) -> bool:
        """Whether the history has an order."""
        return bool(self.times.any())

    @property
    def seeds(self) -> np.ndarray:
        """The id of the track that plays now, or none: (0,) or (1,)."""
        return np.array([] if self.seed_id is None else [self.seed_id], dtype=np.int64)

    def excluded_ids(self, *, novel: bool) -> np.ndarray:
        """The ids of the tracks that may not be recommended: disliked ones, and with `novel` those played."""
        disliked = np.array([], dtype=np.int64) if self.disliked is None else self.disliked
        return np.concatenate([self.track_ids() if novel else self.seeds, disliked])

    def track_ids(self) -> np.ndarray:
        """The ids of the history, then of the track that plays now."""
        return np.concatenate([self.played, self.seeds])


@dataclass(frozen=True)
class Candidates:
    """All tracks that may be recommended; those with a vector of the last training come first.

    Parameters
    ----------
    artists : (n_tracks,) int64, the id of each track's artist, -1 if unknown
    vectors : (n_stored, dim) float32
    """

    tracks: IdMap
    artists: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.tracks)

    def __repr__(self) -> str:
        return f"<Candidates {len(self):,} tracks, {len(self.vectors):,} with a vector>"

    @property
    def new_ids(self) -> np.ndarray:
        """The ids of the tracks without a vector, in the order of their rows."""
        return self.tracks.all_ids[len(self.vectors) :]

    def plays(self, track_ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The play count of each candidate, (n_tracks,); `track_ids` may hold other tracks, too."""
        rows = self.tracks.find(track_ids)
        plays = np.zeros(len(self), dtype=np.int64)
        plays[rows[rows >= 0]] = counts[rows >= 0]
        return plays

    def digest(self) -> str:
        """Hash of the candidates and their artists, hexadecimal."""
        digest = hashlib.blake2b(self.tracks.all_ids.tobytes(), digest_size=8)
        digest.update(self.artists.tobytes())
        return digest.hexdigest()
