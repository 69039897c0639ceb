"""Origins and fingerprints of checkpoints: equal ears have one, and everything that makes a vector changes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from earshot.audio import checkpoint as checkpoint_module
from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.audio.config import EarConfig, EncoderConfig
from earshot.audio.ear import Ear, save_ear
from earshot.audio.encoder import untrained_encoder

CONFIG = EarConfig(encoder=EncoderConfig(channels=6, stages=2, pool_size=3, dim=5, seed=9))


@pytest.fixture
def ear():
    return Ear(CONFIG, untrained_encoder(CONFIG.mel, CONFIG.encoder))


def test_the_untrained_ear_says_so():
    assert Checkpoint(None).origin == "untrained (initial weights of seed 0)"
    assert Checkpoint(Path("/x/second.safetensors")).origin == "checkpoint second.safetensors"
    assert Checkpoint(checkpoint_module.PACKAGED_WEIGHTS).origin == "packaged default weights"


def test_the_packaged_weights_come_first(tmp_path, monkeypatch, ear):
    packaged = tmp_path / "default.safetensors"
    monkeypatch.setattr(checkpoint_module, "PACKAGED_WEIGHTS", packaged)
    assert default_checkpoint() == Checkpoint(None)
    save_ear(ear, packaged)
    assert default_checkpoint() == Checkpoint(packaged)


def test_equal_ears_have_one_fingerprint(tmp_path, ear):
    for name in ("a", "b"):
        save_ear(ear, tmp_path / name)
    assert Checkpoint(tmp_path / "a").fingerprint == Checkpoint(tmp_path / "b").fingerprint
    assert Checkpoint(None).fingerprint == Checkpoint(None).fingerprint != Checkpoint(tmp_path / "a").fingerprint
    assert len(Checkpoint(None).fingerprint) == 64


def test_a_fingerprint_changes_with_all_that_makes_a_vector(tmp_path, monkeypatch, ear):
    path = tmp_path / "ear.safetensors"
    seen = {Checkpoint(None).fingerprint}

    def is_new(checkpoint):
        before = len(seen)
        seen.add(checkpoint.fingerprint)
        return len(seen) > before

    save_ear(ear, path)
    assert is_new(Checkpoint(path))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # one bit of one weight
    path.write_bytes(content)
    assert is_new(Checkpoint(path))
    for config in (
        replace(CONFIG, excerpt=replace(CONFIG.excerpt, excerpts=3)),
        replace(CONFIG, mel=replace(CONFIG.mel, f_max=3_900.0)),
        replace(CONFIG, encoder=replace(CONFIG.encoder, pool_size=2)),  # the same weights, pooled otherwise
    ):
        save_ear(Ear(config, ear.encoder), path)
        assert is_new(Checkpoint(path))
    for contract in ("decoder-1", "decoder-2"):
        monkeypatch.setattr(checkpoint_module, "DECODER_CONTRACT", contract)
        assert is_new(Checkpoint(path)) and is_new(Checkpoint(None))
    monkeypatch.setattr(checkpoint_module, "EarConfig", lambda: CONFIG)
    assert is_new(Checkpoint(None))
