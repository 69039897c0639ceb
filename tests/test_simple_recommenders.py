"""Recommenders that any other has to beat, by hand and beside dense algebra."""

import numpy as np
from tower_world import checkerboard, listening

from data.exam import Pasts
from data.score_blocks import ranked
from data.simple_recommenders import item_neighbours, own_favourites, popular, popular_of_late, sounding_alike

DAY = 86_400


def world():
    """Track 2 was played four times, long ago by all; track 0 twice, lately; track 1 once."""
    events = [(0, 2, 0), (0, 2, 1), (1, 2, 2), (2, 2, 3), (1, 0, 99 * DAY), (2, 0, 100 * DAY), (0, 1, 50 * DAY)]
    return listening(events, 3, 5)


def pasts(known):
    starts = known.user_starts()
    return Pasts(known, starts[:-1], starts[1:])


def lists(scores, n_users, n_tracks, k, hidden=None):
    return ranked(scores, n_users, n_tracks, k, hidden=hidden)[0]


def test_the_most_popular():
    assert lists(popular(world()), 2, 5, 3).tolist() == [[2, 0, 1], [2, 0, 1]]
    hidden = [np.array([2, 1]), np.array([2, 0])]
    assert lists(popular(world()), 2, 5, 3, hidden).tolist() == [[0, 3, 4], [1, 3, 4]]
    assert lists(popular(world()), 1, 5, 7).tolist()[0] == [2, 0, 1, 3, 4, -1, -1]


def test_the_most_popular_of_late():
    assert lists(popular_of_late(world(), 10), 1, 5, 3).tolist()[0] == [0, 1, 2]
    assert lists(popular_of_late(world(), 10_000), 1, 5, 2).tolist()[0] == [2, 0]


def test_ones_own_favourites_come_first_and_popular_ones_fill_up():
    # Of listener 0: track 1 fifty days ago against track 2 twice a hundred days ago.
    known = world()
    assert lists(own_favourites(known, pasts(known), 10), 2, 5, 4).tolist() == [[1, 2, 0, 3], [0, 2, 1, 3]]
    assert lists(own_favourites(known, pasts(known), 10_000), 2, 5, 2).tolist() == [[2, 1], [0, 2]]
    nobody = listening([(0, 1, 0)], 2, 3)
    assert lists(own_favourites(nobody, pasts(nobody)), 2, 3, 2).tolist() == [[1, 0], [1, 0]]


def test_item_neighbours_are_dense_algebra(rng):
    events = [(user, int(track), 0) for user in range(30) for track in rng.choice(20, 6, replace=False)]
    known = listening(events, 30, 20)
    plays = np.zeros((30, 20))
    plays[known.user_rows, known.track_rows] = 1
    cosine = (plays.T @ plays) / np.sqrt(np.outer(plays.sum(0), plays.sum(0)).clip(1))
    expected = plays @ cosine
    found = np.empty((14, 20), dtype=np.float32)
    item_neighbours(known, pasts(known))(3, 17, found)
    np.testing.assert_allclose(np.where(np.isneginf(found), 0, found), expected[3:17], rtol=1e-5, atol=1e-6)


def test_item_neighbours_of_a_past_that_nobody_learned_from(rng):
    """Two tracks with the same listeners are each other's neighbours, whoever asks."""
    known = listening([(user, track, 0) for user in range(3) for track in (1, 4)] + [(3, 2, 0)], 5, 6)
    stranger = listening([(4, 1, 5)], 5, 6)
    asked = Pasts(stranger, np.array([0]), np.array([1]))
    assert lists(item_neighbours(known, asked), 1, 6, 3, [np.array([1])]).tolist() == [[4, -1, -1]]


def test_item_neighbours_find_the_missing_square():
    known = checkerboard(12)
    hidden = [known.track_rows[known.user_rows == user] for user in range(12)]
    found = lists(item_neighbours(known, pasts(known)), 12, 12, 2, hidden)
    assert found.tolist() == [[user, -1] for user in range(12)]


def test_sound_alone_by_hand():
    # Listener 0 played sounds (1, 0) and (0, 1): nearest to their mean is track 4. Track 5 was never heard by us.
    audio = np.array([[1, 0], [0, 1], [1, -1], [-1, 1], [1, 1], [0, 0]], dtype=np.float32)
    known = listening([(0, 0, 1), (0, 1, 2), (1, 5, 1)], 2, 6)
    found = lists(sounding_alike(audio, pasts(known)), 2, 6, 6, [np.array([0, 1]), np.array([5])])
    assert found[0].tolist() == [4, 2, 3, -1, -1, -1]
    assert 5 not in found
