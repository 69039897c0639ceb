"""The best of many scores are those that sorting everything would give, also where scores are equal."""

import numpy as np
import pytest

from earshot.data.top_k import falling, hash_order, top_k_columns


def sorted_whole(scores, k, ids):
    """All columns by falling score, equal ones by the hash of their ids, without those that are minus infinity."""
    rows = []
    for row in scores:
        order = sorted(range(len(row)), key=lambda column: (-row[column], int(hash_order(ids[[column]])[0])))
        rows.append(([column for column in order if row[column] > -np.inf] + [-1] * k)[:k])
    return np.array(rows)


@pytest.mark.parametrize("n", [1, 5, 127, 128, 1_300, 3_001])
@pytest.mark.parametrize("n_values", [1, 2, 7, 100_000])
def test_it_is_a_whole_sort(rng, n, n_values):
    scores = rng.integers(0, n_values, (4, n)).astype(np.float32)
    scores[0, rng.random(n) < 0.9] = -np.inf
    scores[1] = -np.inf
    ids = rng.permutation(10 * n)[:n]
    for k in (1, 3, 10):
        np.testing.assert_array_equal(top_k_columns(scores, k, ids), sorted_whole(scores, k, ids))
        np.testing.assert_array_equal(top_k_columns(scores, k), sorted_whole(scores, k, np.arange(n)))


@pytest.mark.parametrize("n", [40, 1_000, 20_001])
def test_equals_stand_in_no_order_that_their_rows_tell(n):
    """Listened tracks come first among the rows, those of the test included: ties must not prefer them."""
    listened = n // 10
    (found,) = top_k_columns(np.zeros((1, n), dtype=np.float32), max(n // 20, 20))
    share = (found < listened).mean()
    assert abs(share - 0.1) < 0.06, share
    assert len(set(found.tolist())) == len(found)


def test_candidates_in_any_order_are_sorted_alike(rng):
    scores, ids = rng.integers(0, 3, (5, 30)).astype(np.float32), np.tile(np.arange(100, 130), (5, 1))
    order = rng.permuted(np.tile(np.arange(30), (5, 1)), axis=1)
    shuffled = np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)
    once, again = (
        np.take_along_axis(names, falling(values, names), axis=1) for values, names in ((scores, ids), shuffled)
    )
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(once[:, :7], ids[0][top_k_columns(scores, 7, ids[0])])


def test_no_columns_and_no_rows():
    assert top_k_columns(np.empty((2, 0)), 3).tolist() == [[-1] * 3] * 2
    assert top_k_columns(np.empty((0, 5)), 3).shape == (0, 3)
