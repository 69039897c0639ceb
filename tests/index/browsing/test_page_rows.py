"""Albums and artists, page by page, in a library made by hand."""

import pytest

from earshot.index.browsing.page_rows import (
    album_tracks,
    artist_rows,
    artist_tracks,
    list_albums,
    list_artists,
    owners_of,
)
from library_world import add, at, heard, open_library

TRACKS = (  # artist, album, title, number, year
    ("Björk", "Debut", "Aeroplane", 7, 1993),
    ("Björk", "Debut", "Human Behaviour", 1, 1993),
    ("Björk", "Homogenic", "Jóga", 2, 1997),
    ("Air", "Moon Safari", "La femme d'argent", 1, 1998),
    ("Zero 7", None, "Destiny", None, None),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library, head = open_library(tmp_path_factory.mktemp("browsing") / "library")
    with library:
        files = [
            heard(f"/music/{n}.mp3", at(n), artist=artist, album=album, title=title, track_number=number, year=year)
            for n, (artist, album, title, number, year) in enumerate(TRACKS)
        ]
        ids = add(library, head, files)
        with library.transaction():  # an album without audio
            library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = ?", [ids[2]])
        yield library


def test_albums_are_listed_once_and_only_with_audio(library):
    assert [(one.name, one.artist, one.n_songs, one.year) for one in list_albums(library, 10)] == [
        ("Debut", "Björk", 2, 1993),
        ("Moon Safari", "Air", 1, 1998),
    ]
    assert [one.name for one in list_albums(library, 10, order="newest")] == ["Moon Safari", "Debut"]
    assert [one.name for one in list_albums(library, 1, 1)] == ["Moon Safari"], "the second page of one"


def test_artists_are_listed_by_name(library):
    assert [(one.name, one.n_tracks) for one in list_artists(library, 10)] == [("Air", 1), ("Björk", 2), ("Zero 7", 1)]


def test_the_tracks_of_an_album_come_by_number(library):
    (debut, _) = list_albums(library, 2)
    assert [row.title for row in album_tracks(library, debut.key, 10)] == ["Human Behaviour", "Aeroplane"]
    assert [row.title for row in album_tracks(library, debut.key, 1, 1)] == ["Aeroplane"]
    assert debut.first_id in [row.id for row in album_tracks(library, debut.key, 10)]


def test_an_artist_has_tracks(library):
    bjork = next(one for one in list_artists(library, 10) if one.name == "Björk")
    assert {row.title for row in artist_tracks(library, bjork.id, 10)} == {"Human Behaviour", "Aeroplane"}


def test_unknown_ids_are_skipped(library):
    assert artist_rows(library, [99]) == []
    assert owners_of(library, [5, 99]) == {5: (library.value("SELECT id FROM artists WHERE name = 'Zero 7'"), None)}
