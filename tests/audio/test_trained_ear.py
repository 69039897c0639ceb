"""Ears as torch modules: saved whole or not at all, loaded as they were, and heard with on any device."""

from pathlib import Path

import numpy as np
import pytest
import torch

from earshot.audio.checkpoint import Checkpoint
from earshot.audio.config import EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.mel import log_mel
from earshot.audio.trained_ear import load_trained_ear, save_ear, untrained_ear

CONFIG = EarConfig(
    ExcerptConfig(sample_rate=8_000, excerpts=2, excerpt_seconds=1.5),
    MelConfig(sample_rate=8_000, n_fft=256, hop_length=200, n_mels=20, f_min=0.0, f_max=3_999.0, dynamic_range=70.0),
    EncoderConfig(channels=6, stages=2, kernel_size=3, pool_size=3, dim=5, seed=9),
)


@pytest.fixture
def ear():
    """A small ear, none of whose settings is a default, nor its weights what its seed would give."""
    ear = untrained_ear(CONFIG)
    with torch.no_grad():
        for number, weight in enumerate(ear.encoder.parameters()):
            weight.add_(0.01 * number)
    return ear


def test_a_file_carries_its_own_shape(tmp_path, ear):
    path = tmp_path / "new" / "ear.safetensors"
    save_ear(ear, path)
    state = torch.get_rng_state()
    loaded = load_trained_ear(Checkpoint(path))
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.config == CONFIG and not loaded.encoder.training
    spectrograms = torch.rand(4, 20, 60, generator=torch.manual_seed(1))
    torch.testing.assert_close(loaded.encoder(spectrograms), ear.encoder(spectrograms), rtol=0, atol=0)
    assert [file.name for file in path.parent.iterdir()] == ["ear.safetensors"]


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, ear, method):
    path = tmp_path / "ear"
    path.write_bytes(b"the ear of yesterday")

    def failing(self, *arguments):
        if method == "write_bytes":
            self.touch()  # as far as it got
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, method, failing)
    with pytest.raises(OSError, match="No space left"):
        save_ear(ear, path)
    assert [file.name for file in tmp_path.iterdir()] == ["ear"] and path.read_bytes() == b"the ear of yesterday"


def test_its_vectors_are_the_encoders(ear, rng):
    samples = rng.standard_normal((4, 9_000)).astype(np.float32)
    with torch.inference_mode():
        expected = ear.encoder(log_mel(torch.from_numpy(samples), CONFIG.mel))
    np.testing.assert_allclose(ear.on_device("cpu").embed([*samples]), expected.numpy(), atol=1e-6)


def test_without_a_file_it_is_the_untrained_one():
    assert load_trained_ear(Checkpoint(None)).config == EarConfig()
