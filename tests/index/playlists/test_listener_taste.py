"""The taste of a listener by the towers: affinities by hand, and what counts as a favourite."""

import numpy as np

from earshot.data.ids import IdMap
from earshot.index.playlists.artist_spacing import ArtistRows
from earshot.index.playlists.listener_taste import affinities, favourites, taste_vector
from earshot.index.playlists.track_pool import TrackPool
from earshot.index.vectors.spaces import Space
from earshot.stages.playing.feedback import listener_id, record_dislike, record_like, record_play, record_unlike
from library_world import at
from playlist_world import make_quarter_circle

TOWERS = TrackPool(
    Space("tower", 2, 1), IdMap([10, 20, 30, 40]), np.stack([at(0), at(0), at(90), at(180)]), ArtistRows([set()] * 4)
)


def test_affinities_by_hand():
    taste = taste_vector(TOWERS, np.array([10, 55]))
    np.testing.assert_allclose(taste, [0.2, 0.0], atol=1e-6)  # one that is known, of one and four
    # Cosines to 0 degrees: 1, 1, 0 and -1, of mean 1/4 and deviation sqrt(11)/4; the fourth is 180 degrees away.
    scores = affinities(TOWERS, taste, IdMap([20, 30, 77]))
    assert scores.dtype == np.float32
    assert affinities(TOWERS, taste, TOWERS.recordings)[1:3].tolist() == scores[:2].tolist()
    np.testing.assert_allclose(scores, [0.2 * 3 / 11**0.5, 0.2 * -1 / 11**0.5, 0.0], atol=1e-6)


def test_a_taste_is_the_mean_direction_and_longer_the_more_is_known():
    np.testing.assert_allclose(taste_vector(TOWERS, np.array([20, 30])), np.array([1, 1]) / 2**0.5 / 3, atol=1e-6)


def test_towers_that_know_no_favourite_say_nothing():
    for unknown in ([55], []):
        taste = taste_vector(TOWERS, np.array(unknown, dtype=np.int64))
        assert taste.tolist() == [0, 0] and affinities(TOWERS, taste, IdMap([10, 40])).tolist() == [0, 0]


def test_what_is_liked_or_half_heard_is_a_favourite_and_what_is_disliked_is_not(tmp_path):
    with make_quarter_circle(tmp_path / "library") as library:
        with library.transaction():
            ann = listener_id(library, "ann")
        assert favourites(library, ann).tolist() == [], "nobody has listened to anything"
        record_play(library, "ann", 1, 1_700_000_000, 100.0)
        record_play(library, "ann", 2, 1_700_001_000, 10.0)  # a skip
        record_play(library, "ann", 3, 1_700_002_000, 100.0)
        record_dislike(library, "ann", 3)
        record_like(library, "ann", 4)
        record_like(library, "ann", 5)
        record_unlike(library, "ann", 5)
        record_play(library, "bob", 6, 1_700_000_000, 100.0)
        assert favourites(library, ann).tolist() == [1, 4]
