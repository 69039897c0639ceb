"""Offsets of popularity, and unit vectors, by hand."""

import numpy as np
import torch

from earshot.towers.retrieval.exact_search import popularity_offsets, unit_vectors


def test_the_dial_is_a_power_of_popularity():
    assert popularity_offsets(np.array([1, 2]), 0) is None
    one, four = np.log(2 / 8), np.log(5 / 8)  # one more for each: 1, 2 and 5 of 8
    expected = -2 * np.array([(one + four) / 2, one, four])  # whom nobody played is taken for an ordinary one
    np.testing.assert_allclose(popularity_offsets(np.array([0, 1, 4]), -2.0), expected, rtol=1e-6)
    np.testing.assert_allclose(popularity_offsets(np.zeros(2), 1.0), np.log([1 / 2, 1 / 2]), rtol=1e-6)


def test_a_bias_is_no_direction_of_taste():
    items = torch.tensor([[3.0, 4.0, 9.0]])
    np.testing.assert_allclose(unit_vectors(items, with_bias=False), [[0.6, 0.8]])
    np.testing.assert_allclose(unit_vectors(torch.tensor([[3.0, 4.0]])), [[0.6, 0.8]])
