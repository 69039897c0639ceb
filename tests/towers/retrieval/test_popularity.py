"""Popularity added to scores at serving, by hand."""

import numpy as np
import torch

from earshot.towers.retrieval.popularity import fold_offsets, popularity_offsets


def test_a_popularity_weight_is_a_power_of_popularity():
    assert popularity_offsets(np.array([1, 2]), 0) is None
    one, four = np.log(2 / 8), np.log(5 / 8)  # one more for each: 1, 2 and 5 of 8
    expected = -2 * np.array([(one + four) / 2, one, four])  # without plays: the mean of the others
    np.testing.assert_allclose(popularity_offsets(np.array([0, 1, 4]), -2.0), expected, rtol=1e-6)
    np.testing.assert_allclose(popularity_offsets(np.zeros(2), 1.0), np.log([1 / 2, 1 / 2]), rtol=1e-6)


def test_folded_offsets_are_added_to_every_score():
    """Search by inner product alone then ranks by score and offset."""
    items, queries = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 1.0], [0.5, 0.5]])
    offsets = np.array([0.25, -1.0], dtype=np.float32)
    folded_items, folded_queries = fold_offsets(items, queries, offsets)
    np.testing.assert_allclose(folded_queries @ folded_items.T, (queries @ items.T).numpy() + offsets)
    for folded, plain in zip(fold_offsets(items, queries, None), (items, queries), strict=True):
        np.testing.assert_array_equal(folded, plain.numpy())
