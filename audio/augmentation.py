"""What a codec, an equaliser or a bad copy does to a picture of sound, done at random while training."""

import math

import torch
from torch import Tensor

_N_WAVES = 4  # cosines over the bands that make up a random colour
_COLOUR = 0.01  # deviation of each, in units of the dynamic range: 0.8 dB at the usual 80
_LOWEST_CUT = 0.75  # of the bands: what the poorest mp3 leaves


def augment(pictures: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """The same music as another copy of it might sound, shape as `pictures`, (batch, n_mels, n_frames).

    A smooth random colour on what can be heard at all, and for half of the pictures nothing above a random band. A
    strong colour would erase what tells artists apart, which is their production; loudness needs nothing, since
    `audio.mel` has taken it away.
    """
    if strength == 0:
        return pictures
    n, n_mels, _ = pictures.shape
    place = (torch.arange(n_mels) + 0.5) * math.pi / n_mels
    waves = torch.cos(torch.arange(_N_WAVES)[:, None] * place)  # (waves, n_mels)
    colour = torch.randn(n, _N_WAVES, generator=generator) @ waves * (_COLOUR * strength)
    cuts = _LOWEST_CUT + torch.rand(n, 1, generator=generator) * 2 * (1 - _LOWEST_CUT)  # half of them above all bands
    passed = (torch.arange(n_mels) / n_mels)[None] < cuts  # (batch, n_mels)
    colour, passed = colour.to(pictures.device), passed.to(pictures.device)
    return (pictures + colour[..., None] * (pictures > 0)).clamp(0, 1) * passed[..., None]
