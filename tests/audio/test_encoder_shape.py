"""Sizes of the encoder, beside those of the torch module."""

import pytest

from earshot.audio.config import EncoderConfig, MelConfig
from earshot.audio.encoder import untrained_encoder
from earshot.audio.encoder_shape import feature_blocks, weight_shapes


@pytest.mark.parametrize("stages", [1, 3])
@pytest.mark.parametrize("n_mels", [1, 7, 96])
def test_the_shapes_are_those_of_the_module(n_mels, stages):
    mel, config = MelConfig(n_mels=n_mels), EncoderConfig(channels=6, stages=stages, kernel_size=3, dim=5)
    state = untrained_encoder(mel, config).state_dict()
    assert weight_shapes(mel, config) == {name: list(weight.shape) for name, weight in state.items()}


def test_blocks_by_hand():
    """Blocks of 96 bands: 3 x 64 learned, 3 x 96 of bands, 3 x 40 of cepstra, 20 x 10 of rhythm, 20 x 21 / 2 pairs."""
    assert feature_blocks(96, 64) == (192, 288, 120, 200, 210)
