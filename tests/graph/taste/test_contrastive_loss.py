"""Batch losses against a plain loop, and the masks that keep friends from being pushed away."""

import math

import pytest
import torch

from earshot.graph.taste.contrastive_loss import graded_info_nce, info_nce


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
