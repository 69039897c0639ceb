"""Checkpoints: equal ears have one fingerprint, and no file that was made by others can do harm."""

import json
import pickle
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from earshot.audio import checkpoint as checkpoint_module
from earshot.audio.checkpoint import FORMAT, Checkpoint, default_checkpoint, read_checkpoint
from earshot.audio.config import EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.trained_ear import TrainedEar, save_ear, untrained_ear

CONFIG = EarConfig(
    ExcerptConfig(sample_rate=8_000, excerpts=2, excerpt_seconds=1.5),
    MelConfig(sample_rate=8_000, n_fft=256, hop_length=200, n_mels=20, f_min=0.0, f_max=3_999.0, dynamic_range=70.0),
    EncoderConfig(channels=6, stages=2, kernel_size=3, pool_size=3, dim=5, seed=9),
)


@pytest.fixture
def ear():
    return untrained_ear(CONFIG)


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
        save_ear(TrainedEar(config, ear.encoder), path)
        assert is_new(Checkpoint(path))
    for contract in ("decoder-1", "decoder-2"):
        monkeypatch.setattr(checkpoint_module, "DECODER_CONTRACT", contract)
        assert is_new(Checkpoint(path)) and is_new(Checkpoint(None))
    monkeypatch.setattr(checkpoint_module, "EarConfig", lambda: CONFIG)
    assert is_new(Checkpoint(None))


# In a file


def test_weights_and_settings_come_back(tmp_path, ear):
    save_ear(ear, tmp_path / "ear")
    config, weights = read_checkpoint(tmp_path / "ear")
    state = ear.encoder.state_dict()
    assert config == CONFIG and weights.keys() == state.keys()
    for name, weight in weights.items():
        assert weight.dtype == np.float32
        np.testing.assert_array_equal(weight, state[name].numpy())


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
def test_weights_of_another_precision(tmp_path, ear, dtype):
    save_ear(TrainedEar(CONFIG, ear.encoder.to(dtype)), tmp_path / "ear")
    _, weights = read_checkpoint(tmp_path / "ear")
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.float32)}


def test_weights_of_a_type_that_numpy_lacks(tmp_path, ear):
    save_ear(TrainedEar(CONFIG, ear.encoder.to(torch.bfloat16)), tmp_path / "ear")
    with pytest.raises(ValueError, match=r"ear holds weights of the type BF16, in convolutions\.0\.bias; it is F32"):
        read_checkpoint(tmp_path / "ear")


