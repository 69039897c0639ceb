"""Acoustic fingerprints: what is kept of a track's sound to recognize the same recording in another file.

Haitsma and Kalker, A Highly Robust Audio Fingerprinting System, ISMIR 2002: signs of band-energy differences survive
re-encoding, gain and filters. To them come the levels of ten wide bands: a remix shares the signs of the backing that
it keeps, but not the levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

WORD_SECONDS = 0.096  # between two words of an excerpt
LEVEL_SECONDS = 4 * WORD_SECONDS  # between two rows of levels
N_BITS = 32
N_LEVELS = 10
SILENT = 0  # the word of a moment without sound

_FORMAT = 1
_HEADER = np.dtype([("start", "<f4"), ("n_words", "<u2"), ("n_rows", "<u2")])  # of an excerpt
_MAX_LAG = round(60 / WORD_SECONDS)  # words: silence that another file may begin with
_MIN_WORDS = 26  # 2.5 s that both files hold; of short tracks this share of the shorter one
_MIN_SHARE = 0.3
_INAUDIBLE = -50  # dB below an excerpt's loudest point; of such bands a codec may leave anything
_MAX_DIFFERENCE = 20  # dB: beyond, more difference says no more


@dataclass(frozen=True)
class Fingerprint:
    """The fingerprint of a track, excerpt after excerpt."""

    starts: np.ndarray  # (n_excerpts,) float32, seconds
    words: Sequence[np.ndarray]  # of each excerpt (n_words,) uint32
    levels: Sequence[np.ndarray]  # of each excerpt (n_rows, N_LEVELS) int8, dB below its loudest point

    def __len__(self) -> int:
        return sum(map(len, self.words))

    def __repr__(self) -> str:
        return f"<Fingerprint of {len(self.starts)} excerpts, {len(self)} words>"

    def audible(self) -> tuple[np.ndarray, np.ndarray]:
        """Words of all excerpts that are not silent, (n_words,) uint32, and their places in the track, in words."""
        places = [
            np.round(start / WORD_SECONDS).astype(np.int64) + np.arange(len(words))
            for start, words in zip(self.starts, self.words, strict=True)
        ]
        words, place = np.concatenate([*self.words, []]).astype(np.uint32), np.concatenate([*places, []])
        return words[words != SILENT], place[words != SILENT].astype(np.int64)

    def seconds(self) -> np.ndarray:
        """The moments that are not silent, (n,), rising within an excerpt."""
        return np.sort(self.audible()[1] * WORD_SECONDS)

    def bits_changed(self) -> float:
        """Mean number of bits, of 32, that change from word to word: few in a sound that stands still."""
        pairs = [np.stack([words[:-1], words[1:]]) for words in self.words if len(words) > 1]
        before, after = np.concatenate([*pairs, np.empty((2, 0), dtype=np.uint32)], axis=1)
        changes = np.bitwise_count(before ^ after)[(before != SILENT) & (after != SILENT)]
        return float(changes.mean()) if len(changes) else 0.0

    def to_bytes(self) -> bytes:
        """The form in which the library stores it: about 1.7 kB for six excerpts of 5 s."""
        header = np.empty(len(self.starts), dtype=_HEADER)
        header["start"] = self.starts
        header["n_words"], header["n_rows"] = (list(map(len, part)) for part in (self.words, self.levels))
        words = b"".join(part.astype("<u4").tobytes() for part in self.words)
        levels = b"".join(rows.tobytes() for rows in self.levels)
        return bytes([_FORMAT, len(self.starts) & 255, len(self.starts) >> 8]) + header.tobytes() + words + levels

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            It is something else, or of a newer version.
        """
        n = data[1] + 256 * data[2] if len(data) >= 3 and data[0] == _FORMAT else -1
        begin = 3 + n * _HEADER.itemsize
        if n < 0 or len(data) < begin:
            raise ValueError("not a fingerprint that this version reads")
        header = np.frombuffer(data, dtype=_HEADER, count=n, offset=3)
        n_words, n_rows = int(header["n_words"].sum()), int(header["n_rows"].sum())
        if len(data) != begin + 4 * n_words + N_LEVELS * n_rows or not np.isfinite(header["start"]).all():
            raise ValueError("a damaged fingerprint")
        words = np.frombuffer(data, dtype="<u4", count=n_words, offset=begin)
        levels = np.frombuffer(data, dtype=np.int8, offset=begin + 4 * n_words).reshape(n_rows, N_LEVELS)
        split_words = np.split(words, np.cumsum(header["n_words"])[:-1]) if n else []
        split_levels = np.split(levels, np.cumsum(header["n_rows"])[:-1]) if n else []
        return cls(header["start"].copy(), split_words, split_levels)


