"""Towers and their rivals before the same listeners."""

import numpy as np
import pytest
from tower_world import catalog, checkerboard, listening

from data.splits import Split, split_listens
from towers.assessment import make_exam, make_judge, rival_lists, sounding_alike, tower_lists
from towers.config import TowerConfig
from towers.designs import towers_for

KNOWN = listening([(0, 0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4)], 3, 6)
ASKED = listening([(0, 0, 9), (0, 4, 9), (1, 2, 9), (2, 5, 9)], 3, 6)


def test_discoveries_only():
    exam = make_exam(KNOWN, ASKED, repeats=False, n_users=10, seed=0)
    assert exam.targets.user_rows.tolist() == [0, 2]  # listener 1 played only what they knew
    assert exam.targets.track_rows.tolist() == [4, 5]
    assert [tracks.tolist() for tracks in exam.hidden] == [[0, 1], [3]]
    assert exam.n_candidates.tolist() == [4, 5]


def test_repeats_count():
    exam = make_exam(KNOWN, ASKED, repeats=True, n_users=10, seed=0)
    assert exam.targets.user_rows.tolist() == [0, 1, 2] and exam.hidden is None
    assert exam.n_candidates.tolist() == [6, 6, 6]
    assert make_exam(KNOWN, ASKED, repeats=True, n_users=2, seed=1).targets.user_rows.tolist() in (
        [0, 1],
        [0, 2],
        [1, 2],
    )
    with pytest.raises(ValueError, match="nobody plays anything new after the cut"):
        make_exam(KNOWN, KNOWN, repeats=False, n_users=2, seed=0)
    with pytest.raises(ValueError, match="nobody plays anything there"):
        make_exam(KNOWN, listening([], 3, 6), repeats=True, n_users=2, seed=0)


def test_popularity_is_the_first_rival():
    audio = np.eye(6)[:, :4]
    for repeats in (True, False):
        exam = make_exam(KNOWN, ASKED, repeats=repeats, n_users=10, seed=0)
        rivals = dict(rival_lists(exam, catalog(6, audio=audio), 3))
        own = ["own favourites"] if repeats else []
        assert list(rivals) == ["popular", "popular of late", *own, "item neighbours", "sound alone"]
        assert all(found.shape == (len(exam.targets), 3) for found in rivals.values())
    timeless = make_exam(checkerboard(6), checkerboard(6), repeats=True, n_users=9, seed=0)
    assert list(dict(rival_lists(timeless, catalog(6), 2))) == ["popular", "own favourites", "item neighbours"]


def test_sound_alone_by_hand():
    # Listener 0 played sounds (1, 0) and (0, 1): nearest to their mean is track 4. Track 5 was never heard by us.
    audio = [[1, 0], [0, 1], [1, -1], [-1, 1], [1, 1], [0, 0]]
    exam = make_exam(KNOWN, ASKED, repeats=False, n_users=10, seed=0)
    found = sounding_alike(exam, catalog(6, audio=audio), 6)
    assert found[0].tolist()[0] == 4 and set(found[0].tolist()) == {4, 2, 3, -1}
    assert 5 not in found


def test_a_judge_goes_by_validation():
    world = split_listens(checkerboard(20), "random", share=0.2)
    judge = make_judge(world, repeats=False, n_users=8)
    towers = towers_for(TowerConfig(dim=4, hidden=0, history=3), catalog(20), world.train)
    assert 0 <= judge(towers) <= 1
    nothing = Split("global", KNOWN, listening([], 3, 6), ASKED)
    assert make_judge(nothing, repeats=True) is None
    assert make_judge(Split("global", KNOWN, KNOWN, ASKED), repeats=False) is None


def test_towers_are_asked_as_their_rivals_are():
    exam = make_exam(KNOWN, ASKED, repeats=False, n_users=10, seed=0)
    towers = towers_for(TowerConfig(dim=4, hidden=0, history=3), catalog(6), KNOWN)
    lists = tower_lists(towers, exam, 4)
    assert lists.shape == (2, 4) and not set(lists[0].tolist()) & {0, 1} and 3 not in lists[1]
