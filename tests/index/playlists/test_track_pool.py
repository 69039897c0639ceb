"""The pool of tracks that playlists are made of."""

import numpy as np
import pytest

from earshot.index.library import LibraryError
from earshot.index.playlists.track_pool import current_pool, read_pool, rows_to_show
from earshot.index.recordings.never_list import exclude_track
from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.search.filters import TrackFilters
from library_world import add, at, by_hand, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Five tracks in a quarter of a circle; the second and third are one recording, of which one is lossless."""
    library, head = open_library(tmp_path)
    facts = [
        {"artist": "Air", "genre": "Pop"},
        {"artist": "Björk", "title": "Jóga", "genre": "Pop"},
        {"artist": "Björk; Air", "title": "Jóga", "genre": "Christmas", "codec": "flac"},
        {"artist": "Can", "genre": "Krautrock"},
        {"artist": None, "genre": None},
    ]
    with library:
        add(library, head, [heard(f"/m/{n}/x.mp3", at(20 * n), **fact) for n, fact in enumerate(facts)])
        with library.transaction():
            store_same(library, [(2, 3, "sound", 0.9)])
            group_recordings(library)
        yield library


def test_a_recording_is_in_it_once(library):
    pool = read_pool(library)
    assert pool.recordings.all_ids.tolist() == [1, 2, 4, 5] and len(pool) == 4
    np.testing.assert_allclose(pool.vectors[3], at(80))
    assert pool.artists.sharing([0]).tolist() == [0, 1], "by the names of all its files"


def test_rows_that_fit(library):
    pool = read_pool(library)

    def fitting(artists=(), **filters):
        rows = pool.fitting(library, TrackFilters(**filters), set(artists))
        return pool.recordings.all_ids[rows].tolist()

    assert fitting() == [1, 2, 4, 5]
    assert fitting(genre="pop") == [1, 2]
    assert fitting(not_genre=("christmas",)) == [1, 4, 5], "in none of its files"
    assert fitting(under=("/m/2", "/m/3")) == [2, 4]
    assert fitting(["air"], same_artist=True) == [1, 2] and fitting(["air"], same_artist=False) == [4, 5]


def test_what_nobody_wants_to_hear_does_not_fit(library):
    with library.transaction():
        exclude_track(library, 3, None)  # a file of recording 2
    pool = read_pool(library)
    assert pool.recordings.all_ids[pool.fitting(library, TrackFilters(), set())].tolist() == [1, 4, 5]
    assert pool.rows([5, 77, 1]).tolist() == [3, 0]


def test_the_file_that_is_shown(library):
    def shown(*options):
        return {recording: row.id for recording, row in rows_to_show(library, [2, 1], *options).items()}

    assert shown() == {2: 3, 1: 1}, "the best file"
    assert shown(TrackFilters(genre="pop")) == {2: 2, 1: 1}, "the one that fits"
    assert rows_to_show(library, [77]) == {}


def test_it_is_read_again_when_the_library_changed(library):
    pool = current_pool(library)
    assert current_pool(library, "audio", pool) is pool
    by_hand(library, "UPDATE tracks SET status = 'missing' WHERE id = 4")
    assert current_pool(library, "audio", pool).recordings.all_ids.tolist() == [1, 2, 5]


def test_what_has_no_vectors(tmp_path):
    with open_library(tmp_path)[0] as library:
        with pytest.raises(LibraryError, match="No track in this library has a vector yet"):
            read_pool(library)
        with pytest.raises(LibraryError, match="There is no space 'yambda'"):
            read_pool(library, "yambda")
