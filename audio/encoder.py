"""Convolutional encoder from log-mel spectrograms to vectors on the unit sphere."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.audio.config import EncoderConfig, MelConfig
from earshot.audio.encoder_shape import feature_blocks
from earshot.audio.mel_statistics import spectrogram_statistics


class Encoder(nn.Module):
    """Conv1d stages pooled over time, beside unsupervised statistics of the spectrogram; projected, normalised.

    ::

        (batch, n_mels, n_frames)
          |-> [Conv1d -> batch norm -> ReLU -> max-pool] x stages    (batch, channels, n_frames / pool_size ** stages)
          |     -> mean, maximum and deviation over time             (batch, 3 * channels)
          |-> statistics of the spectrogram                          (batch, n_statistics)
          '-> both, standardised -> dropout -> Linear -> L2 norm     (batch, dim)

    The mel bands are the input channels, so a convolution sees the whole spectrum and slides over time only
    (Dieleman, "Recommending music on Spotify with deep learning", 2014). Convolutions need many tracks before
    they beat `audio.mel_statistics`; beside it, they only ever add.
    """

    def __init__(self, mel: MelConfig, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        widths = [mel.n_mels] + [config.channels] * config.stages
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n_in, n_out, config.kernel_size, padding=config.kernel_size // 2)
            for n_in, n_out in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(config.channels) for _ in range(config.stages))
        self.pool = nn.MaxPool1d(config.pool_size, ceil_mode=True)  # ceil: even one frame survives every stage
        self.blocks = feature_blocks(mel.n_mels, config.channels)  # sizes of the parts of `features`
        self.standardize = nn.BatchNorm1d(sum(self.blocks), affine=False)
        self.dropout = nn.Dropout(config.dropout)
        self.projection = nn.Linear(sum(self.blocks), config.dim, bias=False)

    def forward(self, spectrograms: Tensor) -> Tensor:
        """Unit vectors, shape (batch, dim), of log-mel spectrograms, shape (batch, n_mels, n_frames)."""
        return self.project(self.features(spectrograms))

    def features(self, spectrograms: Tensor) -> Tensor:
        """Input of the projection, shape (batch, sum of ``blocks``), not yet standardised."""
        x = spectrograms
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = self.pool(F.relu(norm(convolution(x))))
        learned = torch.cat([x.mean(dim=-1), x.amax(dim=-1), x.std(dim=-1, correction=0)], dim=-1)
        return torch.cat([learned, spectrogram_statistics(spectrograms)], dim=-1)

    def project(self, features: Tensor) -> Tensor:
        """Unit vectors, shape (batch, dim), of `features`."""
        return F.normalize(self.projection(self.dropout(self.standardize(features))), dim=-1)


def untrained_encoder(mel: MelConfig, config: EncoderConfig) -> Encoder:
    """An encoder whose initial weights depend on ``config.seed`` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return Encoder(mel, config).eval()


def untrained_weights(mel: MelConfig, config: EncoderConfig) -> dict[str, np.ndarray]:
    """Weights of an `untrained_encoder`, by the names of its state."""
    return {name: weight.numpy() for name, weight in untrained_encoder(mel, config).state_dict().items()}


@torch.no_grad()
def calibrate(encoder: Encoder, features: Tensor, track_rows: Tensor) -> None:
    """Initialise with unsupervised statistics: standardised features, decorrelated by half.

    The projection becomes the principal components of the tracks' mean features, each divided by the root of its
    deviation. Undivided, large components drown the rest; divided in full (whitening), noise weighs as much as
    music. Every block of features has the same weight, however many numbers it has.

    Parameters
    ----------
    features : shape (n_excerpts, sum of ``encoder.blocks``)
        Of `Encoder.features`.
    track_rows : shape (n_excerpts,), int64
        Track of each excerpt; rows count from zero without gaps.
    """
    norm = encoder.standardize
    mean, variance = features.mean(dim=0), features.var(dim=0, correction=0)
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance.clamp(min=1e-8))
    shares = torch.cat([torch.full((size,), size**-0.5) for size in encoder.blocks]).to(features.device)
    standard = (features - mean) / (norm.running_var + norm.eps).sqrt()
    tracks = torch.zeros(int(track_rows.max()) + 1, standard.shape[1], device=features.device)
    tracks.index_add_(0, track_rows, standard * shares)
    tracks /= torch.bincount(track_rows)[:, None]
    components, deviations = principal_components(tracks - tracks.mean(dim=0), encoder.config.dim)
    weight = torch.zeros_like(encoder.projection.weight)
    weight[: len(components)] = components / deviations.clamp(min=1e-6).sqrt()[:, None] * shares
    lengths = (standard @ weight.T).norm(dim=1)
    encoder.projection.weight.copy_(weight / lengths.mean().clamp(min=1e-6))


def principal_components(centred: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The first `n` directions, shape (<= n, n_columns), and the deviation along each."""
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    n = min(n, int((singular > 1e-5 * singular[0]).sum()))
    return directions[:n], singular[:n] / len(centred) ** 0.5
