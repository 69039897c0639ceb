"""Unique values, as NumPy finds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.data.arrays import pair_keys, split_keys, unique_inverse, unique_sorted


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_it_is_what_unique_gives(rng, n):
    values = rng.integers(-5, 5, size=n).astype(np.int32)
    unique = unique_sorted(values)
    np.testing.assert_array_equal(unique, np.unique(values))
    assert unique.dtype == np.int32


@pytest.mark.parametrize("n", [6, 10**6], ids=["marked", "sorted"])
def test_positions_lead_back_to_the_values(n):
    values = np.array([[5, -1, 2], [2, 5, 5]])
    rows, positions = unique_inverse(values, n)
    assert rows.tolist() == [2, 5]
    assert positions.tolist() == [[1, -1, 0], [0, 1, 1]]


@given(st.lists(st.integers(-1, 30)), st.sampled_from([31, 10_000]))
def test_marking_and_sorting_agree(values, n):
    values = np.array(values, dtype=np.int64)
    rows, positions = unique_inverse(values, n)
    assert rows.tolist() == sorted(set(values[values >= 0].tolist()))
    np.testing.assert_array_equal(np.append(rows, -1)[positions], values)


def test_keys_sort_as_their_pairs_and_come_apart_again(rng):
    users, tracks = rng.integers(0, 2**31, (2, 50)).astype(np.int32)
    keys = pair_keys(users, tracks)
    np.testing.assert_array_equal(np.argsort(keys), np.lexsort((tracks, users)))
    for rows, expected in zip(split_keys(keys), (users, tracks), strict=True):
        np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(pair_keys(users[:, None], tracks[:3])[:, 1], pair_keys(users, tracks[1]))


def test_the_key_of_no_row_is_negative():
    nothing = pair_keys(np.array([-1, -1, 0, 7]), np.array([-1, 5, -1, -1]))
    assert (nothing < 0).all() and (pair_keys(np.array([0, 7]), np.array([0, 2**31 - 1])) >= 0).all()
