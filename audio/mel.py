"""Log-mel spectrogram, relative to its loudest point, so that it does not depend on loudness."""

import functools
import sys
import types
import warnings
from typing import Any

import torch
from torch import Tensor

from earshot.audio.config import MelConfig


def log_mel(samples: Tensor, config: MelConfig) -> Tensor:
    """Compute the log-mel spectrogram of mono sound, relative to its loudest point.

    Parameters
    ----------
    samples : shape (..., n_samples), float32
        Mono sound at ``config.sample_rate``.

    Returns
    -------
    Tensor, shape (..., n_mels, n_frames)
        1 at the loudest point of each excerpt, falling to 0 at ``config.dynamic_range`` dB below it, so that
        neither loudness nor residues of a codec remain. Slaney filters, as librosa's
        default; periodic Hann window; zero padding at the edges.
    """
    power = _mel_spectrogram(config, samples.device)(samples)  # (..., n_mels, n_frames)
    decibels = 10.0 * power.clamp(min=1e-20).log10()
    loudest = decibels.amax(dim=(-2, -1), keepdim=True)
    return ((decibels - loudest) / config.dynamic_range + 1.0).clamp(min=0.0)


@functools.lru_cache(maxsize=8)
def _mel_spectrogram(config: MelConfig, device: torch.device) -> Any:
    """Make torchaudio's transform, with its window and filters, once per setting."""
    torchaudio = import_torchaudio()
    # Made inside inference mode, the cached window and filters could never take part in a gradient.
    with warnings.catch_warnings(), torch.inference_mode(False):
        # A narrow lowest band may fall between two FFT bins and stay empty; it costs nothing.
        warnings.filterwarnings("ignore", message="At least one mel filterbank has all zero values")
        return torchaudio.transforms.MelSpectrogram(
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            f_min=config.f_min,
            f_max=config.f_max,
            n_mels=config.n_mels,
            power=2.0,
            norm="slaney",
            mel_scale="slaney",
            pad_mode="constant",
        ).to(device)


def import_torchaudio() -> Any:
    """Import torchaudio, also beside a CPU build of torch.

    The Linux wheel of torchaudio 2.11 links its C++ extension to CUDA, so beside a CPU torch the import dies
    with an OSError. The transforms are pure Python and need no extension: a stand-in for the module that
    loads it is enough. It leans on a private name, hence the narrow pin in pyproject.toml.
    """
    try:
        import torchaudio
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        extension: Any = types.ModuleType("torchaudio._extension")
        extension._IS_TORCHAUDIO_EXT_AVAILABLE = extension._IS_ALIGN_AVAILABLE = False
        extension._check_cuda_version = lambda: None
        extension.fail_if_no_align = lambda function: function
        sys.modules["torchaudio._extension"] = extension
        import torchaudio
    return torchaudio
