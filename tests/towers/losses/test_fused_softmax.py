"""The fused loss beside the plain one: the same value and the same gradients."""

import pytest
import torch
import torch.nn.functional as F

from earshot.towers.losses import fused_softmax
from earshot.towers.losses.fused_softmax import fits, fused_sampled_softmax
from earshot.towers.losses.sampled_softmax import sampled_softmax


def world(n=37, m=61, dim=8):
    """Not a multiple of the rows at once, and batch != candidates != dim."""
    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    queries, items = (F.normalize(draw(rows, dim), dim=-1).requires_grad_() for rows in (n, m))
    temperature = torch.tensor(0.2, requires_grad=True)
    facts = {"log_counts": draw(m), "excluded": draw(n, m) > 1.2, "weights": draw(n).abs()}
    return queries, items, temperature, facts


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("left_out", [(), ("log_counts",), ("excluded",), ("weights",)])
def test_it_is_the_plain_loss(monkeypatch, directions, left_out):
    monkeypatch.setattr(fused_softmax, "_ROWS_AT_ONCE", 16)
    queries, items, temperature, facts = world()
    facts = {name: value for name, value in facts.items() if name not in left_out}
    plain = sampled_softmax(queries @ items.T / temperature, directions=directions, **facts)
    fused = fused_sampled_softmax(queries, items, temperature, directions=directions, half=False, **facts)
    torch.testing.assert_close(fused, plain)
    inputs = (queries, items, temperature)
    expected = torch.autograd.grad(3 * plain, inputs)  # the incoming gradient counts
    for mine, theirs in zip(torch.autograd.grad(3 * fused, inputs), expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_half_products_are_near():
    queries, items, temperature, facts = world()
    plain = sampled_softmax(queries @ items.T / temperature, **facts)
    half = fused_sampled_softmax(queries, items, temperature, half=True, **facts)
    assert half.item() == pytest.approx(plain.item(), rel=2e-3)
    (expected,), (found,) = (torch.autograd.grad(loss, queries) for loss in (plain, half))
    assert (found - expected).norm() / expected.norm() < 0.01


def test_two_candidates_by_hand():
    # Cosines 1 and 0 at temperature 1/2: log(1 + e^-2).
    queries, items = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    loss = fused_sampled_softmax(queries, items, torch.tensor(0.5))
    assert loss.item() == pytest.approx(torch.log1p(torch.exp(torch.tensor(-2.0))).item(), rel=1e-4)


def test_a_wide_range_is_left_to_the_plain_loss():
    assert fits(0.1, None) and fits(0.03, torch.tensor([-5.0, 5.0]))
    assert not fits(0.02, None) and not fits(0.03, torch.tensor([-10.0, 10.0]))
