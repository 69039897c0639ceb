"""An ear in a file, and an ear at work: the same vector wherever, whenever and beside whatever it is computed."""

import json
import pickle
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from earshot.audio.checkpoint import FORMAT, Checkpoint
from earshot.audio.config import EarConfig, EncoderConfig, ExcerptConfig, MelConfig
from earshot.audio.ear import Ear, load_ear, save_ear, track_vector
from earshot.audio.encoder import untrained_encoder

CONFIG = EarConfig(
    ExcerptConfig(sample_rate=8_000, excerpts=2, excerpt_seconds=1.5),
    MelConfig(sample_rate=8_000, n_fft=256, hop_length=200, n_mels=20, f_min=0.0, f_max=3_999.0, dynamic_range=70.0),
    EncoderConfig(channels=6, stages=2, kernel_size=3, pool_size=3, dim=5, seed=9),
)


@pytest.fixture
def ear():
    """A small ear, none of whose settings is a default, nor its weights what its seed would give."""
    encoder = untrained_encoder(CONFIG.mel, CONFIG.encoder)
    with torch.no_grad():
        for number, weight in enumerate(encoder.parameters()):
            weight.add_(0.01 * number)
    return Ear(CONFIG, encoder)


@pytest.fixture
def excerpts(rng):
    return [rng.standard_normal(length).astype(np.float32) for length in (12_000, 9_000, 12_000, 8_001, 9_000, 12_000)]


# At work


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


# In a file


def test_a_file_carries_its_own_shape(tmp_path, ear, excerpts):
    path = tmp_path / "new" / "ear.safetensors"
    save_ear(ear, path)
    state = torch.get_rng_state()
    loaded = load_ear(Checkpoint(path))
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.config == CONFIG and not loaded.encoder.training
    np.testing.assert_array_equal(loaded.embed(excerpts), ear.embed(excerpts))
    assert [file.name for file in path.parent.iterdir()] == ["ear.safetensors"]


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
            load_ear(Checkpoint(path))
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
        load_ear(Checkpoint(tmp_path / "ear"))


def test_the_weights_of_another_program(tmp_path, ear):
    save_file(ear.encoder.state_dict(), tmp_path / "ear", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="ear is not an ear that this version understands: the format is None"):
        load_ear(Checkpoint(tmp_path / "ear"))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.99])
def test_a_file_cut_short(tmp_path, ear, share):
    path = tmp_path / "ear"
    save_ear(ear, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        load_ear(Checkpoint(path))


def test_no_file(tmp_path):
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        load_ear(Checkpoint(tmp_path / "ear"))
    with pytest.raises(FileNotFoundError):
        _ = Checkpoint(tmp_path / "ear").fingerprint


@pytest.mark.parametrize("config", [[], {}, "", {"excerpt": {"volume": 11}, "mel": {}, "encoder": {}}])
def test_settings_that_nobody_understands(tmp_path, ear, config):
    write_checkpoint(ear, tmp_path / "ear", config=config)
    with pytest.raises(ValueError, match="ear is not an ear that this version understands"):
        load_ear(Checkpoint(tmp_path / "ear"))


def test_weights_of_another_shape(tmp_path, ear):
    other = replace(CONFIG, encoder=replace(CONFIG.encoder, dim=4))
    write_checkpoint(ear, tmp_path / "ear", config=asdict(other))
    with pytest.raises(ValueError, match="ear holds weights of another shape than it says"):
        load_ear(Checkpoint(tmp_path / "ear"))


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
        load_ear(Checkpoint(tmp_path / "ear"))


def test_settings_that_are_too_much_together(tmp_path, ear):
    config = asdict(CONFIG)
    config["excerpt"] |= {"excerpts": 1_000, "excerpt_seconds": 10.0}
    config["mel"]["hop_length"] = 1
    write_checkpoint(ear, tmp_path / "ear", config=config)
    with pytest.raises(ValueError, match="excerpts is 1,000, frames is 80,001, n_fft is 256; together these"):
        load_ear(Checkpoint(tmp_path / "ear"))


def test_weights_that_are_too_large_to_be_made(tmp_path, ear):
    """17 GB of weights are promised; no encoder of that size is made to find out that they are not there."""
    large = replace(CONFIG.encoder, channels=4_096, stages=16, kernel_size=16)
    write_checkpoint(ear, tmp_path / "ear", config=asdict(replace(CONFIG, encoder=large)))
    with pytest.raises(ValueError, match="ear holds weights of another shape than it says"):
        load_ear(Checkpoint(tmp_path / "ear"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(tmp_path, ear, value):
    path = tmp_path / "ear"
    weights = {name: weight.clone() for name, weight in ear.encoder.state_dict().items()}
    weights["projection.weight"][0, 0] = value
    save_file(weights, path, metadata={"ear": json.dumps({"format": FORMAT, "config": asdict(CONFIG)})})
    with pytest.raises(ValueError, match=r"ear holds weights that are no numbers, in projection\.weight"):
        load_ear(Checkpoint(path))


@pytest.mark.parametrize("length", [0, 1, 2**20, 2**40, 2**63, 2**64 - 1])
def test_a_header_that_lies_of_its_length(tmp_path, ear, length):
    path = tmp_path / "ear"
    save_ear(ear, path)
    path.write_bytes(length.to_bytes(8, "little") + path.read_bytes()[8:])
    with pytest.raises(ValueError, match="ear is not a readable checkpoint"):
        load_ear(Checkpoint(path))
