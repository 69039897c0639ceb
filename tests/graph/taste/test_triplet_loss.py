"""Losses of a batch: by hand, against a plain loop, and at the point where a naive triplet loss explodes."""

import math

import numpy as np
import pytest
import torch

from earshot.graph.config import TasteConfig
from earshot.graph.taste.triplet_loss import (
    batch_loss,
    cosine_distance,
    cosine_triplet_loss,
    graded_info_nce,
    info_nce,
    semi_hard_negatives,
)
from earshot.graph.taste.triplet_sampler import TripletBatch


def test_the_triplet_loss_of_a_batch_by_hand():
    """Anchor (1, 0); positive at 90 degrees, chord sqrt(2); the far track at 180 degrees is the only one allowed.

    Its chord is 2, so the loss is sqrt(2) - 2 + 0.75 = 0.164. The second anchor has no far track and is left out.
    """
    anchors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    candidates = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    hops = np.array([[0, 255, 1, 1], [1, 0, 1, 1]], dtype=np.uint8)
    batch = TripletBatch(np.array([0, 1]), np.array([2, 3]), hops)
    loss = batch_loss(anchors, candidates, batch, TasteConfig(margin=0.75, gap=2))
    assert loss.item() == pytest.approx(2**0.5 - 2 + 0.75)


def test_a_batch_in_which_nothing_is_far_moves_nothing():
    anchors = torch.ones(2, 3, requires_grad=True)
    batch = TripletBatch(np.array([0, 1]), np.array([1, 0]), np.zeros((2, 4), np.uint8))
    loss = batch_loss(anchors, torch.ones(4, 3), batch, TasteConfig())
    loss.backward()
    assert loss.item() == 0 and (anchors.grad == 0).all()


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


def unit(*shape):
    return torch.nn.functional.normalize(torch.randn(*shape, dtype=torch.double), dim=-1)


def test_info_nce_is_what_a_loop_computes():
    torch.manual_seed(0)
    queries, candidates = unit(5, 3), unit(5, 3)
    near = torch.zeros(5, 5, dtype=torch.bool)
    near[0, 1] = near[1, 0] = near[2, 2] = True  # the diagonal does not count
    total = 0.0
    for forward in (True, False):
        for b in range(5):
            scores = [
                math.exp(float((queries[b] @ candidates[j]) if forward else (queries[j] @ candidates[b])) / 0.2)
                for j in range(5)
                if j == b or not (near[b, j] if forward else near[j, b])
            ]
            own = math.exp(float(queries[b] @ candidates[b]) / 0.2)
            total -= math.log(own / sum(scores)) / 5
    assert info_nce(queries, candidates, near, temperature=0.2).item() == pytest.approx(total / 2)


def test_a_friend_is_not_pushed_away():
    torch.manual_seed(1)
    queries, candidates = unit(4, 3).requires_grad_(), unit(4, 3)
    near = ~torch.eye(4, dtype=torch.bool)
    info_nce(queries, candidates, near).backward()
    assert queries.grad.abs().max() == 0  # nothing but the positive is left


def test_graded_by_hand():
    # Cosines 1 and 0 at temperature 1: log-softmax is (-log(1 + 1/e), -1 - log(1 + 1/e)); shares 3/4 and 1/4.
    queries, candidates = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 5.0]])
    expected = math.log(1 + math.exp(-1)) + 0.25
    loss = graded_info_nce(queries, candidates, torch.tensor([[3.0, 1.0]]), temperature=1.0)
    assert loss.item() == pytest.approx(expected)


def test_graded_with_one_positive_is_one_direction_of_info_nce():
    torch.manual_seed(2)
    queries, candidates = unit(6, 4), unit(6, 4)
    nothing = torch.zeros(6, 6, dtype=torch.bool)
    both = info_nce(queries, candidates, nothing)
    forward = graded_info_nce(queries, candidates, torch.eye(6, dtype=torch.double))
    backward = graded_info_nce(candidates, queries, torch.eye(6, dtype=torch.double))
    assert both.item() == pytest.approx(0.5 * (forward + backward).item())


def test_a_query_without_any_affinity_is_named():
    with pytest.raises(ValueError, match="query 1 has no affinity to any candidate"):
        graded_info_nce(torch.ones(2, 4), torch.ones(3, 4), torch.tensor([[1.0, 0, 0], [0, 0, 0]]))
