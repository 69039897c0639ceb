"""Interactions of users and tracks: one array for each fact, ordered by user and time, perhaps memory-mapped."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from earshot.data.arrays import pair_keys, split_keys

KINDS = ("listen", "like", "dislike", "unlike", "undislike")  # the code of a kind is its place here
LISTEN, LIKE, DISLIKE, UNLIKE, UNDISLIKE = range(len(KINDS))
SPLITS = ("train", "validation", "test")
_BLOCK_EVENTS = 4_000_000  # read together: checking memory-mapped arrays must not load them whole


@dataclass(frozen=True)
class Interactions:
    """Events between users and tracks, by rows; the ids behind the rows are in an `IdMap` of each.

    Parameters
    ----------
    user_rows, track_rows : (n_events,) int32
        Ordered by user.
    times : (n_events,) int64
        Seconds since 1970, never falling within a user. All 0 if no times are known.
    weights : (n_events,) float32, not negative
        The weight of each event: plays, or the share of the track that was played.
    kinds : (n_events,) uint8, codes into `KINDS`; if None, all are listens
    splits : (n_events,) uint8, codes into `SPLITS`; if None, the export gives no split

    Raises
    ------
    ValueError
        A shape or type differs, a row is out of range, the order is wrong, or a weight is negative.
    """

    user_rows: np.ndarray
    track_rows: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    n_users: int
    n_tracks: int
    kinds: np.ndarray | None = None
    splits: np.ndarray | None = None

    def __post_init__(self) -> None:
        columns = {"user_rows": np.int32, "track_rows": np.int32, "times": np.int64, "weights": np.float32}
        columns |= {name: np.uint8 for name in ("kinds", "splits") if getattr(self, name) is not None}
        for name, dtype in columns.items():
            array = getattr(self, name)
            if array.shape != (len(self),) or array.dtype != dtype:
                expected = f"{np.dtype(dtype)} of shape ({len(self)},)"
                raise ValueError(f"{name} must be {expected}, and is {array.dtype} of shape {array.shape}")
        for start, stop in blocks(len(self)):
            self._check(start, stop)

    def _check(self, start: int, stop: int) -> None:
        for name, array, n in (("user", self.user_rows, self.n_users), ("track", self.track_rows, self.n_tracks)):
            low, high = int(array[start:stop].min()), int(array[start:stop].max())
            if low < 0 or high >= n:
                raise ValueError(f"{name} row {low if low < 0 else high} among {n:,} {name}s")
        for name, codes, words in (("kind", self.kinds, KINDS), ("split", self.splits, SPLITS)):
            if codes is not None and codes[start:stop].max() >= len(words):
                raise ValueError(f"{name} {codes[start:stop].max()} is none of {len(words)}")
        if not (self.weights[start:stop] >= 0).all():  # NaN fails too
            raise ValueError(f"weight {self.weights[start:stop].min()} of an event; weights are not negative")
        before = max(start - 1, 0)  # the order must hold across blocks
        users, times = np.diff(self.user_rows[before:stop]), np.diff(self.times[before:stop])
        wrong = (users < 0) | ((users == 0) & (times < 0))
        if wrong.any():
            raise ValueError(f"event {before + 1 + int(wrong.argmax()):,} is not in the order of users and times")

    def __len__(self) -> int:
        return len(self.user_rows)

    def __repr__(self) -> str:
        return f"<Interactions {self.n_users:,} users x {self.n_tracks:,} tracks, {len(self):,} events>"

    def digest(self) -> str:
        """Hash the events; hexadecimal."""
        digest = hashlib.blake2b(digest_size=16)
        for start, stop in blocks(len(self)):
            for array in (self.user_rows, self.track_rows, self.times):
                digest.update(array[start:stop].tobytes())
        return digest.hexdigest()

    def user_offsets(self) -> np.ndarray:
        """Offsets of each user's first event, then the number of events: (n_users + 1,) int64."""
        return np.searchsorted(self.user_rows, np.arange(self.n_users + 1, dtype=np.int32)).astype(np.int64)

    def play_counts(self) -> np.ndarray:
        """Number of events of each track, (n_tracks,) int64."""
        return np.bincount(self.track_rows, minlength=self.n_tracks)

    def of_kind(self, kind: str) -> "Interactions":
        """Select the events of one kind."""
        code = KINDS.index(kind)
        if self.kinds is None:
            return self if code == 0 else self.select(np.zeros(len(self), dtype=bool))
        return self.select(self.kinds == code)

    def select(self, mask: np.ndarray) -> "Interactions":
        """Select events by a mask, (n_events,) bool; users and tracks keep their rows."""
        arrays = {name: array for name, array in vars(self).items() if isinstance(array, np.ndarray)}
        return replace(self, **{name: array[mask] for name, array in arrays.items()})


def blocks(n: int, size: int = _BLOCK_EVENTS) -> Iterator[tuple[int, int]]:
    """Yield the bounds of consecutive blocks of n events."""
    for start in range(0, n, size):
        yield start, min(start + size, n)


def active_mask(user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Mark positive events, (n_events,) bool: listens, and likes that no unlike or dislike followed.

    Parameters
    ----------
    user_rows, track_rows, kinds : (n_events,), as in `data.events.interactions.Interactions`, each user's by time
    """
    mask = np.asarray(kinds) == LISTEN
    likes = np.flatnonzero(kinds == LIKE)
    if len(likes):
        liked = _pairs_that_end_in(LIKE, (LIKE, UNLIKE, DISLIKE), user_rows, track_rows, kinds)
        mask[likes] = np.isin(pair_keys(user_rows[likes], track_rows[likes]), liked)
    return mask


def disliked_pairs(user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the pairs whose last opinion is a dislike: users, rising, and tracks, (n,) each."""
    keys = _pairs_that_end_in(DISLIKE, (DISLIKE, UNDISLIKE, LIKE), user_rows, track_rows, kinds)
    return split_keys(keys)


def revoked_pairs(user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Find the pairs whose last opinion is an unlike or a dislike: (n,) int64 of `pair_keys`, rising."""
    rows = np.flatnonzero(np.isin(kinds, (UNLIKE, DISLIKE)))
    liked = _pairs_that_end_in(LIKE, (LIKE, UNLIKE, DISLIKE), user_rows, track_rows, kinds)
    return np.setdiff1d(pair_keys(user_rows[rows], track_rows[rows]), liked)


def _pairs_that_end_in(
    last: int, among: tuple[int, ...], user_rows: np.ndarray, track_rows: np.ndarray, kinds: np.ndarray
) -> np.ndarray:
    """Keys of the pairs whose last event among some kinds is of the kind `last`: (n,) int64, rising."""
    rows = np.flatnonzero(np.isin(kinds, among))[::-1]
    keys, latest = np.unique(pair_keys(user_rows[rows], track_rows[rows]), return_index=True)
    return keys[kinds[rows[latest]] == last]


def without_dislikes(listens: Interactions) -> Interactions:
    """Select listens, and likes that were not taken back."""
    if listens.kinds is None:
        return listens
    mask = active_mask(listens.user_rows, listens.track_rows, listens.kinds)
    return listens if mask.all() else listens.select(mask)


def dislikes(listens: Interactions) -> tuple[np.ndarray, np.ndarray] | None:
    """Find the disliked pairs: users, rising, and tracks, (n,) each; None if only listens are known."""
    return None if listens.kinds is None else disliked_pairs(listens.user_rows, listens.track_rows, listens.kinds)
