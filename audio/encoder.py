"""The CNN: a picture of a few seconds of sound becomes a point on the unit sphere."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audio.config import EncoderConfig, MelConfig


class Encoder(nn.Module):
    """Conv1d stages over time, pooled over time, projected, normalised.

    ::

        (batch, n_mels, n_frames)
            -> [Conv1d -> ReLU -> max-pool] x stages      (batch, channels, n_frames / pool_size ** stages)
            -> mean, maximum and deviation over time      (batch, 3 * channels)
            -> Linear -> L2 norm                          (batch, dim)

    The mel bands are the input channels, so a convolution sees the whole spectrum and slides over time only
    (Dieleman, "Recommending music on Spotify with deep learning", 2014). Mean alone forgets how much the
    music moves; the maximum and the deviation remember.
    """

    def __init__(self, mel: MelConfig, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        widths = [mel.n_mels] + [config.channels] * config.stages
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n_in, n_out, config.kernel_size, padding=config.kernel_size // 2)
            for n_in, n_out in pairwise(widths)
        )
        self.pool = nn.MaxPool1d(config.pool_size, ceil_mode=True)  # ceil: even one frame survives every stage
        self.projection = nn.Linear(3 * config.channels, config.dim, bias=False)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Unit vectors, shape (batch, dim), of log-mel spectrograms, shape (batch, n_mels, n_frames)."""
        x = spectrograms
        for convolution in self.convolutions:
            x = self.pool(F.relu(convolution(x)))
        pooled = torch.cat([x.mean(dim=-1), x.amax(dim=-1), x.std(dim=-1, correction=0)], dim=-1)
        return F.normalize(self.projection(pooled), dim=-1)


def untrained_encoder(mel: MelConfig, config: EncoderConfig) -> Encoder:
    """An encoder whose initial weights depend on ``config.seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Encoder(mel, config).eval()
