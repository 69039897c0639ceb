"""BPR by hand, and where the usual shortcut breaks."""

import math

import pytest
import torch

from earshot.towers.losses.bpr_loss import bpr_loss


def test_two_negatives_by_hand():
    # 1 against 0 and against 3: (log(1 + e^-1) + log(1 + e^2)) / 2
    loss = bpr_loss(torch.tensor([1.0]), torch.tensor([[0.0, 3.0]]))
    assert loss.item() == pytest.approx((math.log(1 + math.exp(-1)) + math.log(1 + math.exp(2))) / 2)


def test_it_is_minus_log_sigmoid():
    positives, negatives = torch.randn(5), torch.randn(5, 3)
    expected = -torch.sigmoid(positives[:, None] - negatives).log().mean()
    assert bpr_loss(positives, negatives).item() == pytest.approx(expected.item(), rel=1e-5)


def test_equal_scores_cost_log_two():
    assert bpr_loss(torch.zeros(4), torch.zeros(4, 2)).item() == pytest.approx(math.log(2))


def test_weights_and_what_is_hidden():
    # Row 0 counts twice and only its second negative is seen: log 2; row 1 counts once, with both: log(1 + e) each.
    positives, negatives = torch.tensor([0.0, 0.0]), torch.tensor([[9.0, 0.0], [1.0, 1.0]])
    excluded = torch.tensor([[True, False], [False, False]])
    loss = bpr_loss(positives, negatives, excluded=excluded, weights=torch.tensor([2.0, 1.0]))
    assert loss.item() == pytest.approx((2 * math.log(2) + 2 * math.log(1 + math.e)) / 4)


def test_the_most_wrongly_ranked_still_has_a_gradient():
    """-log(sigmoid(x) + 1e-8), as it is often written, has none here."""
    positives = torch.tensor([-100.0], requires_grad=True)
    bpr_loss(positives, torch.tensor([[100.0]])).backward()
    assert positives.grad.item() == pytest.approx(-1.0)


def test_nothing_but_hidden_negatives_is_no_loss():
    assert bpr_loss(torch.zeros(1), torch.ones(1, 2), excluded=torch.ones(1, 2, dtype=torch.bool)).item() == 0
