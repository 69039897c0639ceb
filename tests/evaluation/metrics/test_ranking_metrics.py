"""Figures of recommendations by hand, beside plain loops, and beside many random lists."""

import numpy as np
import pytest

from earshot.evaluation.metrics.ranking_metrics import chance_ranking, ranking_metrics, targets_of
from tower_world import listening

TEST = listening([(0, 2, 1), (0, 2, 2), (0, 5, 3), (3, 1, 1), (3, 7, 2, 0.0)], 4, 8)
LISTS = np.array([[5, 0, 2, 1], [0, 2, 3, 4]])  # of listeners 0 and 3


def test_targets_are_the_different_tracks_that_count():
    targets = targets_of(TEST)
    assert targets.user_rows.tolist() == [0, 3]
    assert targets.track_rows.tolist() == [2, 5, 1]  # a repeat is one target, and a skip is none
    assert targets.counts().tolist() == [2, 1]
    novel = targets_of(TEST, without=listening([(0, 5, 0), (3, 1, 0)], 4, 8))
    assert novel.user_rows.tolist() == [0] and novel.track_rows.tolist() == [2]


def test_figures_by_hand():
    found = ranking_metrics(LISTS, targets_of(TEST), 3)
    # Listener 0: 5 in place 1 and 2 in place 3 of two targets; listener 3: nothing.
    assert found["recall"].tolist() == [1.0, 0.0]
    assert found["hit_rate"].tolist() == [1.0, 0.0]
    assert found["mrr"].tolist() == [1.0, 0.0]
    best = 1 + 1 / np.log2(3)
    assert found["ndcg"].tolist() == [pytest.approx((1 + 1 / np.log2(4)) / best), 0.0]
    first = ranking_metrics(LISTS, targets_of(TEST), 1)
    assert first["recall"].tolist() == [0.5, 0.0] and first["ndcg"].tolist() == [1.0, 0.0]


def test_a_perfect_list_scores_one_and_padding_nothing():
    targets = targets_of(TEST)
    perfect = np.array([[2, 5, -1], [1, -1, -1]])
    assert all((values == 1).all() for values in ranking_metrics(perfect, targets, 3).values())
    assert all((values == 0).all() for values in ranking_metrics(np.full((2, 3), -1), targets, 3).values())


def naive(lists, targets, k):
    """One listener at a time, as the formulas read."""
    rows = {"recall": [], "hit_rate": [], "ndcg": [], "mrr": []}
    for place, found in enumerate(lists):
        truth = set(targets.track_rows[targets.starts[place] : targets.starts[place + 1]].tolist())
        hits = [int(track in truth) for track in found[:k].tolist()]
        rows["recall"].append(sum(hits) / len(truth))
        rows["hit_rate"].append(float(any(hits)))
        dcg = sum(hit / np.log2(rank + 2) for rank, hit in enumerate(hits))
        rows["ndcg"].append(dcg / sum(1 / np.log2(rank + 2) for rank in range(min(k, len(truth)))))
        rows["mrr"].append(max((hit / (rank + 1) for rank, hit in enumerate(hits)), default=0.0))
    return rows


def random_targets(rng, n_users=40, n_tracks=30):
    events = [(user, int(track), 1) for user in range(n_users) for track in rng.choice(n_tracks, rng.integers(1, 9))]
    return targets_of(listening(events, n_users, n_tracks))


@pytest.mark.parametrize("k", [1, 4, 10])
def test_it_is_what_a_loop_computes(rng, k):
    targets = random_targets(rng)
    lists = np.stack([rng.permutation(30)[:10] for _ in range(len(targets))])
    for name, values in naive(lists, targets, k).items():
        np.testing.assert_allclose(ranking_metrics(lists, targets, k)[name], values, err_msg=name)


def test_chance_is_the_mean_of_many_random_lists(rng):
    targets = random_targets(rng, n_users=3, n_tracks=12)
    expected = chance_ranking(targets, 4, np.full(len(targets), 12))
    drawn = [
        ranking_metrics(np.stack([rng.permutation(12)[:4] for _ in range(len(targets))]), targets, 4)
        for _ in range(4_000)
    ]
    for name, values in expected.items():
        np.testing.assert_allclose(np.mean([one[name] for one in drawn], axis=0), values, atol=0.025, err_msg=name)


def test_chance_of_lists_that_may_not_hold_all_targets(rng):
    """Half of the tracks are hidden, and some of these are targets; a list is shorter than k places."""
    targets = random_targets(rng, n_users=3, n_tracks=12)
    open_to = np.arange(6, 12)
    reachable = targets.track_rows >= 6
    expected = chance_ranking(targets, 8, np.full(len(targets), 6), reachable)
    padding = np.full(2, -1)
    drawn = [
        ranking_metrics(np.stack([np.r_[rng.permutation(open_to), padding] for _ in range(len(targets))]), targets, 8)
        for _ in range(3_000)
    ]
    for name, values in expected.items():
        np.testing.assert_allclose(np.mean([one[name] for one in drawn], axis=0), values, atol=0.025, err_msg=name)
