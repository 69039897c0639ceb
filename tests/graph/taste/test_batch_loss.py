"""The loss of one batch, by hand."""

import numpy as np
import pytest
import torch

from earshot.graph.config import TasteConfig
from earshot.graph.taste.batch_loss import batch_loss
from earshot.graph.taste.taste_sampler import TripletBatch


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
