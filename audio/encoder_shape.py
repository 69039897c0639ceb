"""Sizes of the encoder: its blocks of features and its weights. Imports no torch."""

from itertools import pairwise

from earshot.audio.config import EncoderConfig, MelConfig

N_CEPSTRA = 40  # of timbre; the first, which is loudness, is left out
N_RHYTHM_CEPSTRA = 20  # of rhythm and covariance
WINDOW = 128  # frames of one rhythm analysis, about four seconds
HOP = 29  # frames between windows; an excerpt of five seconds holds two whole ones
# Edges of the rhythm bands in bins of the modulation spectrum, each about 1.4 times as wide as the one before.
MODULATION_EDGES = (1, 2, 3, 5, 7, 10, 14, 20, 30, 44, 64)
FLOOR = 1e-6  # of modulation power, so that stillness has a logarithm


def n_statistics(n_mels: int) -> tuple[int, int, int, int]:
    """Sizes of the blocks of `mel_statistics.spectrogram_statistics`: bands, cepstra, rhythm, covariance."""
    n_timbre, n_paired = min(N_CEPSTRA, n_mels - 1), min(N_RHYTHM_CEPSTRA, n_mels - 1)
    n_rhythm = min(N_RHYTHM_CEPSTRA, n_mels) * (len(MODULATION_EDGES) - 1)
    return 3 * n_mels, 3 * n_timbre, n_rhythm, n_paired * (n_paired + 1) // 2


def feature_blocks(n_mels: int, channels: int) -> tuple[int, ...]:
    """Sizes of the parts of `encoder.Encoder.features`: the learned ones, and those of `n_statistics`."""
    return 3 * channels, *n_statistics(n_mels)


def weight_shapes(mel: MelConfig, config: EncoderConfig) -> dict[str, list[int]]:
    """Shapes of all weights of an `encoder.Encoder`, by the names of its state."""
    shapes: dict[str, list[int]] = {}
    widths = [mel.n_mels] + [config.channels] * config.stages
    for stage, (n_in, n_out) in enumerate(pairwise(widths)):
        shapes[f"convolutions.{stage}.weight"] = [n_out, n_in, config.kernel_size]
        shapes[f"convolutions.{stage}.bias"] = [n_out]
        shapes |= {f"norms.{stage}.{name}": [n_out] for name in ("weight", "bias", "running_mean", "running_var")}
        shapes[f"norms.{stage}.num_batches_tracked"] = []
    n_features = sum(feature_blocks(mel.n_mels, config.channels))
    shapes |= {f"standardize.{name}": [n_features] for name in ("running_mean", "running_var")}
    return shapes | {"standardize.num_batches_tracked": [], "projection.weight": [config.dim, n_features]}
