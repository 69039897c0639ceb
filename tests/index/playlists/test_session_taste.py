"""The taste of a session: ridge regression by hand, what fades, and a taste that is found."""

import numpy as np
import pytest

from earshot.index.playlists.session_taste import SessionTaste
from library_world import at, random_units


def angle_of(taste, *degrees, n_played=1):
    """The direction of the query, in degrees, from an anchor at 0 and songs in the plane."""
    query = taste.query(np.stack([at(one) for one in degrees]), at(0), n_played)
    assert query.dtype == np.float32 and np.linalg.norm(query) == pytest.approx(1)
    return float(np.degrees(np.arctan2(query[1], query[0])))


def test_a_like_by_hand():
    # The song lies across the anchor: its score is 0 and should be 2, with a penalty of 4: 2 / (1 + 4) along the song.
    taste = SessionTaste()
    taste.like(0)
    assert angle_of(taste, 90) == pytest.approx(np.degrees(np.arctan2(0.4, 1)), abs=1e-4)
    taste.dislike(0)
    assert angle_of(taste, 90) == pytest.approx(np.degrees(np.arctan2(-0.4, 1)), abs=1e-4)
    taste.forget(0)
    assert angle_of(taste, 90) == 0


def test_a_skip_fades_by_hand_and_then_is_nothing():
    taste = SessionTaste()
    taste.skip(0, n_played=1)
    assert angle_of(taste, 90) == pytest.approx(np.degrees(np.arctan2(-0.2, 1)), abs=1e-4)
    # After 32 songs it weighs a half: 0.5 / (0.5 + 4).
    assert angle_of(taste, 90, n_played=33) == pytest.approx(np.degrees(np.arctan2(-1 / 9, 1)), abs=1e-4)
    assert angle_of(taste, 90, n_played=256) < 0 == angle_of(taste, 90, n_played=257)


def test_thumbs_do_not_fade_and_skips_do_not_soften_them():
    taste = SessionTaste()
    taste.dislike(0)
    now = angle_of(taste, 90)
    taste.skip(0, n_played=1)
    taste.hear(0, n_played=1)
    assert angle_of(taste, 90) == angle_of(taste, 90, n_played=10_000) == now and taste.is_turned_down(0)
    taste.like(0)
    assert angle_of(taste, 90) == pytest.approx(-now) and not taste.is_turned_down(0)
    taste.skip(0, n_played=1)
    assert taste.is_turned_down(0), "a skip takes back a like"


def test_songs_that_are_heard_say_nothing_alone():
    taste = SessionTaste()
    taste.hear(0, n_played=1)
    assert angle_of(taste, 90, 180) == 0
    taste.skip(1, n_played=1)
    assert angle_of(taste, 90, 180) > 5


def test_a_taste_is_found_and_what_is_common_to_all_songs_is_left_alone(rng):
    """Songs share one direction, and a hidden one tells those that are liked; a mean would follow the first."""
    common, hidden = np.eye(16)[:2]
    songs = random_units(rng, 300, 16) + 2 * common
    songs = (songs / np.linalg.norm(songs, axis=1, keepdims=True)).astype(np.float32)
    taste = SessionTaste()
    for row in range(60):
        if songs[row] @ hidden > 0:
            taste.hear(row, row)
        else:
            taste.skip(row, row)
    scores = songs[60:] @ taste.query(songs, common.astype(np.float32), 60)
    best = songs[60:][np.argsort(-scores)[:50]]
    assert np.mean(best @ hidden > 0) > 0.9, "by chance one half"
