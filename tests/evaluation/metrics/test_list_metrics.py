"""What lists are like, by hand and beside plain loops."""

import numpy as np
import pytest

from earshot.evaluation.metrics import list_metrics
from tower_world import listening


def test_the_catalogs_figures_by_hand():
    lists = np.array([[0, 1], [0, 2], [0, -1]])
    assert list_metrics.coverage(lists, 10) == 0.3
    # Shares of five places among ten tracks: 3, 1, 1 and seven times nothing.
    assert list_metrics.gini(lists, 10) == pytest.approx(((2 * 10 - 11) * 3 + (2 * 9 - 11) + (2 * 8 - 11)) / (10 * 5))
    assert list_metrics.gini(np.arange(10)[None], 10) == 0
    plays = np.array([4, 2, 1, 1])
    # -log2 of 4/8, 2/8: 1 and 2 bits; of 4/8, 1/8: 1 and 3.
    np.testing.assert_allclose(list_metrics.novelty(np.array([[0, 1], [0, 2], [3, -1]]), plays), [1.5, 2.0, 3.0])


def test_popularity_lift_by_hand():
    known = listening([(0, 1, 0), (0, 2, 0), (1, 2, 0)], 3, 4)
    plays = np.array([10, 1, 3, 5])
    own = list_metrics.mean_history_popularity(known, np.array([0, 1, 2]), plays)
    lift = list_metrics.popularity_lift(np.array([[0, 1], [3, -1], [0, 0]]), own, plays)
    # Listener 0 plays tracks of 2 plays in the mean and is told of 5.5; 1 plays 3 and is told of 5; 2 is unknown.
    np.testing.assert_allclose(lift, [5.5 / 2, 5 / 3, np.nan])


def test_diversity_is_the_mean_over_all_pairs(rng, monkeypatch):
    units = rng.standard_normal((30, 5))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    units[7] = 0  # unheard
    lists = np.stack([rng.permutation(30)[:6] for _ in range(9)])
    lists[0, 4:] = -1
    lists[1] = [7, 3, -1, -1, -1, -1]
    expected = []
    for row in lists:
        known = [track for track in row if track >= 0 and track != 7]
        pairs = [1 - units[a] @ units[b] for place, a in enumerate(known) for b in known[:place]]
        expected.append(np.mean(pairs) if pairs else np.nan)
    np.testing.assert_allclose(list_metrics.diversity(lists, units), expected)
    monkeypatch.setattr(list_metrics, "_MAX_NUMBERS", 64)
    np.testing.assert_allclose(list_metrics.diversity(lists, units), expected)


def test_artist_diversity_by_hand():
    artists = np.array([0, 0, 1, -1])
    lists = np.array([[0, 1, 2], [0, 2, -1], [3, -1, -1]])
    # Two artists on three tracks; two on two; of the last nothing is known.
    np.testing.assert_allclose(list_metrics.artist_diversity(lists, artists), [2 / 3, 1.0, np.nan])
