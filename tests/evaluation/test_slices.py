"""Slices of targets by hand."""

import numpy as np

from earshot.evaluation.queries import queries_at_cutoff
from earshot.evaluation.slices import popularity_slices, target_slices
from tower_world import listening

KNOWN = listening([(0, 0, 0), (3, 0, 0), (3, 2, 0), (1, 5, 0)], 4, 8)
TEST = listening([(0, 2, 1), (0, 2, 2), (0, 5, 3), (2, 5, 3), (3, 1, 1), (3, 0, 2)], 4, 8)
QUERIES = queries_at_cutoff(KNOWN, TEST, repeats=True, n_users=9, seed=0)  # of users 0, 2 and 3


def test_head_and_tail_share_the_plays():
    slices = popularity_slices(np.array([0, 2, 50, 30, 10, 8, 0]))
    # By falling plays: 50 | 80 90 98 | 100 of all before the end; the first begins below 20 %, the last three at 80 %.
    assert {name: np.flatnonzero(mask).tolist() for name, mask in slices.items()} == {
        "head": [2],
        "mid": [3],
        "tail": [1, 4, 5],
        "cold track": [0, 6],
    }


def test_slices_of_targets():
    # Targets: 2 and 5 of user 0, 5 of 2, 0 and 1 of 3. No user played 1 before; 3 played 0; 2 played nothing.
    assert QUERIES.targets.track_rows.tolist() == [2, 5, 5, 0, 1]
    slices = {name: np.flatnonzero(mask).tolist() for name, mask in target_slices(QUERIES).items()}
    assert slices["all"] == [0, 1, 2, 3, 4] and next(iter(slices)) == "all"
    assert slices["repeat"] == [3] and slices["novel"] == [0, 1, 2, 4]
    assert slices["cold track"] == [4] and slices["cold user"] == [2]
    by_popularity = [slices.get(name, []) for name in ("head", "mid", "tail", "cold track")]
    assert sorted(place for places in by_popularity for place in places) == [0, 1, 2, 3, 4]
    novel = queries_at_cutoff(KNOWN, TEST, repeats=False, n_users=9, seed=0)
    assert not {"repeat", "novel"} & set(target_slices(novel))  # all of them are
