"""Unsupervised statistics of a log-mel spectrogram: timbre and its change, covariance, and rhythm."""

import functools
import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from earshot.audio.encoder_shape import FLOOR, HOP, MODULATION_EDGES, N_CEPSTRA, N_RHYTHM_CEPSTRA, WINDOW


@torch.no_grad()
def spectrogram_statistics(spectrograms: Tensor) -> Tensor:
    """Compute four blocks of statistics side by side, shape (batch, sum of `encoder_shape.n_statistics`).

    ::

        bands       mean, deviation and deviation of differences of each mel band
        cepstra     the same of the cosine transform over the bands: timbre, decorrelated across bands
        rhythm      log power of each cepstrum's modulation spectrum, in bands of 0.2 to 15 Hz
        covariance  of the cepstra, each entry as its signed root

    Parameters
    ----------
    spectrograms : shape (batch, n_mels, n_frames), n_frames >= 1

    References
    ----------
    Logan. Mel Frequency Cepstral Coefficients for Music Modeling. ISMIR 2000.
    Pampalk, Rauber, Merkl. Content-based Organization and Visualization of Music Archives. ACM MM 2002
    (fluctuation patterns). Mandel, Ellis. Song-Level Features and SVMs. ISMIR 2005 (covariance).
    """
    with torch.autocast(spectrograms.device.type, enabled=False):  # logarithms of small differences want float32
        spectrograms = spectrograms.float()
        cepstra = _cosine_transform(spectrograms.shape[1], spectrograms.device) @ spectrograms  # of the same shape
        blocks = [
            _moments(spectrograms),
            _moments(cepstra[:, 1 : N_CEPSTRA + 1]),
            _rhythm(cepstra[:, :N_RHYTHM_CEPSTRA]),
        ]
        return torch.cat([*blocks, _covariance(cepstra[:, 1 : N_RHYTHM_CEPSTRA + 1])], dim=-1)


def _moments(x: Tensor) -> Tensor:
    """Mean, deviation and deviation of differences over time, shape (batch, 3 * n_rows)."""
    steps = torch.diff(x, dim=-1, prepend=x[..., :1])
    return torch.cat([x.mean(-1), _deviation(x), _deviation(steps)], dim=-1)


def _deviation(x: Tensor) -> Tensor:
    return (x - x.mean(-1, keepdim=True)).square().mean(-1).sqrt()  # x.std warns where there are no rows


def _rhythm(x: Tensor) -> Tensor:
    """Log power in bands of modulation frequency, shape (batch, n_rows * n_bands)."""
    if x.shape[-1] < WINDOW:
        x = F.pad(x - x.mean(-1, keepdim=True), (0, WINDOW - x.shape[-1]))
    windows = x.unfold(-1, WINDOW, HOP)  # (batch, n_rows, n_windows, WINDOW)
    windows = (windows - windows.mean(-1, keepdim=True)) * torch.hann_window(WINDOW, device=x.device)
    power = torch.fft.rfft(windows).abs().square().mean(dim=2)  # (batch, n_rows, WINDOW // 2 + 1)
    bands = [power[..., low:high].mean(-1) for low, high in pairwise(MODULATION_EDGES)]
    return (torch.stack(bands, dim=-1) + FLOOR).log().flatten(1)


def _covariance(x: Tensor) -> Tensor:
    """The upper triangle of the covariance, each entry as its signed root, shape (batch, n_pairs)."""
    centred = x - x.mean(-1, keepdim=True)
    covariance = centred @ centred.mT / x.shape[-1]  # (batch, n_rows, n_rows)
    rows, columns = torch.triu_indices(x.shape[1], x.shape[1], device=x.device)
    entries = covariance[:, rows, columns]
    return entries.sign() * entries.abs().sqrt()


@functools.lru_cache(maxsize=4)
def _cosine_transform(n: int, device: torch.device) -> Tensor:
    """The orthonormal DCT-II as a matrix, shape (n, n): row k is the k-th cepstrum."""
    with torch.inference_mode(False):
        phase = (torch.arange(n, device=device) + 0.5) * math.pi / n
        matrix = torch.cos(torch.arange(n, device=device)[:, None] * phase) * math.sqrt(2 / n)
        matrix[0] /= math.sqrt(2)
        return matrix
