"""The loss of the towers by hand, beside a plain loop, and beside the full softmax that it estimates."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from earshot.towers.losses.sampled_softmax import Temperature, sampled_softmax


def logits_of(*shape):
    return torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(3))


def test_one_event_by_hand():
    # e^2 / (e^2 + e^0 + e^1): the loss is log(1 + e^-2 + e^-1)
    loss = sampled_softmax(torch.tensor([[2.0, 0.0, 1.0]]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2) + math.exp(-1)))


def test_logq_by_hand():
    # Column 1 is expected 4 times, the positive 2 times: e^0/2 against e^0/4, so the loss is log(1 + 1/2).
    logits, log_counts = torch.zeros(1, 2), torch.tensor([2.0, 4.0]).log()
    assert sampled_softmax(logits, log_counts=log_counts).item() == pytest.approx(math.log(1.5))
    # The positive as it is: 1 against 1/4.
    half = sampled_softmax(logits, log_counts=log_counts, correction="negatives")
    assert half.item() == pytest.approx(math.log(1.25))
    # Not corrected: 1 against 1.
    assert sampled_softmax(logits, log_counts=log_counts, correction="none").item() == pytest.approx(math.log(2))


def test_refined_by_hand():
    # Two candidates; the positive is expected 0.5 times, so q = 1/4; the negative is expected once.
    # Corrected, the negative weighs e^0 / 1 * (1 - 1/4) = 3/4 against the positive's e^0 = 1.
    # 1 - P(positive) = (3/4) / (7/4) = 3/7, and the loss is 3/7 * (log(3/4) - 0).
    log_counts = torch.tensor([0.5, 1.0]).log()
    loss = sampled_softmax(torch.zeros(1, 2), log_counts=log_counts, correction="refined")
    assert loss.item() == pytest.approx(3 / 7 * math.log(3 / 4))


def test_refined_has_the_gradient_of_the_plain_softmax_when_all_are_drawn_alike():
    """log(1 + e^x) and sigmoid(x).detach() * x have one derivative."""
    logits = logits_of(4, 7).float().requires_grad_()
    everyone = torch.ones(7).log()  # each expected once: nothing to correct but the own share
    (refined,) = torch.autograd.grad(sampled_softmax(logits, log_counts=everyone, correction="refined"), logits)
    shift = torch.full((4, 7), math.log(1 - 1 / 7)).diagonal_scatter(torch.zeros(4))
    (plain,) = torch.autograd.grad(F.cross_entropy(logits + shift, torch.arange(4)), logits)
    torch.testing.assert_close(refined, plain)


def test_it_is_what_a_loop_computes():
    n, m = 5, 8
    logits, log_counts = logits_of(n, m).float(), torch.linspace(-1, 1, m)
    excluded = torch.zeros(n, m, dtype=torch.bool)
    excluded[0, 3] = excluded[1, 6] = excluded[2, 2] = True  # the positive of row 2 stays
    weights = torch.tensor([1.0, 0.5, 0.0, 2.0, 1.0])
    total = 0.0
    for b in range(n):
        there = [j for j in range(m) if j == b or not excluded[b, j]]
        summed = sum(math.exp(float(logits[b, j] - log_counts[j])) for j in there)
        total -= float(weights[b]) * math.log(math.exp(float(logits[b, b] - log_counts[b])) / summed)
    loss = sampled_softmax(logits, log_counts=log_counts, excluded=excluded, weights=weights)
    assert loss.item() == pytest.approx(total / 4.5, rel=1e-5)


def test_in_both_directions_the_tracks_choose_too():
    logits = logits_of(3, 5).float()
    rows = torch.arange(3)
    expected = 0.5 * (F.cross_entropy(logits, rows) + F.cross_entropy(logits[:, :3].T, rows))
    assert sampled_softmax(logits, directions=2).item() == pytest.approx(expected.item())


def test_the_corrected_gradient_is_that_of_the_full_softmax():
    """The point of it all: over many draws from a skewed catalog, the mean gradient is the full one."""
    n_tracks, n_drawn = 6, 40_000
    rng = np.random.default_rng(0)
    scores = torch.tensor([0.5, 0.0, -0.5, 1.0, 0.2, -1.0])
    proposal = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    (full,) = torch.autograd.grad(F.cross_entropy(s := scores.clone().requires_grad_()[None], torch.tensor([5])), s)
    drawn = torch.from_numpy(np.concatenate([[5], rng.choice(n_tracks, n_drawn, p=proposal)]))
    log_counts = torch.from_numpy(np.log(n_drawn * proposal)).float()
    gradients = {}
    for correction in ("refined", "negatives", "none"):
        catalog = scores.clone().requires_grad_()
        excluded = (drawn == 5)[None]
        loss = sampled_softmax(
            catalog[drawn][None], log_counts=log_counts[drawn], excluded=excluded, correction=correction
        )
        (gradients[correction],) = torch.autograd.grad(loss, catalog)
    torch.testing.assert_close(gradients["negatives"], full[0], atol=0.01, rtol=0)
    assert (gradients["none"] - full[0]).abs().max() > 0.1
    # The refined one thinks of the positive as drawn with the others: close, and never far.
    torch.testing.assert_close(gradients["refined"], full[0], atol=0.03, rtol=0)


def test_a_listener_whose_every_candidate_is_hidden_teaches_nothing():
    excluded = torch.tensor([[False, True, True]])
    for correction in ("both", "negatives", "refined", "none"):
        logits = torch.tensor([[0.3, 5.0, 1.0]], requires_grad=True)
        loss = sampled_softmax(logits, log_counts=torch.zeros(3), excluded=excluded, correction=correction)
        loss.backward()
        assert loss.item() == pytest.approx(0, abs=1e-6)
        assert logits.grad.abs().max() == pytest.approx(0, abs=1e-6)


def test_no_event_that_counts_is_no_loss():
    assert sampled_softmax(torch.randn(2, 3), weights=torch.zeros(2)).item() == 0


def test_the_temperature_stays_within_bounds():
    assert Temperature(0.1)().item() == pytest.approx(0.1)
    temperature = Temperature(0.5)
    with torch.no_grad():
        temperature.log.fill_(-100)
    assert temperature().item() == pytest.approx(0.01)
    with torch.no_grad():
        temperature.log.fill_(3)
    assert temperature().item() == pytest.approx(1.0)
