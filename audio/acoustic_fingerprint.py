"""Acoustic fingerprint of a track (Haitsma and Kalker, 2002), from the log-mel spectrograms that the encoder hears."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from earshot.data.fingerprint import N_BITS, N_LEVELS, SILENT, Fingerprint

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
    spectrograms : of each excerpt (n_mels, n_frames) float32, as `audio.mel.log_mel` makes it
        Frames every 32 ms and 96 bands from 30 Hz to 7 kHz; others can only be compared with their like.
    starts : seconds, one per excerpt
    dynamic_range : dB from 1 to 0 in the spectrograms
    """
    words: dict[int, np.ndarray] = {}
    levels: dict[int, np.ndarray] = {}
    for shape in {spectrogram.shape for spectrogram in spectrograms}:
        rows = [row for row, spectrogram in enumerate(spectrograms) if spectrogram.shape == shape]
        batch = np.stack([spectrograms[row] for row in rows])
        words |= zip(rows, _words(batch), strict=True)
        levels |= zip(rows, _levels(batch, dynamic_range), strict=True)
    order = range(len(spectrograms))
    return Fingerprint(
        np.array(starts, dtype=np.float32), [words[row] for row in order], [levels[row] for row in order]
    )


def _words(batch: np.ndarray) -> np.ndarray:
    """Signs of the changes in time of the differences between bands, (n_excerpts, n_words) uint32."""
    n_excerpts, n_mels, n_frames = batch.shape
    last_band = _FIRST_BAND + _BANDS_PER_BIT * (N_BITS + 1)
    if n_frames < _SMOOTHED + _STEP * _DELTA or n_mels < last_band:
        return np.empty((n_excerpts, 0), dtype=np.uint32)
    bands = batch[:, _FIRST_BAND:last_band].reshape(n_excerpts, N_BITS + 1, _BANDS_PER_BIT, n_frames).mean(axis=2)
    smooth = _window_means(bands, _SMOOTHED, _STEP)  # (n_excerpts, 33, n)
    slopes = np.diff(smooth, axis=1)
    is_rising = slopes[:, :, _DELTA:] > slopes[:, :, :-_DELTA]  # (n_excerpts, 32, n_words)
    packed = np.packbits(np.ascontiguousarray(is_rising.transpose(0, 2, 1)), axis=2, bitorder="little")
    words = np.ascontiguousarray(packed).view("<u4")[:, :, 0].astype(np.uint32)
    loudest = smooth.max(axis=1)
    words[np.minimum(loudest[:, _DELTA:], loudest[:, :-_DELTA]) < _QUIET] = SILENT
    return words


def _levels(batch: np.ndarray, dynamic_range: float) -> np.ndarray:
    """Mean power of wide bands over 1.5 s in dB, (n_excerpts, n_rows, N_LEVELS) int8."""
    n_excerpts, n_mels, n_frames = batch.shape
    n_bands = N_LEVELS * _BANDS_PER_LEVEL
    if n_frames < _MIN_LEVEL_FRAMES or n_mels < n_bands:
        return np.empty((n_excerpts, 0, N_LEVELS), dtype=np.int8)
    power = np.exp((batch[:, :n_bands] - 1) * np.float32(dynamic_range * math.log(10) / 10))
    bands = power.reshape(n_excerpts, N_LEVELS, _BANDS_PER_LEVEL, n_frames).mean(axis=2)
    means = _window_means(bands, min(_LEVEL_WINDOW, n_frames), _LEVEL_STEP)
    decibels = (10 * np.log10(np.maximum(means, 1e-12))).round().clip(-127, 0)
    return decibels.astype(np.int8).transpose(0, 2, 1)


def _window_means(x: np.ndarray, length: int, step: int) -> np.ndarray:
    """Means over time of windows of so many frames; of equal windows they are equal to the last bit."""
    return sliding_window_view(x, length, axis=-1)[..., ::step, :].mean(axis=-1)
