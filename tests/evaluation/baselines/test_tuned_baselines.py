"""Baselines are tuned on validation, and find what they must find."""

import numpy as np

from earshot.evaluation.baselines.tuned_baselines import Baseline, tuned_baselines
from earshot.evaluation.queries import queries_at_cutoff
from tower_world import catalog, checkerboard, listening

KNOWN = listening([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)], 3, 6)
ASKED = listening([(0, 0, 9), (0, 4, 9), (1, 2, 9), (2, 5, 9)], 3, 6)
DAY = 86_400


def test_popularity_is_the_first_baseline():
    audio = np.eye(6)[:, :4]
    for repeats in (True, False):
        eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=repeats, n_users=10, seed=0)
        found = {
            baseline.name: eval_queries.ranked(baseline.scores, 3)[0]
            for baseline in tuned_baselines(eval_queries, eval_queries, catalog(6, audio=audio))
        }
        own = ["own favourites"] if repeats else []
        assert list(found) == ["popular", "popular of late", *own, "item neighbours", "sound alone"]
        assert all(lists.shape == (len(eval_queries), 3) for lists in found.values())
    timeless = queries_at_cutoff(checkerboard(6), checkerboard(6), repeats=True, n_users=9, seed=0)
    plain = list(tuned_baselines(timeless, None, catalog(6)))
    assert [baseline.name for baseline in plain] == ["popular", "own favourites", "item neighbours"]
    assert [bool(baseline.describe()) for baseline in plain] == [False, False, True]  # the rest has nothing to set


def popular_of_late(eval_queries, validation):
    baselines = tuned_baselines(eval_queries, validation, catalog(12))
    return next(baseline for baseline in baselines if baseline.name == "popular of late")


def test_a_half_life_is_what_validation_likes():
    """Fashions last two days: who asks on the third is best told of yesterday."""
    events = [(user, day // 2, day * DAY + user) for day in range(20) for user in range(6)]
    known = listening(events, 6, 12)
    tomorrow = listening([(user, 9, 20 * DAY) for user in range(6)], 6, 12)
    eval_queries = queries_at_cutoff(known, tomorrow, repeats=True, n_users=6, seed=0)
    late = popular_of_late(eval_queries, eval_queries)
    assert late.setting == {"half_life_days": 1.0} and late.tuned == 1.0
    assert late.describe() == "popular of late: half life days 1 (NDCG@20 1.0000 on validation)"
    untuned = popular_of_late(eval_queries, None)
    assert untuned.setting == {"half_life_days": 7.0} and untuned.tuned is None


def test_a_baseline_describes_its_setting():
    baseline = Baseline("iALS", lambda start, stop, out: None, {"alpha": 10.0, "factors": 64}, 0.12344)
    assert baseline.describe() == "iALS: alpha 10, factors 64 (NDCG@20 0.1234 on validation)"


def test_whoever_has_no_history_gets_what_is_popular_of_late():
    old = [(user, 0, user) for user in range(9)]  # what all played long ago, and a few of late
    late = [(user, 1, 100 * DAY + user) for user in range(4)]
    known = listening(old + late, 12, 6)
    asked = listening([(11, 1, 101 * DAY), (0, 2, 101 * DAY)], 12, 6)
    eval_queries = queries_at_cutoff(known, asked, repeats=True, n_users=12, seed=0)
    found = {one.name: one for one in tuned_baselines(eval_queries, eval_queries, catalog(6), "all")}
    assert found["popular of late"].setting["half_life_days"] < 90
    for name in ("item neighbours", "iALS"):
        lists, _ = eval_queries.ranked(found[name].scores, 2)
        assert lists[list(eval_queries.targets.user_rows).index(11)].tolist() == [1, 0], name
    timeless = queries_at_cutoff(
        listening([(user, 0, 0) for user in range(5)] + [(0, 1, 0)], 7, 3), listening([(6, 0, 0)], 7, 3),
        repeats=True, n_users=7, seed=0,
    )  # fmt: skip
    neighbours = next(one for one in tuned_baselines(timeless, None, catalog(3)) if one.name == "item neighbours")
    assert timeless.ranked(neighbours.scores, 2)[0].tolist() == [[0, 1]]
