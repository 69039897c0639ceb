"""Artists by name, letter and words, and genres."""

import pytest

from earshot.index.browsing.artist_rows import (
    Artist,
    Genre,
    artist_ids_by_words,
    artist_named,
    artists,
    artists_by_id,
    artists_by_words,
    by_initial,
    genres,
)
from earshot.index.library import Library
from players import browsed_library


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(browsed_library(tmp_path / "library")) as library:
        yield library


def test_artists_have_their_albums_counted(library):
    assert [(one.name, one.n_albums) for one in artists(library)] == [("Air", 2), ("Björk", 2), ("Can", 2)]
    assert [one.name for one in artists(library, 1, 1)] == ["Björk"]
    air, _, can = artists(library)
    assert artists_by_id(library, [can.id, 99, air.id, can.id]) == [can, air]
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE artist = 'Can'")
    assert [one.name for one in artists(library)] == ["Air", "Björk"]


def test_artists_are_found_by_words_and_by_any_spelling(library):
    assert [one.name for one in artists_by_words(library, "bjo", 5)] == ["Björk"]
    assert artists_by_words(library, "bjo", 5, 1) == artists_by_words(library, "...", 5) == []
    assert len(artists_by_words(library, "", 2)) == 2
    assert artist_ids_by_words(library, "a", 5) == artist_ids_by_words(library, "AIR", 5, 0) == [1]
    assert artist_ids_by_words(library, "a", 0) == artist_ids_by_words(library, "?", 5) == []
    assert artist_named(library, "BJORK") == artists_by_words(library, "Björk", 1)[0].id
    assert artist_named(library, "nobody") is artist_named(library, "") is None


def test_letters_pass_over_articles_and_accents():
    names = ("The Beatles", "Éclair", "beck", "2Pac", "Ärzte", "!!!", "坂本龍一")
    found = by_initial([Artist(place, name, 1) for place, name in enumerate(names)])
    assert {letter: [one.name for one in below] for letter, below in found.items()} == {
        "#": ["!!!", "2Pac"], "A": ["Ärzte"], "B": ["The Beatles", "beck"], "E": ["Éclair"], "坂": ["坂本龍一"],
    }  # fmt: skip


def test_a_genre_counts_songs_and_albums_by_its_usual_spelling(library):
    assert genres(library) == [
        Genre("Jazz", 1, 1), Genre("Krautrock", 2, 2), Genre("Pop", 3, 2), Genre("Rock", 3, 2),
    ]  # fmt: skip
