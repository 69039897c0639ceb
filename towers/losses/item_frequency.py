"""Expected counts of tracks in a batch: exact, or estimated from a stream too large to count."""

from typing import Any

import numpy as np

_RATE = 0.01  # a, the share of a new gap in the mean
_MULTIPLIERS = np.array(  # odd, so that multiplying permutes the 64-bit numbers (Knuth's multiplicative hashing)
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F],
    dtype=np.uint64,
)


def expected_counts(track_rows: np.ndarray, n_tracks: int, batch_size: int) -> np.ndarray:
    """The exact expected count of each track in a batch of events drawn at random: (n_tracks,) float64."""
    return np.bincount(track_rows, minlength=n_tracks) * (batch_size / max(len(track_rows), 1))


class StreamingFrequency:
    r"""Expected counts per batch of all tracks in a stream, in arrays of fixed size.

    Each bucket keeps two numbers: the step at which a track of it was last seen, and the mean number of steps between
    two such sightings [1]_. A mean gap of B steps is a probability of 1/B to be in a batch.

    .. math:: B \leftarrow (1 - a) B + a (t - A), \qquad A \leftarrow t

    Parameters
    ----------
    n_buckets : buckets of each hash; below the number of tracks, some share one
    batch_size, n_tracks : give the initial guess, before a first sighting
    n_hashes : 1 to 6 arrays; of several, the bucket with the longest gap counts, for it is shared the least

    Notes
    -----
    We differ from the paper in four points, each for a fault that was measured elsewhere.

    * It counts batches with the track, so that a track in every batch has probability 1, whether it occurs once or
      twenty times. A third array keeps the mean number per sighting, and `expected_counts` is that over the gap.
    * A first sighting has no gap: it only sets the step. Starting from 0 would make the first estimate a gap that was
      never observed.
    * The first sightings are averaged evenly (the share of the n-th gap is 1/(n+1) until that falls below a); otherwise
      a rare track stays at the initial guess for ever.
    * The first hash is the row itself modulo the buckets: with as many buckets as tracks nothing is shared at all.

    References
    ----------
    .. [1] Yi et al. Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations. RecSys 2019,
       algorithms 2 and 3.
    """

    def __init__(self, n_buckets: int, *, batch_size: int, n_tracks: int, n_hashes: int) -> None:
        self.n_hashes, self.n_buckets = n_hashes, n_buckets
        shape = (n_hashes, n_buckets)
        self.last_steps = np.full(shape, -1, dtype=np.int64)  # A; -1 before the first sighting
        self.gaps = np.full(shape, max(n_tracks / batch_size, 1.0), dtype=np.float32)  # B
        self.counts = np.ones(shape, dtype=np.float32)  # events per sighting
        self.n_sightings = np.zeros(shape, dtype=np.int32)

    def __repr__(self) -> str:
        seen = (self.last_steps[0] >= 0).mean()
        return f"<StreamingFrequency {self.n_hashes} x {self.n_buckets:,} buckets, {seen:.0%} seen>"

    def observe(self, track_rows: np.ndarray, step: int) -> None:
        """Learn from the tracks of a batch, shape (batch,); repeats count. Steps rise from batch to batch."""
        for hash in range(self.n_hashes):
            buckets, counts = np.unique(self._buckets(hash, track_rows), return_counts=True)
            last, gaps = self.last_steps[hash], self.gaps[hash]
            again = buckets[last[buckets] >= 0]
            share = np.maximum(_RATE, 1 / (self.n_sightings[hash, again] + 1)).astype(np.float32)
            gaps[again] += share * (step - last[again] - gaps[again])
            self.n_sightings[hash, buckets] += 1
            share = np.maximum(_RATE, 1 / self.n_sightings[hash, buckets]).astype(np.float32)
            self.counts[hash, buckets] += share * (counts - self.counts[hash, buckets])
            last[buckets] = step

    def expected_counts(self, track_rows: np.ndarray) -> np.ndarray:
        """The expected count of each track in a batch: the mean count of a sighting over the mean gap."""
        buckets = np.stack([self._buckets(hash, track_rows) for hash in range(self.n_hashes)])  # (n_hashes, n)
        gaps, counts = (np.take_along_axis(values, buckets, axis=1) for values in (self.gaps, self.counts))
        least_shared = gaps.argmax(axis=0), np.arange(len(track_rows))
        return counts[least_shared].astype(np.float64) / np.maximum(gaps[least_shared], 1.0)

    def state(self) -> dict[str, Any]:
        """The arrays that a checkpoint needs."""
        names = ("last_steps", "gaps", "counts", "n_sightings")
        return {name: getattr(self, name).copy() for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Resume from a `state` of the same shape."""
        for name, array in state.items():
            target = getattr(self, name)
            if target.shape != tuple(array.shape):
                raise ValueError(f"{name} is of shape {tuple(array.shape)}, and {target.shape} is needed")
            target[:] = array

    def _buckets(self, hash: int, track_rows: np.ndarray) -> np.ndarray:
        rows = np.asarray(track_rows, dtype=np.uint64)
        if hash:
            rows = ((rows + np.uint64(1)) * _MULTIPLIERS[hash - 1]) >> np.uint64(20)
        return (rows % np.uint64(self.n_buckets)).astype(np.int64)
