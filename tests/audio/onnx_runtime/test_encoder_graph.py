"""Graphs of the ear: sound for the package onnx, and one from samples to vectors for other programs."""

import json

import numpy as np
import onnx
import pytest

from earshot.audio.checkpoint import default_checkpoint, read_checkpoint
from earshot.audio.config import EarConfig, EncoderConfig, MelConfig
from earshot.audio.ear import load_ear
from earshot.audio.encoder import untrained_weights
from earshot.audio.onnx_runtime.encoder_graph import cosine_transform, encoder_model, mel_model, whole_model
from earshot.audio.onnx_runtime.onnx_session import OnnxNetwork
from known_sound import tune

SMALL = EarConfig(mel=MelConfig(n_mels=12), encoder=EncoderConfig(channels=3, stages=2, dim=5))


@pytest.mark.parametrize("name", ["mel", "encoder", "whole"])
def test_the_package_onnx_finds_no_fault(name):
    weights = untrained_weights(SMALL.mel, SMALL.encoder)
    models = {
        "mel": lambda: mel_model(SMALL.mel),
        "encoder": lambda: encoder_model(SMALL, weights),
        "whole": lambda: whole_model(SMALL, weights, {}),
    }
    onnx.checker.check_model(models[name](), full_check=True)


def test_equal_ears_are_equal_files():
    """Files are written anew from the same weights, and compared by their hashes."""
    weights = untrained_weights(SMALL.mel, SMALL.encoder)
    assert whole_model(SMALL, weights, {"a": "b"}) == whole_model(SMALL, weights, {"a": "b"})


def test_one_graph_from_samples_to_vectors():
    """The windows, too, are computed in it; the expected values are those of the ear at work."""
    config, weights = read_checkpoint(default_checkpoint().path)
    network = OnnxNetwork(whole_model(config, weights, {"config": json.dumps({})}))
    excerpts = [tune(number, 5) for number in range(2)]
    np.testing.assert_allclose(
        network(np.stack(excerpts))[0], load_ear(default_checkpoint()).embed(excerpts), atol=1e-5
    )


@pytest.mark.parametrize("n", [1, 7])
def test_the_cosine_transform_is_orthonormal(n):
    matrix = cosine_transform(n)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-6)