@dataclass(frozen=True)
class Alignment:
    """Two fingerprints, laid over each other where they agree best."""

    one: Fingerprint
    other: Fingerprint
    agreement: float  # 1 for equal bits, 0 for chance
    lag: int  # words that the other track comes later
    n_words: int  # compared

    @property
    def seconds(self) -> float:
        """The lag in seconds."""
        return self.lag * WORD_SECONDS

    @property
    def level_difference(self) -> float:
        """Difference of the levels in dB, root mean square over the bands, regardless of loudness."""
        return _level_difference(self.one, self.other, self.seconds)


def align(one: Fingerprint, other: Fingerprint) -> Alignment | None:
    """Compare two fingerprints at every lag; None if they have too little in common in time."""
    words, places = one.audible()
    other_words, other_places = other.audible()
    shorter = min(len(words), len(other_words))
    if not shorter:
        return None
    lags = other_places[None, :] - places[:, None]  # (n_words, n_other_words)
    is_near = np.abs(lags) <= _MAX_LAG
    if not is_near.any():
        return None
    differing = np.bitwise_count(words[:, None] ^ other_words[None, :])[is_near]
    lags = lags[is_near] + _MAX_LAG
    n_words = np.bincount(lags, minlength=1)
    agreement = 1 - 2 * np.bincount(lags, differing) / np.maximum(N_BITS * n_words, 1)
    is_enough = n_words >= min(_MIN_WORDS, max(1, _MIN_SHARE * shorter))
    if not is_enough.any():
        return None
    best = int(np.argmax(np.where(is_enough, agreement * np.sqrt(n_words), -np.inf)))
    return Alignment(one, other, float(agreement[best]), best - _MAX_LAG, int(n_words[best]))


def _level_difference(one: Fingerprint, other: Fingerprint, lag: float) -> float:
    """Root mean square of the differences in dB between levels at a lag in seconds; 0 where none can be compared."""
    differences = [np.zeros(0)]
    other_rows = [
        (start + LEVEL_SECONDS * np.arange(len(levels)), levels.astype(np.float64))
        for start, levels in zip(other.starts, other.levels, strict=True)
        if len(levels)
    ]
    for start, levels in zip(one.starts, one.levels, strict=True):
        times = start + LEVEL_SECONDS * np.arange(len(levels)) + lag
        for other_times, other_levels in other_rows:
            is_common = (times >= other_times[0] - 0.01) & (times <= other_times[-1] + 0.01)
            if not is_common.any():
                continue
            left = levels[is_common].astype(np.float64)
            right = np.stack([np.interp(times[is_common], other_times, band) for band in other_levels.T], axis=1)
            difference = left - right
            difference -= np.median(difference)  # excerpts are relative to their own loudest points
            difference[(left < _INAUDIBLE) & (right < _INAUDIBLE)] = 0
            differences.append(np.minimum(np.abs(difference), _MAX_DIFFERENCE).ravel())
    compared = np.concatenate(differences)
    return float(np.sqrt(np.mean(compared**2))) if len(compared) else 0.0
