"""The encoder: its arithmetic by hand, its shape by configuration, its weights by seed alone."""

import numpy as np
import pytest
import torch

from audio.config import EncoderConfig, MelConfig
from audio.encoder import Encoder, untrained_encoder

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
    The projection takes (mean, maximum) + (0, deviation), so (3, 7), of length sqrt(58).
    """
    encoder = Encoder(MelConfig(n_mels=1), EncoderConfig(channels=1, stages=1, kernel_size=1, pool_size=2, dim=2))
    with torch.no_grad():
        encoder.convolutions[0].weight.fill_(2.0)
        encoder.convolutions[0].bias.fill_(1.0)
        encoder.projection.weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]))
    vector = encoded(encoder, torch.tensor([[[-1.0, 0.0, 1.0, 2.0]]]))[0]
    torch.testing.assert_close(vector, torch.tensor([3.0, 7.0]) / 58**0.5)


def test_the_configuration_is_the_shape():
    encoder = Encoder(MelConfig(n_mels=11), EncoderConfig(channels=8, stages=4, kernel_size=5, pool_size=3, dim=9))
    shapes = {name: tuple(weight.shape) for name, weight in encoder.state_dict().items()}
    assert shapes == {
        "convolutions.0.weight": (8, 11, 5), "convolutions.0.bias": (8,),
        "convolutions.1.weight": (8, 8, 5), "convolutions.1.bias": (8,),
        "convolutions.2.weight": (8, 8, 5), "convolutions.2.bias": (8,),
        "convolutions.3.weight": (8, 8, 5), "convolutions.3.bias": (8,),
        "projection.weight": (9, 24),  # mean, maximum and deviation of 8 channels
    }  # fmt: skip
    # Four stages of pooling by three: of 2 * 3 ** 4 = 162 frames, 2 remain, and every third power counts.
    frames = torch.rand(1, 11, 162)
    for convolution in encoder.convolutions:
        frames = encoder.pool(convolution(frames).relu())
    assert frames.shape == (1, 8, 2)


def test_the_seed_alone_decides():
    state = torch.get_rng_state()
    first = untrained_encoder(MEL, EncoderConfig(seed=3)).state_dict()
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's chance was touched
    torch.rand(100)
    second, other = (untrained_encoder(MEL, EncoderConfig(seed=seed)).state_dict() for seed in (3, 4))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


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
