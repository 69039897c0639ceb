"""An ear at work: the same vector wherever, whenever and beside whatever it is computed, and by torch too."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.audio.config import EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.ear import front_end, load_ear, track_vector
from earshot.audio.mel import log_mel
from earshot.audio.trained_ear import TrainedEar, load_trained_ear, save_ear, untrained_ear
from known_sound import tune

CONFIG = EarConfig(
    ExcerptConfig(sample_rate=8_000, excerpts=2, excerpt_seconds=1.5),
    MelConfig(sample_rate=8_000, n_fft=256, hop_length=200, n_mels=20, f_min=0.0, f_max=3_999.0, dynamic_range=70.0),
    EncoderConfig(channels=6, stages=2, kernel_size=3, pool_size=3, dim=5, seed=9),
)


def shaken(config: EarConfig) -> TrainedEar:
    """An ear whose weights and running statistics are those of no seed."""
    ear, generator = untrained_ear(config), torch.manual_seed(7)
    with torch.no_grad():
        for weight in ear.encoder.state_dict().values():
            if weight.is_floating_point():
                weight.add_(0.1 * torch.rand(weight.shape, generator=generator))
    return ear


@pytest.fixture
def ear(tmp_path):
    """A small ear, none of whose settings is a default, nor its weights what its seed would give."""
    save_ear(shaken(CONFIG), tmp_path / "ear.safetensors")
    return load_ear(Checkpoint(tmp_path / "ear.safetensors"))


@pytest.fixture
def excerpts(rng):
    return [rng.standard_normal(length).astype(np.float32) for length in (12_000, 9_000, 12_000, 8_001, 9_000, 12_000)]


def test_alone_in_a_batch_or_in_another_order(ear, excerpts):
    together = ear.embed(excerpts)
    assert together.shape == (6, 5) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-6)
    alone = np.concatenate([ear.embed([excerpt]) for excerpt in excerpts])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    order = [4, 2, 0, 5, 1, 3]
    np.testing.assert_allclose(ear.embed([excerpts[row] for row in order]), together[order], atol=1e-5)
    assert np.abs(together[0] - together[2]).max() > 1e-3  # two excerpts of one length do differ


def test_the_default_ear_too(rng):
    ear = load_ear(Checkpoint(None))
    excerpts = [rng.standard_normal(80_000).astype(np.float32) for _ in range(3)]
    np.testing.assert_allclose(np.concatenate([ear.embed([one]) for one in excerpts]), ear.embed(excerpts), atol=1e-5)


def test_nothing_heard_is_no_vector(ear):
    assert ear.embed([]).shape == (0, 5)


def test_the_work_is_timed(ear, excerpts):
    assert ear.seconds == {"mel": 0.0, "encoder": 0.0}
    ear.embed(excerpts)
    assert ear.seconds["mel"] > 0 and ear.seconds["encoder"] > 0


def test_a_tracks_vector_by_hand():
    # The mean of (1, 0) and (0.6, 0.8) is (0.8, 0.4), whose length is the root of 0.8
    vector = track_vector(np.array([[1.0, 0.0], [0.6, 0.8]], dtype=np.float32))
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, np.array([0.8, 0.4]) / 0.8**0.5, atol=1e-7)


def test_excerpts_that_cancel_have_no_direction():
    np.testing.assert_array_equal(track_vector(np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)), [0.0, 0.0])


# Beside torch


SHAPES = {
    "small": CONFIG,
    "one stage, even kernel": replace(CONFIG, encoder=EncoderConfig(channels=3, stages=1, kernel_size=2, dim=4)),
    "many bands": replace(CONFIG, mel=MelConfig(sample_rate=8_000, n_fft=1_024, n_mels=64, f_max=3_500.0)),
    "two bands": replace(CONFIG, mel=replace(CONFIG.mel, n_mels=2)),
    "one band": replace(CONFIG, mel=replace(CONFIG.mel, n_mels=1)),
    "odd window": replace(CONFIG, mel=replace(CONFIG.mel, n_fft=255, hop_length=97)),
}


@pytest.mark.parametrize("n_samples", [100, 2_000, 30_000])
@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_torch_computes_the_same_vectors(tmp_path, rng, config, n_samples):
    """From a single frame to several windows of rhythm."""
    trained = shaken(config)
    save_ear(trained, tmp_path / "ear")
    excerpts = [rng.standard_normal(n_samples).astype(np.float32) for _ in range(3)]
    ours, theirs = load_ear(Checkpoint(tmp_path / "ear")), trained.on_device("cpu")
    np.testing.assert_allclose(ours.embed(excerpts), theirs.embed(excerpts), atol=1e-5)


SOUNDS = {
    "music": tune(3, 5),
    "a quiet copy": tune(3, 5) * np.float32(1e-4),
    "half of it silent": np.concatenate([tune(4, 2.5), np.zeros(40_000, dtype=np.float32)]),
    "silence": np.zeros(80_000, dtype=np.float32),
    "a click": np.eye(1, 80_000, 300, dtype=np.float32)[0],
}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_the_packaged_weights_by_torch_and_without(sound):
    """Vectors of either are compared with one another: their identity does not say who computed them."""
    checkpoint, starts = default_checkpoint(), [0.0, 9.0]
    ours, words = load_ear(checkpoint).embed_track([sound, sound[::-1].copy()], starts)
    theirs, their_words = load_trained_ear(checkpoint).on_device("cpu").embed_track([sound, sound[::-1].copy()], starts)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    flipped = np.bitwise_count(np.concatenate(words.words) ^ np.concatenate(their_words.words))
    assert flipped.sum() <= 0.001 * 32 * len(flipped)
    np.testing.assert_allclose(np.concatenate(words.levels), np.concatenate(their_words.levels), atol=1)


@pytest.mark.parametrize("n_tracks", [1, None])
@pytest.mark.parametrize("config", [MelConfig(), CONFIG.mel], ids=["default", "small"])
def test_the_front_end_is_that_of_training(rng, config, n_tracks):
    samples = rng.standard_normal((3, 20_000)).astype(np.float32)
    expected = log_mel(torch.from_numpy(samples), config).numpy()
    found = front_end(config, n_tracks)(samples)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_no_torch_is_imported():
    code = (
        "import sys; import numpy as np\n"
        "from earshot.audio.checkpoint import default_checkpoint\n"
        "from earshot.audio.ear import load_ear\n"
        "assert load_ear(default_checkpoint()).embed([np.ones(80_000, np.float32)]).shape == (1, 128)\n"
        "print({'torch', 'torchaudio', 'librosa', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
