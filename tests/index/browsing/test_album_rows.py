"""Albums in orders, by artist, year, genre and words."""

import pytest

from earshot.index.browsing.album_rows import (
    NO_ALBUM,
    album_keys_of,
    albums,
    albums_by_key,
    albums_by_words,
    albums_of_artist,
    albums_of_genre,
    albums_of_years,
)
from earshot.index.library import Library
from players import browsed_library


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(browsed_library(tmp_path / "library")) as library:
        yield library


def names(found):
    return [album.name for album in found]


def artist_id(library, name):
    return library.value("SELECT id FROM artists WHERE name = ?", [name])


def test_an_album_adds_up_its_songs(library):
    (debut,) = [album for album in albums(library, "alphabeticalByName") if album.name == "Debut"]
    assert (debut.artist, debut.n_songs, debut.duration_s, debut.year) == ("Björk", 2, 360.0, 1993)
    assert debut.first_id == 3 and debut.mtime_ns == 1_600_000_003 * 10**9
    (hits,) = [album for album in albums(library, "newest") if album.name == "Hits"]
    assert (hits.artist, hits.artist_id) == ("Various Artists", None)


def test_all_are_listed_in_orders_and_pages(library):
    by_name = [NO_ALBUM, NO_ALBUM, "Debut", "Hits", "Moon", "Tago"]
    assert names(albums(library, "alphabeticalByName")) == by_name
    assert names(albums(library, "alphabeticalByName", 2, 3)) == ["Hits", "Moon"]
    library.db.execute("UPDATE tracks SET mtime_ns = 1 WHERE album = 'Hits'")  # a copy of old music
    assert names(albums(library, "newest"))[:3] == [NO_ALBUM, "Hits", "Tago"]
    assert names(albums(library, "alphabeticalByArtist"))[0] == "Moon"
    assert sorted(names(albums(library, "random"))) == sorted(by_name)


def test_an_artist_has_their_albums_and_those_with_a_song_of_theirs(library):
    assert names(albums_of_artist(library, artist_id(library, "Air"))) == ["Moon", "Hits"]
    bjork = albums_of_artist(library, artist_id(library, "Björk"))
    assert names(bjork) == ["Debut", NO_ALBUM] and bjork[1].artist == "Björk" and bjork[1].key < 0
    assert albums_of_artist(library, 99) == []


def test_years_run_both_ways(library):
    assert names(albums_of_years(library, 1990, 2000, 10)) == ["Debut", "Moon"]
    assert names(albums_of_years(library, 2000, 1990, 10)) == ["Moon", "Debut"]
    assert names(albums_of_years(library, 2000, 1990, 1, 1)) == ["Debut"]


def test_a_genre_selects_whole_albums(library):
    (debut, nameless) = albums_of_genre(library, "ROCK", 10)[::-1]
    assert (debut.name, debut.n_songs, nameless.name) == ("Debut", 2, NO_ALBUM)
    (debut,) = albums_of_genre(library, "jazz", 10)
    assert debut.n_songs == 2, "also the song of another genre"


def test_words_find_names_and_artists_that_of_the_name_first(library):
    assert names(albums_by_words(library, "air", 10)) == ["Hits", "Moon"]
    assert names(albums_by_words(library, "moon air", 10)) == ["Moon"]
    assert names(albums_by_words(library, "air", 1, 1)) == ["Moon"]
    assert len(albums_by_words(library, "", 3)) == 3 and albums_by_words(library, "!?", 3) == []


def test_keys_are_answered_in_order(library):
    key = {album.name: album.key for album in albums(library, "newest")}
    assert names(albums_by_key(library, [key["Tago"], 99, key["Debut"]])) == ["Tago", "Debut"]
    assert album_keys_of(library, [6, 5, 99]) == {6: key["Tago"], 5: -1 - artist_id(library, "Björk")}
