"""Mix of a frame's channels to mono: their mean, or where they cancel each other, a mix in which they do not."""

from typing import Any

import numpy as np

# Of the mean's energy to the energy that uncorrelated channels would leave in it: 1 for those, 2 for two equal ones.
# Below -6 dB they are nearly the inverse of each other (correlation -0.75), as a wrongly wired transfer leaves them,
# with what lossy encoding adds.
_MIN_ENERGY_RATIO = 0.25
_STRIDE = 61  # a first look takes one sample in so many; a prime, unlike the period of any tone in samples


def mono(frame: Any) -> np.ndarray:
    """Average a frame's channels, shape ``(n_samples,)`` float32, full scale 1.

    FFmpeg's own downmix is louder by the square root of two than the mean that librosa and soundfile take,
    so a mono and a stereo file of one song would get different vectors. Channels that cancel each other in the mean
    are turned the same way round first.
    """
    samples = frame.to_ndarray()  # planar: (channels, n); packed: (1, n * channels)
    n_channels = frame.layout.nb_channels
    if samples.dtype.kind in "iu":
        bits = 8 * samples.dtype.itemsize
        offset = 128 if samples.dtype == np.uint8 else 0
        scale = 1.0 / 2 ** (bits - 1)
    else:
        offset, scale = 0, 1.0
    channels = samples if frame.format.is_planar else samples.reshape(-1, n_channels).T  # (channels, n), a view
    if n_channels > 1 and _cancel(channels[:, ::_STRIDE].astype(np.float32) - np.float32(offset)):
        whole = channels.astype(np.float32) * np.float32(scale) - np.float32(offset * scale)
        if _cancel(whole):
            return _aligned_mean(whole)
    samples = samples.astype(np.float32, copy=False)
    if frame.format.is_planar:
        mean = samples[0]  # to_ndarray copies the planes, so it may be changed
        for channel in range(1, n_channels):
            mean += samples[channel]  # ten times faster than mean(axis=0) on two long rows
        mean *= np.float32(scale / n_channels)
    else:
        mean = samples.reshape(-1, n_channels) @ np.full(n_channels, scale / n_channels, dtype=np.float32)
    return mean - np.float32(offset * scale) if offset else mean


def _cancel(channels: np.ndarray) -> bool:
    """Detect channels, shape (n_channels, n_samples), whose sum is far below their own level."""
    products = channels @ channels.T  # (n_channels, n_channels)
    return bool(products.sum() < _MIN_ENERGY_RATIO * np.trace(products))


def _aligned_mean(channels: np.ndarray) -> np.ndarray:
    """Average channels after inverting those that oppose the louder ones; the first channel keeps its sign."""
    energies = np.einsum("ij,ij->i", channels, channels)
    mix, signs = np.zeros(channels.shape[1], dtype=np.float32), np.ones(len(channels), dtype=np.float32)
    for number in np.argsort(-energies, kind="stable"):
        signs[number] = -1 if np.dot(mix, channels[number]) < 0 else 1
        mix += signs[number] * channels[number]
    return mix * (signs[0] / np.float32(len(channels)))
