"""Statistics of a spectrogram, against other libraries and by hand."""

import numpy as np
import pytest
import torch
from scipy.fft import dct

from earshot.audio.encoder_shape import WINDOW, n_statistics
from earshot.audio.mel_statistics import spectrogram_statistics


@pytest.fixture
def spectrograms(rng):
    return rng.uniform(size=(3, 50, 157)).astype(np.float32)


def blocks(spectrograms):
    found = spectrogram_statistics(torch.from_numpy(spectrograms)).numpy()
    ends = np.cumsum(n_statistics(spectrograms.shape[1]))
    assert found.shape == (len(spectrograms), ends[-1])
    return np.split(found, ends[:-1], axis=1)


def moments(x):
    steps = np.diff(x, axis=-1, prepend=x[..., :1])
    return np.concatenate([x.mean(-1), x.std(-1), steps.std(-1)], axis=-1)


def test_bands_by_hand():
    # One band that goes 0, 1, 1, 0: mean 1/2, deviation 1/2; differences 0, 1, 0, -1 (the first frame differs from
    # nothing), so their deviation is sqrt(1/2).
    band = np.array([[[0.0, 1.0, 1.0, 0.0]]], dtype=np.float32)
    np.testing.assert_allclose(blocks(band)[0], [[0.5, 0.5, 0.5**0.5]], rtol=1e-6)


def test_cepstra_are_scipys(spectrograms):
    cepstra = dct(spectrograms, axis=1, norm="ortho")[:, 1:41]
    np.testing.assert_allclose(blocks(spectrograms)[1], moments(cepstra), atol=2e-5)


def test_covariance_is_numpys(spectrograms):
    cepstra = dct(spectrograms, axis=1, norm="ortho")[:, 1:21]
    for found, spectrogram in zip(blocks(spectrograms)[3], cepstra, strict=True):
        expected = np.cov(spectrogram, bias=True)[np.triu_indices(20)]
        np.testing.assert_allclose(np.sign(found) * found**2, expected, atol=1e-5)


def test_a_beat_stands_in_its_band():
    """All bands swing together 8 times in a window of 128 frames: bin 8, in the band of bins 7 to 9."""
    frames = np.arange(WINDOW)
    swing = 0.5 + 0.4 * np.sin(2 * np.pi * 8 * frames / WINDOW)
    rhythm = blocks(np.broadcast_to(swing, (1, 50, WINDOW)).astype(np.float32).copy())[2]
    loudness = rhythm.reshape(20, 10)[0]  # the first cepstrum; the others are still
    assert loudness.argmax() == 4  # edges 1, 2, 3, 5, 7, 10: the fifth band
    assert np.allclose(rhythm.reshape(20, 10)[1:], np.log(1e-6), atol=0.1), "stillness has a logarithm"


def test_what_is_louder_moves_no_more(spectrograms):
    """The front end makes loudness an offset; timbre, rhythm and covariance do not depend on it."""
    quiet, loud = blocks(spectrograms), blocks(spectrograms + np.float32(0.25))
    for one, other in zip(quiet[1:], loud[1:], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert np.abs(loud[0] - quiet[0]).max() == pytest.approx(0.25, abs=1e-5)


@pytest.mark.parametrize("n_frames", [1, 2, 31, 127, 128, 129, 500])
@pytest.mark.parametrize("n_mels", [1, 2, 20, 96])
def test_any_shape_has_finite_statistics(n_frames, n_mels):
    spectrograms = torch.rand(2, n_mels, n_frames, generator=torch.manual_seed(0))
    found = spectrogram_statistics(spectrograms)
    assert found.shape == (2, sum(n_statistics(n_mels))) and found.isfinite().all()
    assert spectrogram_statistics(torch.zeros(2, n_mels, n_frames)).isfinite().all()


def test_half_precision_around_it_does_not_reach_it(spectrograms):
    with torch.autocast("cpu", torch.bfloat16):
        found = spectrogram_statistics(torch.from_numpy(spectrograms))
    assert torch.equal(found, spectrogram_statistics(torch.from_numpy(spectrograms)))
