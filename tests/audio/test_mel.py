"""Log-mel spectrograms: librosa's numbers, and deaf to loudness."""

import subprocess
import sys
import warnings

import librosa
import numpy as np
import pytest
import torch

from earshot.audio.config import MelConfig
from earshot.audio.mel import _mel_spectrogram, import_torchaudio, log_mel

SMALL = MelConfig(sample_rate=8_000, n_fft=512, hop_length=128, n_mels=40, f_min=0.0, f_max=4_000.0, dynamic_range=60.0)


def librosa_power(samples, config):
    return librosa.feature.melspectrogram(
        y=samples, sr=config.sample_rate, n_fft=config.n_fft, hop_length=config.hop_length, n_mels=config.n_mels,
        fmin=config.f_min, fmax=config.f_max, power=2.0, center=True, pad_mode="constant", htk=False, norm="slaney",
    )  # fmt: skip


@pytest.mark.parametrize("config", [MelConfig(), SMALL], ids=["default", "small"])
def test_the_spectrogram_agrees_with_librosa(rng, config):
    samples = rng.standard_normal(3 * config.sample_rate).astype(np.float32) * 0.1  # noise: no band is silent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the lowest of the default bands falls between two FFT bins, there as here
        power = librosa_power(samples, config)
    ours = _mel_spectrogram(config, torch.device("cpu"))(torch.from_numpy(samples)).numpy()
    np.testing.assert_allclose(ours, power, rtol=1e-3, atol=1e-7 * power.max())

    decibels = librosa.power_to_db(power, ref=np.max, amin=1e-20, top_db=config.dynamic_range)  # 0 down to -60 or -80
    expected = decibels / config.dynamic_range + 1.0
    np.testing.assert_allclose(log_mel(torch.from_numpy(samples), config).numpy(), expected, atol=1e-4)


def test_shapes(rng):
    """Three excerpts of 2,000 samples: 1 + 2,000 // 128 = 16 frames."""
    samples = torch.from_numpy(rng.standard_normal((3, 2_000)).astype(np.float32))
    together = log_mel(samples, SMALL)
    assert together.shape == (3, 40, 16) and together.dtype == torch.float32
    for row in range(3):  # an excerpt is judged by its own loudest point, not by its neighbours'
        torch.testing.assert_close(log_mel(samples[row] * 10**row, SMALL), together[row], atol=1e-5, rtol=0)


def test_loudness_cannot_be_heard(rng):
    samples = torch.from_numpy(rng.standard_normal(8_000).astype(np.float32))
    for gain in (1e-4, 0.1, 1.0, 30.0):
        torch.testing.assert_close(log_mel(samples * gain, SMALL), log_mel(samples, SMALL), atol=1e-5, rtol=0)


def test_the_scale_by_hand():
    """A tone, and after it one 30 dB weaker: 1.0 at the loudest, 1 - 30/60 = 0.5 there, 0 where nothing is."""
    moments = torch.arange(8_000) / 8_000
    tone = torch.sin(2 * torch.pi * 1_000 * moments)
    loud, soft = log_mel(torch.cat([tone, tone * 10 ** (-30 / 20)]), SMALL).amax(dim=0).split([63, 63])
    assert loud.max().item() == 1.0
    torch.testing.assert_close(loud[5:-5], torch.ones(53), atol=0.002, rtol=0)
    torch.testing.assert_close(soft[5:-5], torch.full((53,), 0.5), atol=0.002, rtol=0)
    assert log_mel(tone, SMALL).min().item() == 0.0


def test_nothing_below_the_dynamic_range():
    """A band 70 dB below the loudest is the same as none, when 60 can be heard."""
    moments = torch.arange(8_000) / 8_000
    tone = torch.sin(2 * torch.pi * 500 * moments)
    whisper = 10 ** (-70 / 20) * torch.sin(2 * torch.pi * 3_000 * moments)
    with_it, without = (log_mel(samples, SMALL)[:, 2:-2] for samples in (tone + whisper, tone))  # edges click
    torch.testing.assert_close(with_it, without, atol=2e-3, rtol=0)


def test_the_first_use_may_be_an_inference():
    """The kept window and filters must still serve training."""
    config = MelConfig(n_mels=33)  # nothing kept yet
    with torch.inference_mode():
        log_mel(torch.ones(4_000), config)
    samples = torch.linspace(-1, 1, 4_000).requires_grad_()
    log_mel(samples, config).sum().backward()
    assert samples.grad is not None and samples.grad.abs().sum() > 0


def test_torchaudio_can_be_imported_beside_this_torch():
    """In a new process, where nothing has prepared it; twice, as two modules would."""
    code = (
        "from audio.mel import import_torchaudio\n"
        "first = import_torchaudio(); second = import_torchaudio()\n"
        "print(first is second, first.__version__, first.transforms.MelSpectrogram.__name__)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == f"True {import_torchaudio().__version__} MelSpectrogram\n", result.stderr
