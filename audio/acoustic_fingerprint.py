"""Acoustic fingerprint of a track, from the log-mel spectrograms that the encoder hears."""

from collections.abc import Sequence

import numpy as np

from earshot.data.fingerprint import N_BITS, N_LEVELS, Fingerprint

# A window of a third of a second every 96 ms, as in the paper; 33 bands between 0.3 and 3 kHz, where every codec and
# every microphone leaves the music alone.
_SMOOTHED = 11  # frames of 32 ms
_STEP = 3
_DELTA = 2  # words between which energies are compared
_FIRST_BAND = 10
_BANDS_PER_BIT = 2
_QUIET = 0.1  # of the spectrogram's range, the loudest band: 72 dB below the excerpt's loudest point
_LEVEL_WINDOW = 48  # frames: 1.5 s
_LEVEL_STEP = 4 * _STEP
_BANDS_PER_LEVEL = 8
_MIN_LEVEL_FRAMES = 16


def fingerprint(spectrograms: Sequence[np.ndarray], starts: Sequence[float], dynamic_range: float) -> Fingerprint:
    """Compute the fingerprint of a track.

    Parameters
    ----------
    spectrograms : of each excerpt (n_mels, n_frames) as `audio.mel.log_mel` makes it
        Frames every 32 ms and 96 bands from 30 Hz to 7 kHz; others can only be compared with their like.
    starts : seconds, one per excerpt
    dynamic_range : dB from 1 to 0 in the spectrograms
    """
    words = [_words(spectrogram) for spectrogram in spectrograms]
    levels = [_levels(spectrogram, dynamic_range) for spectrogram in spectrograms]
    return Fingerprint(np.array(starts, dtype=np.float32), words, levels)


def _words(spectrogram: np.ndarray) -> np.ndarray:
    """Signs of the changes in time of the differences between bands, (n_words,) uint32."""
    last_band = _FIRST_BAND + _BANDS_PER_BIT * (N_BITS + 1)
    if spectrogram.shape[1] < _SMOOTHED or spectrogram.shape[0] < last_band:
        return np.empty(0, dtype=np.uint32)
    bands = spectrogram[_FIRST_BAND:last_band].reshape(N_BITS + 1, _BANDS_PER_BIT, -1).mean(axis=1)
    smooth = _running_mean(bands, _SMOOTHED)[:, ::_STEP]  # (33, n)
    slopes = np.diff(smooth, axis=0)
    is_rising = (slopes[:, _DELTA:] - slopes[:, :-_DELTA]) > 0  # (32, n_words)
    words = np.packbits(is_rising.T, axis=1, bitorder="little").view("<u4").ravel().astype(np.uint32)
    loudest = smooth.max(axis=0)
    words[np.minimum(loudest[_DELTA:], loudest[:-_DELTA]) < _QUIET] = 0
    return words


def _levels(spectrogram: np.ndarray, dynamic_range: float) -> np.ndarray:
    """Mean power of wide bands over 1.5 s in dB, (n_rows, N_LEVELS) int8."""
    n_bands, n_frames = N_LEVELS * _BANDS_PER_LEVEL, spectrogram.shape[1]
    if n_frames < _MIN_LEVEL_FRAMES or spectrogram.shape[0] < n_bands:
        return np.empty((0, N_LEVELS), dtype=np.int8)
    power = 10 ** ((spectrogram[:n_bands] - 1) * (dynamic_range / 10))
    bands = power.reshape(N_LEVELS, _BANDS_PER_LEVEL, n_frames).mean(axis=1)
    means = _running_mean(bands, min(_LEVEL_WINDOW, n_frames))[:, ::_LEVEL_STEP]
    return np.clip(np.round(10 * np.log10(np.maximum(means, 1e-12))), -127, 0).astype(np.int8).T


def _running_mean(rows: np.ndarray, n: int) -> np.ndarray:
    """Means of n neighbouring columns, (n_rows, n_columns - n + 1)."""
    sums = np.cumsum(rows, axis=1, dtype=np.float64)
    sums = np.concatenate([np.zeros((len(rows), 1)), sums], axis=1)
    return (sums[:, n:] - sums[:, :-n]) / n
