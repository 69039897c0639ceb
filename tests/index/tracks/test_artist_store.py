"""Artists and albums: one row for all spellings."""

import pytest

from earshot.index.tracks.artist_store import album_id, artist_id, artist_ids_by_key, same_artists
from library_world import open_library


@pytest.fixture
def library(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        yield library


def test_spellings_are_one_artist(library):
    spellings = ("Beyoncé feat. JAY-Z", "Beyonce\u0301", "BEYONCÉ", "Beyoncé; Beyoncé")
    assert {artist_id(library, name) for name in spellings} == {1}
    assert library.db.execute("SELECT name, key FROM artists").fetchall() == [("Beyoncé", "beyonce")]


def test_every_artist_of_a_tag_has_a_row(library):
    assert artist_id(library, "Anna; Ben") == 1 and artist_id(library, "Ben/Anna") == 2
    assert artist_ids_by_key(library) == {"anna": 1, "ben": 2}
    assert (
        artist_id(library, "Unknown Artist")
        is artist_id(library, "Various Artists")
        is artist_id(library, None)
        is None
    )


def test_a_sampler_is_one_album(library):
    ids = {album_id(library, "Now 50", artist, "Various Artists") for artist in ("Ann", "Bob", None)}
    assert ids == {1} and library.db.execute("SELECT artist_id FROM albums").fetchall() == [(None,)]
    assert album_id(library, "Now 50", "Ann", None) == 2  # of one artist


def test_an_album_belongs_to_its_artist(library):
    assert album_id(library, "Debut", "Ann feat. Bob", None) == album_id(library, "DEBUT", "Ann", None) == 1
    assert album_id(library, "Debut", "Guest", "Ann") == 1
    assert album_id(library, "Debut", "Bob", None) == 2
    assert album_id(library, "Unknown Album", "Ann", None) is album_id(library, None, "Ann", None) is None


def test_rows_of_other_programs(library):
    library.db.execute("INSERT INTO artists (name) VALUES ('Ann')")
    assert artist_id(library, "Ann") == 1
    library.db.execute("INSERT INTO artists (name, key) VALUES ('ANN', 'ann')")
    assert same_artists(library) == {2: 1}
