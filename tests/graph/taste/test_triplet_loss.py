"""The triplet loss by hand, by brute force, and at the point where a naive one explodes."""

import math

import pytest
import torch

from earshot.graph.taste.triplet_loss import cosine_distance, cosine_triplet_loss, semi_hard_negatives


def test_a_triplet_by_hand():
    # cos(a, p) = 3/5 and cos(a, n) = 4/5: the chords are sqrt(0.8) and sqrt(0.4)
    a, p, n = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[8.0, 6.0]])
    expected = math.sqrt(0.8) - math.sqrt(0.4) + 0.1
    assert cosine_triplet_loss(a, p, n, margin=0.1).item() == pytest.approx(expected)
    assert cosine_triplet_loss(a, n, p, margin=0.1).item() == 0  # the right way round, by more than the margin


def test_the_distance_is_the_one_of_the_formula():
    torch.manual_seed(0)
    x, y = torch.randn(7, 5, dtype=torch.double), torch.randn(7, 5, dtype=torch.double)
    cosines = torch.nn.functional.cosine_similarity(x, y)
    torch.testing.assert_close(cosine_distance(x, y), (2 * (1 - cosines)).sqrt())


def test_the_gradient_is_finite_where_vectors_are_equal_or_nearly():
    for step in (0.0, 1e-12, 1e-6):
        x = torch.tensor([[0.6, 0.8]], requires_grad=True)
        cosine_distance(x, torch.tensor([[0.6, 0.8 + step]])).sum().backward()
        assert torch.isfinite(x.grad).all() and x.grad.norm() <= 1.001


def test_the_gradient_is_the_true_one():
    torch.manual_seed(1)
    triplet = [torch.randn(3, 4, dtype=torch.double, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda a, p, n: cosine_triplet_loss(a, p, n, margin=1.5), triplet)


def test_semi_hard_negatives_by_hand():
    # The positive lies at 60 degrees. Candidates at 30, 75, 90 and 180: the semi-hard one is at 75.
    angles = torch.deg2rad(torch.tensor([30.0, 75.0, 90.0, 180.0]))
    candidates = torch.stack([angles.cos(), angles.sin()], dim=1)
    anchor = torch.tensor([[1.0, 0.0]])
    positive = torch.tensor([[0.5, math.sqrt(0.75)]])
    everything = torch.ones(1, 4, dtype=torch.bool)
    assert semi_hard_negatives(anchor, positive, candidates, everything).tolist() == [1]
    without = torch.tensor([[True, False, True, True]])
    assert semi_hard_negatives(anchor, positive, candidates, without).tolist() == [2]
    only_hard = torch.tensor([[True, False, False, False]])
    assert semi_hard_negatives(anchor, positive, candidates, only_hard).tolist() == [0]


def test_an_anchor_without_negatives_is_named():
    allowed = torch.tensor([[True, True, False], [False, False, False]])
    with pytest.raises(ValueError, match="anchor 1 has no negative among the candidates"):
        semi_hard_negatives(torch.ones(2, 4), torch.ones(2, 4), torch.ones(3, 4), allowed)
