"""The encoder: its arithmetic by hand, its shape by configuration, its weights by seed alone."""

import numpy as np
import pytest
import torch

from earshot.audio.config import EncoderConfig, MelConfig
from earshot.audio.encoder import Encoder, calibrate, untrained_encoder

MEL = MelConfig(n_mels=7)
SMALL = EncoderConfig(channels=6, stages=2, kernel_size=3, pool_size=2, dim=5)


@torch.no_grad()
def encoded(encoder, spectrograms):
    return encoder(spectrograms)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 8, 157])
def test_unit_vectors_for_any_length(n_frames):
    vectors = encoded(untrained_encoder(MEL, SMALL), torch.rand(3, 7, n_frames, generator=torch.manual_seed(1)))
    assert vectors.shape == (3, 5) and vectors.isfinite().all()
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(3))


def test_a_row_does_not_depend_on_its_batch():
    encoder, spectrograms = untrained_encoder(MEL, SMALL), torch.rand(4, 7, 20, generator=torch.manual_seed(1))
    together = encoded(encoder, spectrograms)
    for row in range(4):
        torch.testing.assert_close(encoded(encoder, spectrograms[row : row + 1])[0], together[row], atol=1e-6, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-3  # and rows do differ


def test_one_stage_by_hand():
    """One band, one channel, a kernel of one: the convolution only scales by 2 and adds 1.

    Frames -1, 0, 1, 2 become -1, 1, 3, 5; ReLU 0, 1, 3, 5; pooled in pairs 1, 5. Mean 3, maximum 5, deviation 2.
    The projection takes (mean, maximum) + (0, deviation) of what was learned and nothing of the statistics, so (3, 7),
    of length sqrt(58). (Both norms are fresh: they divide by sqrt(1 + 1e-5), which the tolerance hides.)
    """
    encoder = Encoder(MelConfig(n_mels=1), EncoderConfig(channels=1, stages=1, kernel_size=1, pool_size=2, dim=2))
    with torch.no_grad():
        encoder.convolutions[0].weight.fill_(2.0)
        encoder.convolutions[0].bias.fill_(1.0)
        encoder.projection.weight.zero_()
        encoder.projection.weight[:, :3] = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    vector = encoded(encoder.eval(), torch.tensor([[[-1.0, 0.0, 1.0, 2.0]]]))[0]
    torch.testing.assert_close(vector, torch.tensor([3.0, 7.0]) / 58**0.5, atol=1e-5, rtol=0)


def test_the_configuration_is_the_shape():
    encoder = Encoder(MelConfig(n_mels=11), EncoderConfig(channels=8, stages=4, kernel_size=5, pool_size=3, dim=9))
    shapes = {name: tuple(weight.shape) for name, weight in encoder.named_parameters()}
    # Statistics: 3 numbers for each of 11 bands and 10 cepstra, 10 rhythm bands of 11 cepstra, 55 pairs of 10.
    assert encoder.blocks == (24, 33, 30, 110, 55)  # first: mean, maximum and deviation of 8 channels
    stages = {f"norms.{stage}.{name}": (8,) for stage in range(4) for name in ("weight", "bias")}
    assert shapes == stages | {
        "convolutions.0.weight": (8, 11, 5), "convolutions.0.bias": (8,),
        "convolutions.1.weight": (8, 8, 5), "convolutions.1.bias": (8,),
        "convolutions.2.weight": (8, 8, 5), "convolutions.2.bias": (8,),
        "convolutions.3.weight": (8, 8, 5), "convolutions.3.bias": (8,),
        "projection.weight": (9, 252),
    }  # fmt: skip
    # Four stages of pooling by three: of 2 * 3 ** 4 = 162 frames, 2 remain, and every third power counts.
    frames = torch.rand(1, 11, 162)
    for convolution in encoder.convolutions:
        frames = encoder.pool(convolution(frames).relu())
    assert frames.shape == (1, 8, 2)


def test_calibration_by_hand():
    """Four tracks in a plane of two features: deviations 2 and 1 along the axes after their block's share.

    The projection has to divide each direction by the root of its deviation, so that of two tracks, four apart along
    the first and two apart along the second, the ratio becomes sqrt(2).
    """
    encoder = untrained_encoder(MEL, SMALL)
    features = torch.zeros(8, sum(encoder.blocks))
    places = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]).repeat_interleave(2, dim=0)
    n_learned = encoder.blocks[0]
    features[:, n_learned : n_learned + 2] = places  # in one block, so of one share
    features[::2, 0], features[1::2, 0] = 5.0, -5.0  # differs inside tracks only: says nothing about a track
    encoder.standardize.eps = 0.0
    calibrate(encoder, features, torch.arange(4).repeat_interleave(2))
    torch.testing.assert_close(encoder.standardize.running_mean, features.mean(dim=0))
    torch.testing.assert_close(encoder.standardize.running_var[n_learned : n_learned + 2], torch.tensor([2.0, 0.5]))
    weight = encoder.projection.weight
    assert weight[:, 0].abs().max() < 1e-6, "what differs only inside tracks is not heard"
    # Standardised, both features have deviation 1: equal after all, and each is one direction.
    lengths = weight[:, n_learned : n_learned + 2].norm(dim=0)
    torch.testing.assert_close(lengths[0], lengths[1])
    assert (weight[2:] == 0).all(), "two directions are all there are"


