"""Tracks of listens become ids, many at once."""

import unicodedata

import pytest

from earshot.data.listens.event_collector import Items
from earshot.index.listens.item_resolution import match_items
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 and 2, One by Air, twice; 3 without tags; artist 1 is Air, album 1 its Moon."""
    library, head = open_library(tmp_path / "library")
    with library:
        air = {"artist": "Air", "title": "One", "album": "Moon"}
        add(library, head, [heard("/a.mp3", at(0), **air), heard("/b.flac", at(1), **air), heard("/c.mp3", at(2))])
        yield library


def matched(library, *rows, level="track", **options):
    """Of items as (artist, title, album, mbid, isrc); what is left out is unknown."""
    columns = zip(*((*row, *[None] * (5 - len(row))) for row in rows), strict=True)
    with library.transaction():
        return match_items(library, Items(*columns, **options), level)


def tracks(library):
    return library.db.execute(
        "SELECT title, artist, artist_id, album, album_id, mbid, isrc, status FROM tracks WHERE id > 3 ORDER BY id"
    ).fetchall()


def test_known_and_new_tracks(library):
    match = matched(
        library, ("AIR", "one"), ("Can", "Two", "Ege", "m2", "i2"), ("air", "Three", "MOON"), ("can", "Four")
    )
    assert match.ids.tolist() == [1, 4, 5, 6]  # of two encodings the first
    assert (match.n_nodes, match.n_matched, match.n_with_audio, match.were_ids) == (4, 1, 1, False)
    assert tracks(library) == [
        ("Two", "Can", 2, "Ege", 2, "m2", "I2", "catalog"),
        ("Three", "air", 1, "MOON", 1, None, None, "catalog"),  # artists and albums have no case either
        ("Four", "can", 2, None, None, None, None, "catalog"),
    ]
    assert library.db.execute("SELECT name, artist_id FROM albums ORDER BY id").fetchall() == [("Moon", 1), ("Ege", 2)]
    assert matched(library, ("Can", "TWO"), ("AIR", "three")).ids.tolist() == [4, 5]


def test_an_umlaut_in_two_parts_makes_no_other_track(library):
    """As a Mac writes it, and as everybody else."""
    whole, parted = [
        [unicodedata.normalize(form, word) for word in ("Björk", "Jóga", "Müll")] for form in ("NFC", "NFD")
    ]
    assert whole != parted
    match = matched(library, whole, parted, [word.upper() for word in parted])
    assert match.ids.tolist() == [4] * 3 and match.n_nodes == 1
    assert matched(library, parted, (parted[0], "Hunter", parted[2])).ids.tolist() == [4, 5]
    assert library.db.execute("SELECT count(*) FROM artists").fetchone() == (2,)
    assert library.db.execute("SELECT count(*) FROM albums").fetchone() == (2,)


def test_new_tracks_are_found_by_their_words(library):
    matched(library, ("Can", "Vitamin C", "Ege"))
    query = "SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH ?"
    assert [library.db.execute(query, [word]).fetchall() for word in ("vitamin", "can", "ege")] == [[(4,)]] * 3
    library.db.execute("UPDATE tracks SET title = 'Else' WHERE id = 4")  # the triggers are back
    library.db.execute("INSERT INTO tracks (title, status) VALUES ('Spoon', 'catalog')")
    assert library.db.execute(query, ["vitamin"]).fetchall() == []
    assert library.db.execute(query, ["spoon"]).fetchall() == [(5,)]


def test_codes_find_what_is_spelled_otherwise(library):
    matched(library, ("Can", "Two", None, "m2", None), ("Can", "Three", None, None, "i3"))
    match = matched(library, ("The Can", "Zwei", None, "m2"), ("The Can", "Drei", None, "unknown", "i3"))
    assert match.ids.tolist() == [4, 5]
    assert library.db.execute("SELECT mbid, isrc FROM tracks WHERE id = 5").fetchall() == [("unknown", "I3")]


def test_codes_of_one_file_find_each_other_however_they_are_spelled(library):
    rows = [
        ("Foo", "Bar", None, "AAAA-1"),
        ("Foo", "Bar!", None, "aaaa-1"),
        ("Can", "Drei", None, None, "fr-z03-98-00212"),
    ]
    assert matched(library, *rows, ("Can", "Three", None, None, "FRZ039800212")).ids.tolist() == [4, 4, 5, 5]
    assert [row[-3:] for row in tracks(library)] == [("aaaa-1", None, "catalog"), (None, "FRZ039800212", "catalog")]
    library.db.execute("UPDATE tracks SET mbid = 'AAAA-1', isrc = 'fr-1' WHERE id = 4")  # as older imports left them
    assert matched(library, ("X", "Y", None, "aaaa-1"), ("X", "Z", None, None, "FR1")).ids.tolist() == [4, 4]


def test_a_code_is_the_known_tracks_wherever_it_stands(library):
    match = matched(library, ("Luft", "Eins", None, "m"), ("Air", "One", None, "m"))
    assert match.ids.tolist() == [1, 1] and tracks(library) == []


def test_names_without_artists_are_looked_up_as_ever(library):
    match = matched(library, ("Can", "Two"), (None, "/b.flac"), (None, "Air - One"), (None, "new.mp3"))
    assert match.ids.tolist() == [4, 2, 1, 5]
    assert matched(library, (None, "Air"), (None, "Neu!"), level="artist").ids.tolist() == [1, 3]


def test_a_name_of_a_playlist_is_the_track_it_says(library):
    (made,) = matched(library, (None, "Can - Two")).ids.tolist()
    assert matched(library, ("can", "two")).ids.tolist() == [made]


def test_a_title_may_tell_everything(library):
    (made,) = matched(library, (None, "yambda:7")).ids.tolist()
    match = matched(library, ("yambda:artist:1", "yambda:7", "yambda:album:2"), title_is_key=True)
    assert match.ids.tolist() == [made]
    assert tracks(library) == [("yambda:7", "yambda:artist:1", 2, "yambda:album:2", 2, None, None, "catalog")]
    again = matched(library, ("yambda:artist:9", "yambda:7"), title_is_key=True)
    assert again.ids.tolist() == [made] and tracks(library)[0][1] == "yambda:artist:1"


def test_an_id_is_never_given_twice(library):
    assert matched(library, ("Can", "Two")).ids.tolist() == [4]
    library.db.execute("DELETE FROM tracks WHERE id = 4")
    assert matched(library, ("Can", "Three")).ids.tolist() == [5]


def test_of_files_of_one_name_the_album_decides(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        albums = ["From the Muddy Banks", "Nevermind (Deluxe Edition)", None]
        lithium = {"artist": "Nirvana", "title": "Lithium"}
        add(library, head, [heard(f"/{n}.mp3", at(n), album=album, **lithium) for n, album in enumerate(albums)])
        names = ("nirvana", "lithium")
        rows = [(*names, "NEVERMIND"), (*names, "From The Muddy Banks [Remastered]"), names, (*names, "Best Of")]
        assert matched(library, *rows).ids.tolist() == [2, 1, 1, 1]


def test_a_path_means_its_file_and_else_the_name_counts(library):
    paths = ["file:///c.mp3", "/b.flac", "/z.mp3", "/z.mp3", None]
    rows = [("Can", "Two"), ("Air", "One"), ("Can", "Two"), (None, "/z.mp3"), ("Can", "Two")]
    assert matched(library, *rows, paths=paths).ids.tolist() == [3, 2, 4, 5, 4]
