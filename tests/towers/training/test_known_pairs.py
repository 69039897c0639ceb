"""Known pairs and hard negatives: the right marks, and even draws."""

import numpy as np

from earshot.towers.training.known_pairs import KnownPairs
from earshot.towers.training.negative_mining import HardNegatives


def test_known_pairs_are_the_same_from_both_sides(rng):
    users, tracks = rng.integers(30, size=200), rng.integers(40, size=200)
    known = KnownPairs(users, tracks, 30, 40)
    pairs = set(zip(users.tolist(), tracks.tolist(), strict=True))
    for n_users, n_tracks in ((3, 60), (50, 2)):  # the fewer pairs lie with the users, then with the tracks
        some_users, some_tracks = rng.integers(30, size=n_users), rng.integers(40, size=n_tracks)
        expected = [[(user, track) in pairs for track in some_tracks] for user in some_users]
        np.testing.assert_array_equal(known.grid(some_users, some_tracks), expected)
        np.testing.assert_array_equal(known.contains(some_users[:, None], some_tracks[None]), expected)
    assert repr(known) == f"<KnownPairs 30 users x 40 tracks, {len(pairs)} pairs>"
    assert set(known.of_user(7).tolist()) == {track for user, track in pairs if user == 7}
    assert not known.contains(np.array([-1]), np.array([0])).any()
    assert not KnownPairs(users[:0], tracks[:0], 3, 3).contains(np.array([0]), np.array([1])).any()


def test_a_user_who_plays_every_track_that_anyone_plays():
    known = KnownPairs(np.array([0, 0, 1, 2, 2, 2]), np.array([1, 3, 1, 3, 1, 1]), 4, 5)
    assert known.knows_all().tolist() == [True, False, True, False]


def test_draws_are_even_over_a_list():
    hard = HardNegatives(
        np.array([[7, 5, 3, -1], [2, -1, -1, -1]], dtype=np.int32), np.array([0, -1, 1], dtype=np.int32)
    )
    drawn = hard.draw(np.tile([0, 1, 2], (3_000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn[:, 0], minlength=8)[[3, 5, 7]] / 3_000, 1 / 3, atol=0.03)
    assert (drawn[:, 1] == -1).all() and (drawn[:, 2] == 2).all()