class Trap:
    """Unpickling it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_loading_executes_nothing(tmp_path):
    sprung, path = tmp_path / "sprung", tmp_path / "ear.safetensors"
    for write in (lambda: path.write_bytes(pickle.dumps(Trap(sprung))), lambda: torch.save(Trap(sprung), path)):
        write()
        with pytest.raises(ValueError, match=r"ear\.safetensors is not a readable checkpoint"):
            read_checkpoint(path)
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()  # the trap is real


def write_checkpoint(ear, path, **facts):
    facts = {"format": FORMAT, "config": asdict(CONFIG)} | facts
    save_file(ear.encoder.state_dict(), path, metadata={"ear": json.dumps(facts)})


@pytest.mark.parametrize("version", ["earshot-ear-2", "earshot-tower-1"])
def test_another_format_is_refused_by_name(tmp_path, ear, version):
    write_checkpoint(ear, tmp_path / "ear", format=version)
    with pytest.raises(ValueError, match=f"the format is '{version}'; this version reads 'earshot-ear-1'"):
        read_checkpoint(tmp_path / "ear")


def test_the_weights_of_another_program(tmp_path, ear):
    save_file(ear.encoder.state_dict(), tmp_path / "ear", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="ear is not an ear that this version understands: the format is None"):
        read_checkpoint(tmp_path / "ear")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.99])
def test_a_file_cut_short(tmp_path, ear, share):
    path = tmp_path / "ear"
    save_ear(ear, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        read_checkpoint(path)


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        read_checkpoint(tmp_path / "ear")
    with pytest.raises(FileNotFoundError):
        _ = Checkpoint(tmp_path / "ear").fingerprint


@pytest.mark.parametrize("config", [[], {}, "", {"excerpt": {"volume": 11}, "mel": {}, "encoder": {}}])
def test_settings_that_nobody_understands(tmp_path, ear, config):
    write_checkpoint(ear, tmp_path / "ear", config=config)
    with pytest.raises(ValueError, match="ear is not an ear that this version understands"):
        read_checkpoint(tmp_path / "ear")


def test_weights_of_another_shape(tmp_path, ear):
    other = replace(CONFIG, encoder=replace(CONFIG.encoder, dim=4))
    write_checkpoint(ear, tmp_path / "ear", config=asdict(other))
    with pytest.raises(ValueError, match="ear holds weights of another shape than it says"):
        read_checkpoint(tmp_path / "ear")


ABSURD = {
    "mel bands for ever": ("mel", "n_mels", 10**9, "n_mels is 1000000000; it lies between 1 and 1,024"),
    "layers for ever": ("encoder", "stages", 10**6, "stages is 1000000; it lies between 1 and 16"),
    "more digits than anybody reads": ("encoder", "dim", 10**400, "dim is a number of more than 30 digits"),
    "a negative number": ("encoder", "channels", -1, "channels is -1; it lies between 1 and 4,096"),
    "no number": ("mel", "f_max", float("nan"), "f_max is nan; it is a number"),
    "without end": ("excerpt", "excerpt_seconds", float("inf"), "excerpt_seconds is inf; it is a number"),
    "a word": ("mel", "hop_length", "512", "hop_length is '512'; it is a whole number"),
    "a half": ("mel", "n_fft", 512.5, "n_fft is 512.5; it is a whole number"),
    "yes": ("excerpt", "excerpts", True, "excerpts is True; it is a whole number"),
    "edges the wrong way round": ("mel", "f_min", 5_000.0, "f_min is 5000 and f_max 3999"),
    "a frame for each sample": ("mel", "hop_length", 0, "hop_length is 0; it lies between 1"),
}


@pytest.mark.parametrize(("part", "name", "value", "told"), ABSURD.values(), ids=ABSURD)
def test_settings_out_of_their_bounds(tmp_path, ear, part, name, value, told):
    config = asdict(CONFIG)
    config[part][name] = value
    write_checkpoint(ear, tmp_path / "ear", config=config)
    with pytest.raises(ValueError, match=f"ear is not an ear that this version understands: {told}"):
        read_checkpoint(tmp_path / "ear")


def test_settings_that_are_too_much_together(tmp_path, ear):
    config = asdict(CONFIG)
    config["excerpt"] |= {"excerpts": 1_000, "excerpt_seconds": 10.0}
    config["mel"]["hop_length"] = 1
    write_checkpoint(ear, tmp_path / "ear", config=config)
    with pytest.raises(ValueError, match="excerpts is 1,000, frames is 80,001, n_fft is 256; together these"):
        read_checkpoint(tmp_path / "ear")


def test_weights_that_are_too_large_to_be_made(tmp_path, ear):
    """17 GB of weights are promised; no encoder of that size is made to find out that they are not there."""
    large = replace(CONFIG.encoder, channels=4_096, stages=16, kernel_size=16)
    write_checkpoint(ear, tmp_path / "ear", config=asdict(replace(CONFIG, encoder=large)))
    with pytest.raises(ValueError, match="ear holds weights of another shape than it says"):
        read_checkpoint(tmp_path / "ear")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(tmp_path, ear, value):
    path = tmp_path / "ear"
    weights = {name: weight.clone() for name, weight in ear.encoder.state_dict().items()}
    weights["projection.weight"][0, 0] = value
    save_file(weights, path, metadata={"ear": json.dumps({"format": FORMAT, "config": asdict(CONFIG)})})
    with pytest.raises(ValueError, match=r"ear holds weights that are no numbers, in projection\.weight"):
        read_checkpoint(path)


@pytest.mark.parametrize("length", [0, 1, 2**20, 2**40, 2**63, 2**64 - 1])
def test_a_header_that_lies_of_its_length(tmp_path, ear, length):
    path = tmp_path / "ear"
    save_ear(ear, path)
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        read_checkpoint(path)
