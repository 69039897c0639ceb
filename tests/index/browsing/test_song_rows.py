"""Songs by ids, recordings, albums, genres and words."""

import pytest

from earshot.index.browsing.song_rows import (
    songs_by_id,
    songs_by_words,
    songs_of_album,
    songs_of_genre,
    songs_of_recordings,
    songs_where,
)
from earshot.index.library import Library
from earshot.index.recordings.recordings import group_recordings, store_same
from players import browsed_library


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(browsed_library(tmp_path / "library")) as library:
        yield library


def ids(songs):
    return [song.id for song in songs]


def test_songs_come_in_the_order_of_their_ids_as_often_as_asked(library):
    assert ids(songs_by_id(library, [7, 2, 99, 7])) == [7, 2, 7]
    (song,) = songs_by_id(library, [7])
    assert (song.title, song.artist, song.album, song.album_owner) == ("Seven", "Air", "Hits", None)
    assert song.album_artist == "Various Artists" and song.first_artist == "Air" and song.path == "/m/7.flac"
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    assert ids(songs_by_id(library, [7, 2])) == [7], "a file that is away cannot be played"


def test_an_album_has_its_order_and_an_artist_songs_without_one(library):
    hits = songs_by_id(library, [7])[0].album_key
    assert ids(songs_of_album(library, hits)) == [8, 7]
    nameless = songs_by_id(library, [5])[0].album_key
    assert nameless == -1 - songs_by_id(library, [5])[0].artist_id
    assert ids(songs_of_album(library, nameless)) == [5]
    assert ids(songs_of_album(library, -1)) == [9], "of no artist"
    assert songs_of_album(library, 99) == []


def test_a_recording_is_one_song_by_its_best_file(library):
    with library.transaction():
        library.db.execute("UPDATE tracks SET codec = 'mp3', size = 1000 WHERE id = 1")
        store_same(library, [(1, 7, "sound", 1.0)])
        group_recordings(library)
    assert ids(songs_of_recordings(library, [6, 1])) == [6, 7]
    assert ids(songs_of_genre(library, "POP", 10)) == [2, 7]
    assert ids(songs_by_words(library, "", 20)) == list(range(1, 10)), "albums keep all of their songs"


def test_a_genre_is_one_of_several_in_a_tag(library):
    assert ids(songs_of_genre(library, "rock", 10)) == [3, 4, 5]
    assert ids(songs_of_genre(library, "rock", 1, 1)) == [4]
    assert ids(songs_of_genre(library, "jazz", 10)) == [4] and songs_of_genre(library, "kraut", 10) == []


def test_words_find_pages_of_songs(library):
    assert sorted(ids(songs_by_words(library, "bjork", 10))) == [3, 4, 5]
    pages = [ids(songs_by_words(library, "bjork", 2, start)) for start in (0, 2)]
    assert sorted([*pages[0], *pages[1]]) == [3, 4, 5]
    assert songs_by_words(library, "bjork", 0) == songs_by_words(library, "nobody", 5) == []
    assert ids(songs_where(library, "t.year > ?", [1990], "t.year, t.id", 2, 1)) == [4, 1]
