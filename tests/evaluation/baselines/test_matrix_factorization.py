"""Factors find the missing square of a checkerboard, and serve users that they were not trained on."""

import numpy as np
import pytest

from earshot.evaluation.baselines.matrix_factorization import bpr, ials
from earshot.evaluation.full_ranking import ranked
from earshot.evaluation.queries import Histories, queries_at_cutoff
from tower_world import checkerboard, listening


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
    lists, _ = eval_queries.ranked(make(eval_queries, **setting), 1)
    assert lists[:, 0].tolist() == list(range(24))
    again, _ = eval_queries.ranked(make(eval_queries, **setting), 3)
    np.testing.assert_array_equal(again, eval_queries.ranked(make(eval_queries, **setting), 3)[0])  # seeded


def test_a_user_without_training_interactions():
    known = checkerboard(24)
    stranger = listening([(24, track, 0) for track in (0, 2, 4, 6)], 26, 24)
    pairs = zip(known.user_rows.tolist(), known.track_rows.tolist(), strict=True)
    wider = listening([(user, track, 0) for user, track in pairs], 26, 24)
    asked = listening([(24, 8, 1), (25, 8, 1)], 26, 24)
    eval_queries = queries_at_cutoff(wider, asked, repeats=True, n_users=9, seed=0)
    past = Histories(stranger, np.array([0, 4]), np.array([4, 4]))
    eval_queries = type(eval_queries)(wider, past, eval_queries.targets, None)
    scores = ials(eval_queries, alpha=10.0, regularization=1.0, factors=8)
    best = ranked(scores, 2, 24, 12)[0][0]
    assert set(best.tolist()) == set(range(0, 24, 2))  # they like even tracks
    room = np.full((1, 24), 7, dtype=np.float32)
    scores(1, 2, room)
    assert not room.any()  # of the other nothing is known
    bpr(eval_queries, regularization=0.01, learning_rate=0.1, factors=8)(1, 2, room)
    assert np.isfinite(room).all()
