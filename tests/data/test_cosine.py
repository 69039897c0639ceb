"""Nearest rows, on vectors in the plane and beside a loop that anyone can check."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.data import cosine as rankings
from earshot.data.cosine import top_k, unit_rows
from earshot.data.top_k import hash_order
from library_world import at

FAN = np.array([at(degrees) for degrees in (0, 10, 30, 61)])  # gaps of 10, 20 and 31 degrees


def cos(degrees):
    return np.cos(np.radians(degrees))


def naive_top_k(vectors, k, penalty=None, groups=None, candidates=None):
    """The same with Python's own sort, one query at a time."""
    lists = []
    for query in range(len(vectors)):
        scored = []
        for other in range(len(vectors)):
            if other == query or (groups is not None and groups[other] == groups[query]):
                continue
            if candidates is not None and not candidates[other]:
                continue
            one, two = vectors[query].astype(np.float64), vectors[other].astype(np.float64)
            cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
            scored.append((-(cosine - (0 if penalty is None else penalty[other])), hash_order(other), other))
        best = [other for *_, other in sorted(scored)[:k]]
        lists.append(best + [-1] * (k - len(best)))
    return np.array(lists)


def test_the_nearest_come_first_and_never_the_query_itself():
    # From 10 degrees: 0 is 10 away, 30 is 20 away, 61 is 51 away.
    np.testing.assert_array_equal(top_k(FAN, 3), [[1, 2, 3], [0, 2, 3], [1, 0, 3], [2, 1, 0]])


def test_only_directions_count():
    lengths = np.array([[0.1], [7.0], [1.0], [300.0]])
    np.testing.assert_array_equal(top_k(FAN * lengths, 2), top_k(FAN, 2))


def test_a_list_that_runs_out_ends_in_minus_one():
    np.testing.assert_array_equal(top_k(FAN[:2], 3), [[1, -1, -1], [0, -1, -1]])
    assert top_k(FAN[:0], 3).shape == (0, 3)


def test_some_queries_among_all_candidates():
    np.testing.assert_array_equal(top_k(FAN, 2, query_rows=np.array([3, 0])), [[2, 1], [1, 2]])


def test_nobody_of_the_own_group_and_only_candidates():
    groups = np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(top_k(FAN, 2, groups=groups), [[2, 3], [2, 3], [1, 0], [1, 0]])
    heard = np.array([True, False, True, True])
    np.testing.assert_array_equal(top_k(FAN, 2, candidates=heard), [[2, 3], [0, 2], [0, 3], [2, 0]])


def test_equals_stand_in_the_order_of_their_hash():
    np.testing.assert_array_equal(top_k(np.array([at(0), at(20), at(20), at(20)]), 3)[0], [1, 3, 2])


def test_a_row_of_zeros_is_like_nothing():
    np.testing.assert_array_equal(unit_rows(np.zeros((2, 3))), np.zeros((2, 3)))
    assert unit_rows(np.array([[3.0, 4.0]])) == pytest.approx(np.array([[0.6, 0.8]]))


def test_a_list_has_a_place():
    with pytest.raises(ValueError, match="k is 0; a list has at least one place"):
        top_k(FAN, 0)


def test_a_hub_loses_its_head_start():
    # A query at 0, a hub at 20 that two others crowd, a loner at -25: by angle the hub is nearer.
    crowd = np.array([at(0), at(20), at(-25), at(22), at(24)])
    assert top_k(crowd, 1)[0, 0] == 1
    # Less half the mean cosine with the two nearest: cos 25 - .403 of the loner is .503, cos 20 - .499 of the hub .441.
    penalty = np.array([0, cos(2) + cos(4), cos(25) + cos(45), 2 * cos(2), cos(2) + cos(4)]) / 4
    assert top_k(crowd, 1, penalty=penalty)[0, 0] == 2


@given(st.integers(0, 12), st.integers(1, 6), st.integers(0, 99))
def test_as_a_plain_loop_finds_it(n, k, seed):
    rng = np.random.default_rng(seed)
    vectors, groups = rng.standard_normal((n, 5)), rng.integers(0, 4, n)
    penalty, candidates = rng.random(n), rng.random(n) < 0.7
    np.testing.assert_array_equal(top_k(vectors, k), naive_top_k(vectors, k).reshape(n, k))
    ours = top_k(vectors, k, groups=groups, penalty=penalty, candidates=candidates)
    np.testing.assert_array_equal(ours, naive_top_k(vectors, k, penalty, groups, candidates).reshape(n, k))


def test_small_blocks_change_nothing(rng, monkeypatch):
    vectors, groups = rng.standard_normal((23, 4)), rng.integers(0, 5, 23)
    at_once = top_k(vectors, 7, groups=groups)
    monkeypatch.setattr(rankings, "_SCORES_AT_ONCE", 50)  # two queries at a time
    np.testing.assert_array_equal(top_k(vectors, 7, groups=groups), at_once)
