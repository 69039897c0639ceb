"""Random changes to log-mel spectrograms in training, such as a codec, an equaliser or a bad copy makes."""

import math

import torch
from torch import Tensor

_N_WAVES = 4  # cosines over the bands that make up a random color
_COLOR_DEVIATION = 0.01  # of each, in units of the dynamic range: 0.8 dB at the usual 80
_MIN_CUT = 0.75  # of the bands: the low-pass of the poorest mp3


def augment(log_mels: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Color log-mels at random, as another copy of the same music might be, shape (batch, n_mels, n_frames).

    All audible parts get a smooth random color, and half of the excerpts a random low-pass. A strong color would erase
    what distinguishes artists, which is their production. Loudness is not varied: `audio.mel` has removed it.
    """
    if strength == 0:
        return log_mels
    n, n_mels, _ = log_mels.shape
    phase = (torch.arange(n_mels) + 0.5) * math.pi / n_mels
    waves = torch.cos(torch.arange(_N_WAVES)[:, None] * phase)  # (waves, n_mels)
    color = torch.randn(n, _N_WAVES, generator=generator) @ waves * (_COLOR_DEVIATION * strength)
    cuts = _MIN_CUT + torch.rand(n, 1, generator=generator) * 2 * (1 - _MIN_CUT)  # half of them above all bands
    is_passed = (torch.arange(n_mels) / n_mels)[None] < cuts  # (batch, n_mels)
    color, is_passed = color.to(log_mels.device), is_passed.to(log_mels.device)
    return (log_mels + color[..., None] * (log_mels > 0)).clamp(0, 1) * is_passed[..., None]
