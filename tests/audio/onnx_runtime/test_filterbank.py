"""The mel filterbank and the window, beside librosa's and SciPy's."""

import warnings

import librosa
import numpy as np
import pytest
from scipy.signal import get_window

from earshot.audio.config import MelConfig
from earshot.audio.onnx_runtime.filterbank import mel_filters, periodic_hann

CONFIGS = {
    "default": MelConfig(),
    "all below the break": MelConfig(sample_rate=4_000, n_fft=500, n_mels=13, f_min=0, f_max=900),
    "all above it": MelConfig(sample_rate=44_100, n_fft=2_048, n_mels=30, f_min=1_500, f_max=20_000),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_filters_are_librosas(config):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the lowest of the default bands falls between two FFT bins
        expected = librosa.filters.mel(
            sr=config.sample_rate, n_fft=config.n_fft, n_mels=config.n_mels, fmin=config.f_min, fmax=config.f_max
        )
    filters = mel_filters(config)
    assert filters.dtype == np.float32
    np.testing.assert_allclose(filters, expected.T, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("length", [8, 255])
def test_the_window_is_scipys(length):
    np.testing.assert_allclose(periodic_hann(length), get_window("hann", length), atol=1e-12)
