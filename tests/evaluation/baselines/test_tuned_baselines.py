"""Rivals are tuned on validation, and find what they must find."""

import numpy as np
import pytest

from earshot.evaluation.baselines.matrix_factorization import bpr, ials
from earshot.evaluation.baselines.tuned_baselines import Baseline, tuned_baselines
from earshot.evaluation.full_ranking import ranked
from earshot.evaluation.queries import Histories, queries_at_cutoff
from tower_world import catalog, checkerboard, listening

KNOWN = listening([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)], 3, 6)
ASKED = listening([(0, 0, 9), (0, 4, 9), (1, 2, 9), (2, 5, 9)], 3, 6)
DAY = 86_400


def test_popularity_is_the_first_rival():
    audio = np.eye(6)[:, :4]
    for repeats in (True, False):
        eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=repeats, n_users=10, seed=0)
        found = {
            rival.name: eval_queries.ranked(rival.scores, 3)[0]
            for rival in tuned_baselines(eval_queries, eval_queries, catalog(6, audio=audio))
        }
        own = ["own favourites"] if repeats else []
        assert list(found) == ["popular", "popular of late", *own, "item neighbours", "sound alone"]
        assert all(lists.shape == (len(eval_queries), 3) for lists in found.values())
    timeless = queries_at_cutoff(checkerboard(6), checkerboard(6), repeats=True, n_users=9, seed=0)
    plain = list(tuned_baselines(timeless, None, catalog(6)))
    assert [rival.name for rival in plain] == ["popular", "own favourites", "item neighbours"]
    assert [bool(rival.describe()) for rival in plain] == [False, False, True]  # the rest has nothing to set


def test_a_half_life_is_what_validation_likes():
    """Fashions last two days: who asks on the third is best told of yesterday."""
    events = [(user, day // 2, day * DAY + user) for day in range(20) for user in range(6)]
    known = listening(events, 6, 12)
    tomorrow = listening([(user, 9, 20 * DAY) for user in range(6)], 6, 12)
    eval_queries = queries_at_cutoff(known, tomorrow, repeats=True, n_users=6, seed=0)
    late = next(
        rival for rival in tuned_baselines(eval_queries, eval_queries, catalog(12)) if rival.name == "popular of late"
    )
    assert late.setting == {"half_life_days": 1.0} and late.tuned == 1.0
    assert late.describe() == "popular of late: half life days 1 (NDCG@20 1.0000 on validation)"
    untuned = next(
        rival for rival in tuned_baselines(eval_queries, None, catalog(12)) if rival.name == "popular of late"
    )
    assert untuned.setting == {"half_life_days": 7.0} and untuned.tuned is None


@pytest.mark.parametrize(
    ("make", "setting"),
    [
        (ials, {"alpha": 10.0, "regularization": 1.0, "factors": 8}),
        (bpr, {"regularization": 0.01, "learning_rate": 0.1, "factors": 8}),
    ],
)
def test_factors_find_the_missing_square(make, setting):
    known = checkerboard(24)
    asked = listening([(user, user, 0) for user in range(24)], 24, 24)
    eval_queries = queries_at_cutoff(known, asked, repeats=False, n_users=24, seed=0)
    lists, _ = eval_queries.ranked(make(eval_queries, setting), 1)
    assert lists[:, 0].tolist() == list(range(24))
    again, _ = eval_queries.ranked(make(eval_queries, setting), 3)
    np.testing.assert_array_equal(again, eval_queries.ranked(make(eval_queries, setting), 3)[0])  # seeded


def test_a_listener_whom_the_factors_never_saw():
    known = checkerboard(24)
    stranger = listening([(24, track, 0) for track in (0, 2, 4, 6)], 26, 24)
    pairs = zip(known.user_rows.tolist(), known.track_rows.tolist(), strict=True)
    wider = listening([(user, track, 0) for user, track in pairs], 26, 24)
    asked = listening([(24, 8, 1), (25, 8, 1)], 26, 24)
    eval_queries = queries_at_cutoff(wider, asked, repeats=True, n_users=9, seed=0)
    past = Histories(stranger, np.array([0, 4]), np.array([4, 4]))
    eval_queries = type(eval_queries)(wider, past, eval_queries.targets, None, eval_queries.plays)
    scores = ials(eval_queries, {"alpha": 10.0, "regularization": 1.0, "factors": 8})
    best = ranked(scores, 2, 24, 12)[0][0]
    assert set(best.tolist()) == set(range(0, 24, 2))  # they like even tracks
    room = np.full((1, 24), 7, dtype=np.float32)
    scores(1, 2, room)
    assert not room.any()  # of the other nothing is known
    bpr(eval_queries, {"regularization": 0.01, "learning_rate": 0.1, "factors": 8})(1, 2, room)
    assert np.isfinite(room).all()


def test_a_rival_tells_its_setting():
    rival = Baseline("iALS", lambda start, stop, out: None, {"alpha": 10.0, "factors": 64}, 0.12344)
    assert rival.describe() == "iALS: alpha 10, factors 64 (NDCG@20 0.1234 on validation)"
