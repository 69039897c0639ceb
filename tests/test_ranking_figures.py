"""Figures of recommendations by hand, beside plain loops, and beside many random lists."""

import numpy as np
import pytest
from tower_world import listening

from data import ranking_figures as figures
from data.ranking_figures import Targets, per_listener, recommendation_figures, targets_of
from data.report_card import Figure

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
    found = per_listener(LISTS, targets_of(TEST), 3)
    # Listener 0: 5 in place 1 and 2 in place 3 of two targets; listener 3: nothing.
    assert found["recall"].tolist() == [1.0, 0.0]
    assert found["hit_rate"].tolist() == [1.0, 0.0]
    assert found["mrr"].tolist() == [1.0, 0.0]
    best = 1 + 1 / np.log2(3)
    assert found["ndcg"].tolist() == [pytest.approx((1 + 1 / np.log2(4)) / best), 0.0]
    first = per_listener(LISTS, targets_of(TEST), 1)
    assert first["recall"].tolist() == [0.5, 0.0] and first["ndcg"].tolist() == [1.0, 0.0]


def test_a_perfect_list_scores_one_and_padding_nothing():
    targets = targets_of(TEST)
    perfect = np.array([[2, 5, -1], [1, -1, -1]])
    assert all((values == 1).all() for values in per_listener(perfect, targets, 3).values())
    assert all((values == 0).all() for values in per_listener(np.full((2, 3), -1), targets, 3).values())


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
        np.testing.assert_allclose(per_listener(lists, targets, k)[name], values, err_msg=name)


def test_chance_is_the_mean_of_many_random_lists(rng):
    targets = random_targets(rng, n_users=3, n_tracks=12)
    expected = figures.chances(targets, 4, np.full(len(targets), 12))
    drawn = [
        per_listener(np.stack([rng.permutation(12)[:4] for _ in range(len(targets))]), targets, 4) for _ in range(4_000)
    ]
    for name, values in expected.items():
        np.testing.assert_allclose(np.mean([one[name] for one in drawn], axis=0), values, atol=0.025, err_msg=name)


def test_the_catalogs_figures_by_hand():
    lists = np.array([[0, 1], [0, 2], [0, -1]])
    assert figures.coverage(lists, 10) == 0.3
    # Shares of five places among ten tracks: 3, 1, 1 and seven times nothing.
    assert figures.gini(lists, 10) == pytest.approx(((2 * 10 - 11) * 3 + (2 * 9 - 11) + (2 * 8 - 11)) / (10 * 5))
    assert figures.gini(np.arange(10)[None], 10) == 0
    plays = np.array([4, 2, 1, 1])
    # -log2 of 4/8, 2/8: 1 and 2 bits; of 4/8, 1/8: 1 and 3.
    np.testing.assert_allclose(figures.novelty(np.array([[0, 1], [0, 2], [3, -1]]), plays), [1.5, 2.0, 3.0])


def test_popularity_lift_by_hand():
    known = listening([(0, 1, 0), (0, 2, 0), (1, 2, 0)], 3, 4)
    plays = np.array([10, 1, 3, 5])
    lift = figures.popularity_lift(np.array([[0, 1], [3, -1], [0, 0]]), known, np.array([0, 1, 2]), plays)
    # Listener 0 plays tracks of 2 plays in the mean and is told of 5.5; 1 plays 3 and is told of 5; 2 is unknown.
    np.testing.assert_allclose(lift, [5.5 / 2, 5 / 3, np.nan])


def test_head_and_tail_share_the_plays():
    slices = figures.popularity_slices(np.array([0, 2, 50, 30, 10, 8, 0]))
    # By falling plays: 50 | 80 90 98 | 100 of all before the end; the first begins below 20 %, the last three at 80 %.
    assert {name: np.flatnonzero(mask).tolist() for name, mask in slices.items()} == {
        "head": [2],
        "mid": [3],
        "tail": [1, 4, 5],
        "cold track": [0, 6],
    }


def test_a_table_of_figures():
    known = listening([(0, 0, 0), (3, 0, 0), (3, 2, 0), (1, 5, 0)], 4, 8)
    targets, candidates = targets_of(TEST), np.full(2, 6)
    rows = recommendation_figures({"popular": LISTS[:, ::-1], "mine": LISTS}, targets, known, candidates, [1, 3])
    found = {(row.subject, row.metric, row.k, row.slice): row for row in rows}
    assert next(iter(rows)).subject == "chance"
    assert found["mine", "recall", 3, "all"].value == 0.5 and found["mine", "recall", 3, "all"].n == 2
    assert found["chance", "recall", 3, "all"].value == pytest.approx(0.5)  # three of six candidates
    assert found["chance", "recall", 3, "all"].ci_low is None
    assert 0 <= found["mine", "recall", 3, "all"].ci_low <= found["mine", "recall", 3, "all"].ci_high <= 1
    assert found["mine", "coverage", 3, "all"].value == 4 / 8
    assert found["mine", "recall", 3, "cold track"].value == 0  # listener 3 wanted track 1, which nobody had played
    assert found["mine", "recall", 3, "cold track"].n == 1


def test_leads_are_of_pairs():
    targets = Targets(np.arange(4), np.arange(5), np.zeros(4, dtype=int), 3)
    mine, base = np.array([[0], [0], [0], [1]]), np.array([[0], [1], [1], [1]])
    (lead,) = figures.leads({"base": base, "mine": mine}, targets, "base", "recall", 1)
    assert (lead.subject, lead.value, lead.n) == ("mine - base", 0.5, 4)
    assert lead.ci_low >= 0 and lead.ci_high <= 1


def test_a_table_has_popularity_first_and_chance_last():
    rows = [
        Figure("chance", "recall", 10, "all", 0.01, None, None, 7),
        Figure("popular", "recall", 10, "all", 0.0512, 0.04, 0.0625, 7),
        Figure("popular", "gini", 10, "all", 1.0, None, None, 7),
        Figure("mine", "recall", 10, "all", 0.25, 0.2, 0.3, 7),
        Figure("mine", "recall", 20, "all", 0.5, 0.4, 0.6, 7),
        Figure("mine", "mrr", 10, "tail", None, None, None, 0),
    ]
    assert figures.table_rows(rows, 10) == [
        {"subject": "popular", "recall": ".051 [.040 .062]", "gini": "1.000", "n": 7},
        {"subject": "mine", "recall": ".250 [.200 .300]", "gini": None, "n": 7},
        {"subject": "chance", "recall": ".010", "gini": None, "n": 7},
    ]
    assert figures.table_rows(rows, 10, "tail") == [{"subject": "mine", "mrr": None, "n": 0}]
    assert figures.table_rows(rows, 5) == []
