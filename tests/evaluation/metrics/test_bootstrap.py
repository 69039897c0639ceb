"""Intervals: against scipy's own statistics and bootstrap, and on worlds where the answer is plain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from earshot.evaluation.metrics import bootstrap
from earshot.evaluation.metrics.bootstrap import (
    bootstrap_interval,
    draw_means,
    draw_skewnesses,
    draw_spearmans,
    interval,
    skewness,
    spearman,
)


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


def test_the_interval_of_independent_values_is_that_of_scipy(rng):
    values = rng.random(200)
    expected = stats.bootstrap([values], np.mean, n_resamples=20_000, method="percentile", rng=rng).confidence_interval
    assert bootstrap_interval(values, n=20_000) == pytest.approx(tuple(expected), abs=0.003)


def test_whole_artists_are_drawn():
    """Ten songs each by two artists, one always right and one always wrong: 0, 1/2 or 1, and nothing between."""
    values, artists = np.repeat([0.0, 1.0], 10), np.repeat([0, 1], 10)
    assert set(draw_means(values, artists).tolist()) == {0.0, 0.5, 1.0}
    assert bootstrap_interval(values, artists) == (0.0, 1.0)
    low, high = bootstrap_interval(values)  # as if they were twenty witnesses
    assert 0.25 < low < 0.35 and 0.65 < high < 0.75


def test_draws_of_unequal_artists_weigh_songs():
    # Artist 0 has three songs of value 1, artist 1 has one of value 0: both drawn gives 3/4.
    draws = draw_means(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 0, 1]))
    assert set(draws.tolist()) == {0.0, 0.75, 1.0}


def test_values_without_a_meaning_are_left_out():
    values = np.array([1.0, np.nan, 0.0, np.nan])
    assert bootstrap_interval(values) == bootstrap_interval(np.array([1.0, 0.0]))


def test_one_witness_teaches_nothing_about_others():
    assert np.isnan(bootstrap_interval(np.array([1.0, 0.0]), np.array([3, 3]))).all()
    assert np.isnan(interval(np.full(5, np.nan))).all()


def test_one_seed_one_answer_and_the_draws_of_two_figures_are_pairs(rng):
    values, artists = rng.random(40), rng.integers(0, 9, 40)
    first, again = draw_means(values, artists, seed=3), draw_means(values, artists, seed=3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, draw_means(values, artists, seed=4))
    # One that is better by .1 on every query is better by .1 in every draw, however wide both intervals are.
    np.testing.assert_allclose(draw_means(values + 0.1, artists, seed=3) - first, 0.1)


def test_a_draw_that_takes_everybody_once_is_the_figure_itself(rng, monkeypatch):
    x, y, artists = rng.random(30), rng.random(30), rng.integers(0, 6, 30)

    class Everybody:
        def multinomial(self, n, chances, size):
            return np.ones((size, n), dtype=np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Everybody())
    assert draw_means(x, artists, n=1) == pytest.approx([x.mean()])
    assert draw_skewnesses(x, artists, n=1) == pytest.approx([skewness(x)])
    assert draw_spearmans(x, y, artists, n=1) == pytest.approx([spearman(x, y)])


def test_the_interval_of_a_correlation_holds_it(rng):
    x = rng.standard_normal(300)
    y = x + rng.standard_normal(300)
    low, high = interval(draw_spearmans(x, y, np.arange(300)))
    assert low < spearman(x, y) < high and high - low < 0.2
    fisher = 1.96 / np.sqrt(300 - 3)  # the textbook's half width, near z = 0.8: (1 - r ** 2) of it
    assert (high - low) / 2 == pytest.approx(fisher * (1 - spearman(x, y) ** 2), rel=0.35)


def test_small_blocks_hold_as_many_draws(rng, monkeypatch):
    monkeypatch.setattr(bootstrap, "_MAX_COUNTS", 25)
    assert draw_means(rng.random(10), np.arange(10), n=7).shape == (7,)
