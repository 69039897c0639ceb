"""Figures of an ear: by hand on four to six tracks, perfect input, and beside plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from earshot.data.cosine import top_k
from earshot.evaluation.metrics.bootstrap import interval
from earshot.evaluation.metrics.vector_metrics import (
    LabelSets,
    cosines,
    group_sizes,
    groups_of,
    hit_at_k,
    hit_chance,
    hubness_skewness,
    k_occurrence,
    precision_at_k,
    share_at_k,
    share_chance,
    skewness_chance,
    spearman_correlation,
    triplet_accuracy,
)
from library_world import at

ALL = np.arange(5)
# Tracks in pairs by artist, the last one by nobody; what each sounds like is in degrees.
ARTISTS = groups_of(["a", "a", "b", "b", None])
FAN = np.array([at(degrees) for degrees in (0, 10, 30, 61, 100)])


def sets(*cells):
    return [frozenset(cell.split()) if cell else None for cell in cells]


def test_unknown_values_are_groups_of_their_own():
    np.testing.assert_array_equal(groups_of(["x", None, "y", "x", None]), [0, -2, 1, 0, -5])
    np.testing.assert_array_equal(group_sizes(groups_of(["x", None, "y", "x", None])), [2, 1, 1, 2, 1])


def test_labels_agree_when_one_is_shared():
    labels = LabelSets(sets("rock pop", "pop", "jazz", "", "rock jazz"))
    np.testing.assert_array_equal(labels.known, [True, True, True, False, True])
    pairs = np.array([[0, 1], [0, 2], [0, 4], [1, 4], [3, 3], [2, 2], [3, 0]])
    np.testing.assert_array_equal(
        labels.agree(pairs[:, 0], pairs[:, 1]), [True, False, True, False, False, True, False]
    )


def test_precision_by_hand():
    labels = LabelSets(sets("rock", "rock", "rock pop", "jazz", "rock"))
    found = top_k(FAN, 2, groups=ARTISTS)
    np.testing.assert_array_equal(found, [[2, 3], [2, 3], [1, 0], [4, 1], [3, 2]])
    # 0 and 1 find a rock and a jazz; 2 finds two of rock; 3 is jazz among rock; 4 finds jazz and rock
    np.testing.assert_array_equal(precision_at_k(found, ALL, labels), [0.5, 0.5, 1.0, 0.0, 0.5])


def test_precision_of_perfect_input_is_one():
    labels = LabelSets(sets("x", "y", "x", "y"))
    vectors = np.array([at(0), at(90), at(1), at(91)])
    found = top_k(vectors, 1, groups=np.arange(4))
    assert precision_at_k(found, np.arange(4), labels).tolist() == [1.0] * 4


def test_precision_of_the_unlabelled_and_of_empty_lists_has_no_meaning():
    labels = LabelSets(sets("x", "", "x"))
    found = np.array([[2, -1], [0, 2], [-1, -1]])
    # the first found one only, and that one agrees; the second has no label; the third found nobody
    np.testing.assert_array_equal(precision_at_k(found, np.arange(3), labels), [1.0, np.nan, np.nan])


def test_chance_of_labels_by_hand():
    labels = LabelSets(sets("rock", "rock", "rock pop", "jazz", "rock"))
    # Of the three tracks by others, 0 and 1 agree with two; 2 with 0, 1, 4; 3 with none; 4 with 0, 1, 2 of four.
    np.testing.assert_allclose(labels.chance(ALL, ARTISTS), [2 / 3, 2 / 3, 1.0, 0.0, 3 / 4])


def test_labels_of_nobody():
    labels = LabelSets([None, None])
    assert np.isnan(labels.chance(np.arange(2), np.arange(2))).all()
    assert not labels.agree(np.array([0]), np.array([1])).any()
    only = LabelSets(sets("x", "x"))
    assert np.isnan(only.chance(np.arange(2), np.zeros(2, np.int64))).all()  # one artist: nobody else to find


def test_same_artist_by_hand():
    found = top_k(FAN, 1)
    np.testing.assert_array_equal(found[:, 0], [1, 0, 1, 2, 3])
    # 0 and 1 find each other; 2 is nearer to 1; 3 finds 2; of 4 no other track is known
    np.testing.assert_array_equal(hit_at_k(found, ALL, ARTISTS), [1, 1, 0, 1, np.nan])
    np.testing.assert_array_equal(hit_at_k(top_k(FAN, 2), ALL, ARTISTS), [1, 1, 0, 1, np.nan])
    np.testing.assert_array_equal(hit_at_k(top_k(FAN, 3), ALL, ARTISTS), [1, 1, 1, 1, np.nan])


def test_twins_are_a_hit_at_one():
    twins = groups_of([7, None, 7, None])
    vectors = np.array([at(0), at(40), at(2), at(50)])
    np.testing.assert_array_equal(hit_at_k(top_k(vectors, 1), np.arange(4), twins), [1, np.nan, 1, np.nan])


def test_chance_of_a_hit_by_hand():
    # Of four others one is kin: a list of one misses it with 3/4, of two with 3/4 * 2/3.
    np.testing.assert_allclose(hit_chance(ALL, ARTISTS, 1), [1 / 4] * 4 + [np.nan])
    np.testing.assert_allclose(hit_chance(ALL, ARTISTS, 2), [1 / 2] * 4 + [np.nan])
    np.testing.assert_allclose(hit_chance(ALL, ARTISTS, 99), [1.0] * 4 + [np.nan])


def test_share_of_a_sample_rate_by_hand():
    rates = groups_of([44_100, 44_100, 22_050, 44_100, None])
    found = np.array([[1, 2], [0, 3], [0, 1], [4, -1], [0, 1]])
    np.testing.assert_array_equal(share_at_k(found, ALL, rates), [0.5, 1.0, 0.0, 0.0, np.nan])
    # two of the four others share 44,100 Hz, none shares 22,050 Hz
    np.testing.assert_array_equal(share_chance(ALL, rates), [0.5, 0.5, 0.0, 0.5, np.nan])


def test_k_occurrence_by_hand():
    np.testing.assert_array_equal(k_occurrence(np.array([[1, 2], [2, -1], [0, 1]]), 4), [1, 2, 2, 0])


def test_skewness_of_chance():
    # 101 tracks, 100 queries, lists of ten: a binomial with p = 1/10, (1 - 2/10) / sqrt(100 * 1/10 * 9/10)
    assert skewness_chance(101, 100, 10) == pytest.approx(0.8 / 3)
    assert math.isnan(skewness_chance(5, 5, 10))  # everyone is in every list


def test_skewness_of_chance_is_that_of_random_lists(rng):
    lists = np.stack([rng.permutation(400)[:10] for _ in range(20_000)])
    counts = k_occurrence(lists, 400)
    # drawn lists vary: the standard error of a skewness of 400 values is sqrt(6 / 400) = .12
    centred = counts - counts.mean()
    assert (centred**3).mean() / (centred**2).mean() ** 1.5 == pytest.approx(skewness_chance(401, 20_000, 10), abs=0.4)


def test_triplets_by_hand():
    # 10 against 30 degrees; the reverse; 40 against 30; the same track twice, which is a tie
    triplets = np.array([[0, 1, 2], [0, 2, 1], [3, 4, 2], [2, 1, 1]])
    np.testing.assert_array_equal(triplet_accuracy(FAN, triplets), [1.0, 0.0, 0.0, 0.5])


def test_perfect_triplets_score_one():
    rows = np.array([0, 1, 3])
    assert triplet_accuracy(FAN, np.stack([rows, rows, [4, 4, 0]], axis=1)).tolist() == [1.0] * 3


def test_a_penalty_turns_a_triplet_round():
    one = np.array([0])
    penalty = np.array([0, 0.5, 0, 0, 0])
    assert triplet_accuracy(FAN, np.array([[0, 1, 2]])) == [1.0]
    assert triplet_accuracy(FAN, np.array([[0, 1, 2]]), penalty) == [0.0]
    assert cosines(FAN, one, np.array([1]), penalty)[0] == pytest.approx(np.cos(np.radians(10)) - 0.5, abs=1e-6)


@given(st.integers(2, 12), st.integers(0, 99))
def test_as_plain_loops_count_it(n, seed):
    rng = np.random.default_rng(seed)
    artists = groups_of([None if rng.random() < 0.2 else int(rng.integers(4)) for _ in range(n)])
    cells = [frozenset(rng.choice(list("abcd"), rng.integers(0, 3))) or None for _ in range(n)]
    labels, rows, found = LabelSets(cells), np.arange(n), top_k(rng.standard_normal((n, 3)), 3, groups=artists)
    precision, chance, hits = (
        precision_at_k(found, rows, labels),
        labels.chance(rows, artists),
        hit_at_k(found, rows, artists),
    )
    for row in range(n):
        real = [other for other in found[row] if other >= 0]
        others = [other for other in rows if artists[other] != artists[row] and cells[other]]
        if cells[row] and real:
            assert precision[row] == sum(bool(cells[row] & (cells[o] or set())) for o in real) / len(real)
        else:
            assert np.isnan(precision[row])
        if cells[row] and others:
            assert chance[row] == pytest.approx(sum(bool(cells[row] & cells[o]) for o in others) / len(others))
        else:
            assert np.isnan(chance[row])
        kin = [other for other in rows if other != row and artists[other] == artists[row]]
        assert np.isnan(hits[row]) if not kin else hits[row] == 0.0  # they were kept apart


def skewness(values):
    return hubness_skewness(values, np.arange(len(values)))[0]


def spearman(x, y):
    return spearman_correlation(x, y, np.arange(len(x)))[0]


def test_skewness_by_hand():
    # Mean 1, deviations -1, -1, -1, 3: third moment (27 - 3) / 4 = 6, variance 3, so 6 / 3 ** 1.5
    assert skewness(np.array([0, 0, 0, 4])) == pytest.approx(6 / 3**1.5)
    assert skewness(np.array([1, 2, 3])) == pytest.approx(0.0)
    assert np.isnan(skewness(np.array([2, 2, 2])))


def test_spearman_by_hand():
    assert spearman(np.array([1.0, 2.0, 9.0]), np.array([-3, -2, -1])) == pytest.approx(1.0)
    assert spearman(np.array([1.0, 2.0, 9.0]), np.array([3, 2, 1])) == pytest.approx(-1.0)
    assert np.isnan(spearman(np.array([1.0, 2.0]), np.array([5, 5])))


@given(st.integers(3, 30), st.integers(0, 99))
def test_as_scipy_has_it(n, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 6, n), rng.integers(0, 6, n)
    if len(set(x)) > 1:
        assert skewness(x) == pytest.approx(stats.skew(x), abs=1e-9)
        if len(set(y)) > 1:
            assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


def test_the_interval_of_a_correlation_holds_it(rng):
    x = rng.standard_normal(300)
    y = x + rng.standard_normal(300)
    correlation, draws = spearman_correlation(x, y, np.arange(300))
    low, high = interval(draws)
    assert low < correlation < high and high - low < 0.2
    fisher = 1.96 / np.sqrt(300 - 3)  # the textbook's half width, near z = 0.8: (1 - r ** 2) of it
    assert (high - low) / 2 == pytest.approx(fisher * (1 - correlation**2), rel=0.35)