def test_half_whitening_by_hand():
    """Two features that say the same and one of its own: directions of deviation sqrt(2) and 1, so weights 2^(-1/4)."""
    encoder = untrained_encoder(MEL, SMALL)
    n_learned = encoder.blocks[0]
    features = torch.zeros(4, sum(encoder.blocks))
    twice, own = torch.tensor([1.0, 1.0, -1.0, -1.0]), torch.tensor([1.0, -1.0, 1.0, -1.0])
    features[:, n_learned], features[:, n_learned + 1], features[:, n_learned + 2] = twice, twice, own
    encoder.standardize.eps = 0.0
    calibrate(encoder, features, torch.arange(4))
    block = encoder.projection.weight[:2, n_learned : n_learned + 3].abs()
    # Row 0 is (1, 1, 0) / sqrt(2) / 2^(1/4), row 1 is (0, 0, 1), both times the same scale.
    expected = torch.tensor([[2**-0.75, 2**-0.75, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(block / block[1, 2], expected, atol=1e-5, rtol=0)


def test_the_seed_alone_decides():
    state = torch.get_rng_state()
    first = untrained_encoder(MEL, EncoderConfig(seed=3)).state_dict()
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's chance was touched
    torch.rand(100)
    second, other = (untrained_encoder(MEL, EncoderConfig(seed=seed)).state_dict() for seed in (3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    weights = [name for name in first if name.endswith("weight") and not name.startswith("norms")]
    assert not any(torch.equal(first[name], other[name]) for name in weights)


def test_the_weights_of_seed_zero_never_change():
    """Libraries hold vectors of the untrained encoder: another torch must not give it other weights."""
    weights = untrained_encoder(MelConfig(), EncoderConfig()).convolutions[0].weight
    np.testing.assert_allclose(
        weights[0, 0].detach().numpy(), [-0.00038201, 0.02737527, -0.04200085, -0.03755573], atol=1e-7
    )


def test_a_dead_channel_has_a_finite_gradient():
    """A channel that ReLU keeps at zero has no deviation, and the root of nothing has no slope."""
    encoder = untrained_encoder(MEL, SMALL)
    with torch.no_grad():
        encoder.convolutions[1].bias[0] = -1e6
    encoder(torch.rand(3, 7, 16, generator=torch.manual_seed(1)))[:, 0].sum().backward()
    gradients = [weight.grad for weight in encoder.parameters()]
    assert all(gradient.isfinite().all() for gradient in gradients) and gradients[0].abs().sum() > 0
