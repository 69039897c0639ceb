"""The mel filterbank and the window of the front end, as librosa and torchaudio make them, by NumPy alone."""

import numpy as np

from earshot.audio.config import MelConfig

# Slaney's mel scale: linear below 1 kHz, 15 mel there, and logarithmic above, 27 mel up to 6.4 kHz.
_LINEAR_HZ = 200 / 3  # per mel
_BREAK_HZ = 1_000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27


def mel_filters(config: MelConfig) -> np.ndarray:
    """Triangular filters of equal area, shape (n_fft // 2 + 1, n_mels) float32: a power spectrum times them is mel.

    References
    ----------
    Slaney. Auditory Toolbox. Technical report 1998-010, Interval Research, 1998.
    """
    bins = np.linspace(0, config.sample_rate / 2, config.n_fft // 2 + 1)[:, None]  # Hz
    edges = _mel_to_hz(np.linspace(_hz_to_mel(config.f_min), _hz_to_mel(config.f_max), config.n_mels + 2))
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    return (np.maximum(triangles, 0) * 2 / (upper - lower)).astype(np.float32)


def periodic_hann(length: int) -> np.ndarray:
    """A Hann window whose next sample would be its first, shape (length,) float64."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def _hz_to_mel(frequency: float) -> float:
    if frequency < _BREAK_HZ:
        return frequency / _LINEAR_HZ
    return _BREAK_MEL + float(np.log(frequency / _BREAK_HZ)) / _LOG_STEP


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, logarithmic)
