"""Recommenders that any other has to beat, by hand and beside dense algebra."""

import numpy as np

from earshot.evaluation.baselines.simple_baselines import content_knn, decayed_popularity, personal_top, popular
from earshot.evaluation.full_ranking import ranked
from earshot.evaluation.queries import Histories
from tower_world import listening

DAY = 86_400


def world():
    """Track 2 was played four times, long ago by all; track 0 twice, lately; track 1 once."""
    events = [(0, 2, 0), (0, 2, 1), (1, 2, 2), (2, 2, 3), (1, 0, 99 * DAY), (2, 0, 100 * DAY), (0, 1, 50 * DAY)]
    return listening(events, 3, 5)


def histories(known):
    starts = known.user_offsets()
    return Histories(known, starts[:-1], starts[1:])


# Where scores are equal, `evaluation.full_ranking._hash_order` has 4 before 3 before 2.


def lists(scores, n_users, n_tracks, k, excluded=None):
    return ranked(scores, n_users, n_tracks, k, excluded=excluded)[0]


def test_the_most_popular():
    assert lists(popular(world()), 2, 5, 3).tolist() == [[2, 0, 1], [2, 0, 1]]
    excluded = [np.array([2, 1]), np.array([2, 0])]
    assert lists(popular(world()), 2, 5, 3, excluded).tolist() == [[0, 4, 3], [1, 4, 3]]
    assert lists(popular(world()), 1, 5, 7).tolist()[0] == [2, 0, 1, 4, 3, -1, -1]


def test_the_most_popular_of_late():
    assert lists(decayed_popularity(world(), 10), 1, 5, 3).tolist()[0] == [0, 1, 2]
    assert lists(decayed_popularity(world(), 10_000), 1, 5, 2).tolist()[0] == [2, 0]


def test_ones_own_favourites_come_first_and_popular_ones_fill_up():
    # Of listener 0: track 1 fifty days ago against track 2 twice a hundred days ago.
    known = world()
    assert lists(personal_top(known, histories(known), 10), 2, 5, 4).tolist() == [[1, 2, 0, 4], [0, 2, 1, 4]]
    assert lists(personal_top(known, histories(known), 10_000), 2, 5, 2).tolist() == [[2, 1], [0, 2]]
    nobody = listening([(0, 1, 0)], 2, 3)
    assert lists(personal_top(nobody, histories(nobody)), 2, 3, 2).tolist() == [[1, 0], [1, 0]]


def test_sound_alone_by_hand():
    # Listener 0 played sounds (1, 0) and (0, 1): nearest to their mean is track 4. Track 5 was never heard by us.
    audio = np.array([[1, 0], [0, 1], [1, -1], [-1, 1], [1, 1], [0, 0]], dtype=np.float32)
    known = listening([(0, 0, 1), (0, 1, 2), (1, 5, 1)], 2, 6)
    found = lists(content_knn(audio, histories(known)), 2, 6, 6, [np.array([0, 1]), np.array([5])])
    assert found[0].tolist() == [4, 3, 2, -1, -1, -1]
    assert 5 not in found
