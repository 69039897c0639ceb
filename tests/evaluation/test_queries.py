"""Users, targets and exclusions of evaluation queries under each protocol."""

import numpy as np
import pytest

from earshot.data.events.interactions import KINDS
from earshot.data.events.splits import Split, split_listens
from earshot.evaluation.queries import Histories, queries_at_cutoff, queries_of_split, validation_queries
from tower_world import checkerboard, listening

KNOWN = listening([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)], 3, 6)
ASKED = listening([(0, 0, 9), (0, 4, 9), (0, 4, 9), (1, 2, 9), (2, 5, 9)], 3, 6)


def test_discoveries_only():
    eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=False, n_users=10, seed=0)
    assert eval_queries.targets.user_rows.tolist() == [0, 2]  # listener 1 played only what they knew
    assert eval_queries.targets.track_rows.tolist() == [4, 5] and eval_queries.targets.plays.tolist() == [2, 1]
    assert [tracks.tolist() for tracks in eval_queries.excluded] == [[0, 1], [3]]
    assert eval_queries.n_candidates.tolist() == [4, 5]
    assert [eval_queries.histories.tracks(query).tolist() for query in range(2)] == [[0, 1], [3]]
    assert eval_queries.histories.matrix(0, 2).toarray().tolist() == [[1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]]


def test_repeats_count():
    eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=True, n_users=10, seed=0)
    assert eval_queries.targets.user_rows.tolist() == [0, 1, 2] and eval_queries.excluded is None
    assert eval_queries.n_candidates.tolist() == [6, 6, 6]
    some = queries_at_cutoff(KNOWN, ASKED, repeats=True, n_users=2, seed=1).targets.user_rows.tolist()
    assert some in ([0, 1], [0, 2], [1, 2])
    with pytest.raises(ValueError, match=r"no user plays anything new in the test\.\n\nAllow repeats"):
        queries_at_cutoff(KNOWN, KNOWN, repeats=False, n_users=2, seed=0)
    with pytest.raises(ValueError, match="no user who could be evaluated plays anything in the test"):
        queries_at_cutoff(KNOWN, listening([], 3, 6), repeats=True, n_users=2, seed=0)
    with pytest.raises(ValueError, match="no user who could be evaluated"):
        queries_at_cutoff(KNOWN, listening([], 3, 6), repeats=False, n_users=2, seed=0, unreachable=True)


def test_targets_that_no_list_may_hold():
    eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=False, n_users=10, seed=0, unreachable=True)
    assert eval_queries.targets.user_rows.tolist() == [0, 1, 2] and eval_queries.targets.track_rows.tolist() == [
        0,
        4,
        2,
        5,
    ]
    assert [tracks.tolist() for tracks in eval_queries.excluded] == [[0, 1], [2], [3]]
    assert eval_queries.is_reachable.tolist() == [False, True, False, True]


def test_fewer_queries_of_the_same_exam():
    eval_queries = queries_at_cutoff(KNOWN, ASKED, repeats=False, n_users=10, seed=0, unreachable=True)
    some = eval_queries.subsample(2)
    assert some.targets.user_rows.tolist() == [0, 1] and some.targets.track_rows.tolist() == [0, 4, 2]
    assert [some.histories.tracks(query).tolist() for query in range(2)] == [[0, 1], [2]]
    assert [tracks.tolist() for tracks in some.excluded] == [[0, 1], [2]]
    assert some.targets.plays.tolist() == eval_queries.targets.plays[:3].tolist()
    assert len(eval_queries.subsample(99)) == len(eval_queries) and len(eval_queries.subsample(0)) == 1


def test_validation_queries_are_about_the_validation_part():
    assert validation_queries(
        Split("global", KNOWN, ASKED, KNOWN), repeats=False, n_users=9
    ).targets.track_rows.tolist() == [4, 5]
    assert validation_queries(Split("global", KNOWN, listening([], 3, 6), ASKED), repeats=True, n_users=9) is None
    assert validation_queries(Split("global", KNOWN, KNOWN, ASKED), repeats=False, n_users=9) is None


def test_loopback_knows_only_train_and_only_its_listeners():
    validation = listening([(0, 5, 5)], 3, 6)
    test = listening([(0, 0, 9), (0, 5, 9), (1, 4, 9)], 3, 6)
    train = KNOWN.select(KNOWN.user_rows == 0)
    eval_queries = queries_of_split(Split("loopback", train, validation, test), repeats=False, n_queries=9, seed=0)
    assert eval_queries.targets.user_rows.tolist() == [0]  # listener 1 is in no event of train
    assert eval_queries.targets.track_rows.tolist() == [0, 5]  # 0 was played in train: a target that cannot be hit
    assert (
        eval_queries.excluded[0].tolist() == [0, 1] and len(eval_queries.known) == 2
    )  # the validation part stays unknown


def test_yambda_asks_for_half_a_track():
    test = listening([(0, 2, 9, 0.5), (0, 3, 9, 0.4), (0, 1, 9, 1.0), (1, 2, 9, 0.9), (1, 2, 10, 0.8)], 3, 6)
    likes = np.array([KINDS.index("listen")] * 5, dtype=np.uint8)
    likes[[track == 1 and user == 0 for user, track in zip(test.user_rows, test.track_rows, strict=True)]] = 1
    test = type(test)(test.user_rows, test.track_rows, test.times, test.weights, 3, 6, kinds=likes)
    eval_queries = queries_of_split(
        Split("yambda", KNOWN, listening([], 3, 6), test), repeats=True, n_queries=9, seed=0
    )
    assert eval_queries.targets.track_rows.tolist() == [2, 2] and eval_queries.targets.plays.tolist() == [1, 2]


def test_next_track_is_asked_after_everything_before_it():
    events = [(user, (at + user) % 7, 1_000 * at + user) for user in range(40) for at in range(1, 21)]
    split = split_listens(listening(events, 40, 7), "next-track")
    eval_queries = queries_of_split(split, repeats=True, n_queries=1_000, seed=0)
    assert len(eval_queries) == len(split.test) and eval_queries.excluded is None
    for query in (0, 7, len(eval_queries) - 1):
        past, user = eval_queries.histories.tracks(query), int(eval_queries.targets.user_rows[query])
        (target,) = eval_queries.targets.track_rows[
            eval_queries.targets.starts[query] : eval_queries.targets.starts[query + 1]
        ]
        assert past.tolist() == [(at + user) % 7 for at in range(1, len(past) + 1)]  # validation and held-out too
        assert target == (len(past) + 1 + user) % 7
    held_out = set(split.held_out_users.user_rows.tolist())
    assert 0 < len(held_out) < 12 and not held_out & set(split.train.user_rows.tolist())
    assert held_out <= set(eval_queries.targets.user_rows.tolist())
    some = queries_of_split(split, repeats=True, n_queries=5, seed=2)
    assert len(some) == 5 and (np.diff(some.targets.user_rows) >= 0).all()


def test_histories_introduce_themselves():
    world = checkerboard(4)
    starts = world.user_offsets()
    assert repr(Histories(world, starts[:-1], starts[1:])) == "<Histories of 4 queries, 4 events in all>"
