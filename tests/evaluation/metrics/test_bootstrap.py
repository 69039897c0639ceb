"""Intervals: against scipy's own statistics and bootstrap, and on worlds where the answer is plain."""

import numpy as np
import pytest
from scipy import stats

from earshot.evaluation.metrics import bootstrap
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.vector_metrics import hubness_skewness, spearman_correlation


def mean_interval(values):
    return interval(draw_means(values, np.arange(len(values))))


def test_the_interval_of_independent_values_is_that_of_scipy(rng, monkeypatch):
    monkeypatch.setattr(bootstrap, "_N_DRAWS", 20_000)
    values = rng.random(200)
    expected = stats.bootstrap([values], np.mean, n_resamples=20_000, method="percentile", rng=rng).confidence_interval
    assert mean_interval(values) == pytest.approx(tuple(expected), abs=0.003)


def test_whole_artists_are_drawn():
    """Ten songs each by two artists, one always right and one always wrong: 0, 1/2 or 1, and nothing between."""
    values, artists = np.repeat([0.0, 1.0], 10), np.repeat([0, 1], 10)
    assert set(draw_means(values, artists).tolist()) == {0.0, 0.5, 1.0}
    assert interval(draw_means(values, artists)) == (0.0, 1.0)
    low, high = mean_interval(values)  # as if they were twenty witnesses
    assert 0.25 < low < 0.35 and 0.65 < high < 0.75


def test_draws_of_unequal_artists_weigh_songs():
    # Artist 0 has three songs of value 1, artist 1 has one of value 0: both drawn gives 3/4.
    draws = draw_means(np.array([1.0, 1.0, 1.0, 0.0]), np.array([0, 0, 0, 1]))
    assert set(draws.tolist()) == {0.0, 0.75, 1.0}


def test_values_without_a_meaning_are_left_out():
    values = np.array([1.0, np.nan, 0.0, np.nan])
    assert mean_interval(values) == mean_interval(np.array([1.0, 0.0]))


def test_one_witness_teaches_nothing_about_others():
    assert np.isnan(interval(draw_means(np.array([1.0, 0.0]), np.array([3, 3])))).all()
    assert np.isnan(interval(np.full(5, np.nan))).all()


def test_one_seed_one_answer_and_the_draws_of_two_figures_are_pairs(rng):
    values, artists = rng.random(40), rng.integers(0, 9, 40)
    first, again = draw_means(values, artists, seed=3), draw_means(values, artists, seed=3)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, draw_means(values, artists, seed=4))
    # One that is better by .1 on every query is better by .1 in every draw, however wide both intervals are.
    np.testing.assert_allclose(draw_means(values + 0.1, artists, seed=3) - first, 0.1)


def test_a_draw_that_takes_everybody_once_is_the_figure_itself(rng, monkeypatch):
    x, artists = rng.random(30), rng.integers(0, 6, 30)

    class Everybody:
        def multinomial(self, n, chances, size):
            return np.ones((size, n), dtype=np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Everybody())
    assert draw_means(x, artists) == pytest.approx(np.full(1_000, x.mean()))
    for statistic in (hubness_skewness(x, artists), spearman_correlation(x, x**2, artists)):
        assert statistic[1] == pytest.approx(np.full(1_000, statistic[0]))


def test_small_blocks_hold_as_many_draws(rng, monkeypatch):
    monkeypatch.setattr(bootstrap, "_MAX_COUNTS", 70)  # seven draws at a time, and six at last
    assert draw_means(rng.random(10), np.arange(10)).shape == (1_000,)
