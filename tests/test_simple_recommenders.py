"""Recommenders that any other has to beat, by hand and beside dense algebra."""

import numpy as np
from tower_world import checkerboard, listening

from data.simple_recommenders import decayed_popular, item_neighbours, most_popular, personal_favourites

DAY = 86_400
USERS = np.array([0, 1])


def world():
    """Track 2 was played four times, long ago by all; track 0 twice, lately; track 1 once."""
    events = [(0, 2, 0), (0, 2, 1), (1, 2, 2), (2, 2, 3), (1, 0, 99 * DAY), (2, 0, 100 * DAY), (0, 1, 50 * DAY)]
    return listening(events, 3, 5)


def test_the_most_popular():
    assert most_popular(world(), USERS, 3).tolist() == [[2, 0, 1], [2, 0, 1]]
    hidden = [np.array([2, 1]), np.array([2, 0])]
    assert most_popular(world(), USERS, 3, hidden=hidden).tolist() == [[0, 3, 4], [1, 3, 4]]
    assert most_popular(world(), USERS, 7).tolist()[0] == [2, 0, 1, 3, 4, -1, -1]


def test_the_most_popular_of_late():
    assert decayed_popular(world(), USERS, 3, half_life_days=10).tolist()[0] == [0, 1, 2]
    assert decayed_popular(world(), USERS, 2, half_life_days=10_000).tolist()[0] == [2, 0]


def test_ones_own_favourites_come_first_and_popular_ones_fill_up():
    # Of listener 0: track 1 fifty days ago against track 2 twice a hundred days ago.
    assert personal_favourites(world(), USERS, 4, half_life_days=10).tolist() == [[1, 2, 0, 3], [0, 2, 1, 3]]
    assert personal_favourites(world(), USERS, 2, half_life_days=10_000).tolist() == [[2, 1], [0, 2]]
    nobody = listening([(0, 1, 0)], 2, 3)
    assert personal_favourites(nobody, np.array([1]), 2).tolist() == [[1, 0]]


def test_item_neighbours_are_dense_algebra(rng):
    events = [(user, int(track), 0) for user in range(30) for track in rng.choice(20, 6, replace=False)]
    known = listening(events, 30, 20)
    plays = np.zeros((30, 20))
    plays[known.user_rows, known.track_rows] = 1
    cosine = (plays.T @ plays) / np.sqrt(np.outer(plays.sum(0), plays.sum(0)).clip(1))
    # x X' X with unit columns on the outside only: a play of a rare track counts as much as one of a frequent track.
    scores = (plays / np.sqrt(plays.sum(0).clip(1))) @ (plays.T @ plays / np.sqrt(plays.sum(0).clip(1)))
    np.testing.assert_allclose(scores, plays @ cosine, atol=1e-9)
    scores[plays > 0] = -1
    hidden = [np.flatnonzero(plays[user]) for user in range(30)]
    found = item_neighbours(known, np.arange(30), 3, hidden=hidden)
    best = np.sort(scores, axis=1)[:, ::-1][:, :3]
    np.testing.assert_allclose(np.take_along_axis(scores, found, axis=1), best, rtol=1e-5)


def test_item_neighbours_find_the_missing_square():
    known = checkerboard(12)
    hidden = [known.track_rows[known.user_rows == user] for user in range(12)]
    assert item_neighbours(known, np.arange(12), 2, hidden=hidden).tolist() == [[user, -1] for user in range(12)]
