"""Tables of tags fill missing tags, and artists and albums follow."""

import dataclasses

import pytest

from earshot.data.tables.tag_tables import read_tag_table
from earshot.index.tracks.tag_import import import_tags
from library_world import add, at, heard, open_library


@pytest.fixture
def world(tmp_path):
    """1 without any tag, 2 with its own artist and album."""
    library, head = open_library(tmp_path / "library")
    tracks = [
        heard(str(tmp_path / "clips/MT1.mp3"), at(0)),
        heard(str(tmp_path / "clips/MT2.mp3"), at(1), title="Own", artist="Air", album="Moon Safari"),
    ]
    with library:
        add(library, head, tracks)
        yield library, head, tracks, tmp_path


def tags(library):
    query = "SELECT title, artist, album, genre, year FROM tracks ORDER BY id"
    return library.db.execute(query).fetchall()


def keys(library):
    query = "SELECT a.name, b.name, c.name FROM tracks AS t LEFT JOIN artists AS a ON a.id = t.artist_id"
    query += " LEFT JOIN albums AS b ON b.id = t.album_id LEFT JOIN artists AS c ON c.id = b.artist_id ORDER BY t.id"
    return library.db.execute(query).fetchall()


def table(folder, text):
    (folder / "tracks.csv").write_text(text, encoding="utf-8")
    return read_tag_table(folder / "tracks.csv")


TEXT = (
    "file,title,artist,album,genres,date\n"
    "clips/MT1.mp3,Hunter,Björk,Homogenic,Electronic; Pop/Rock,1997-09-22\n"
    "clips/MT2.mp3,Other,Other,Other,Downtempo,\n"
    "clips/MT9.mp3,None,,,,\n"
    ",lost,,,,\n"
)


def test_only_what_lacks_is_filled(world):
    library, _, _, folder = world
    done = import_tags(library, table(folder, TEXT), [str(folder)])
    assert (done.n_rows, done.n_matched, done.n_changed, done.n_differing) == (3, 2, 2, 1)
    assert done.unmatched == ("clips/MT9.mp3",)
    assert tags(library) == [
        ("Hunter", "Björk", "Homogenic", "Electronic; Pop/Rock", 1997),
        ("Own", "Air", "Moon Safari", "Downtempo", None),
    ]
    assert keys(library) == [("Björk", "Homogenic", "Björk"), ("Air", "Moon Safari", "Air")]
    again = import_tags(library, table(folder, TEXT), [str(folder)])
    assert (again.n_matched, again.n_changed) == (2, 0)
    assert library.db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'bjork'").fetchall() == [(1,)]


def test_overwrite_replaces_and_moves_the_album_to_its_artist(world):
    library, _, _, folder = world
    done = import_tags(library, table(folder, "path,artist\nclips/MT2.mp3,AIR\n"), [str(folder)], overwrite=True)
    assert (done.n_changed, done.n_differing) == (1, 0)
    assert tags(library)[1] == ("Own", "AIR", "Moon Safari", None, None)
    assert keys(library)[1] == ("Air", "Moon Safari", "Air")  # one artist in any case


def test_hearing_the_same_file_again_keeps_imported_tags(world):
    library, head, tracks, folder = world
    import_tags(library, table(folder, TEXT), [str(folder)])
    add(library, head, tracks)
    assert tags(library)[0] == ("Hunter", "Björk", "Homogenic", "Electronic; Pop/Rock", 1997)
    assert keys(library)[0] == ("Björk", "Homogenic", "Björk")
    changed = dataclasses.replace(tracks[0], content_hash="retagged", title="New", artist="New")
    add(library, head, [changed])
    assert tags(library)[0] == ("New", "New", None, None, None)


def test_an_empty_table_changes_nothing(world):
    library, _, _, folder = world
    done = import_tags(library, table(folder, "file,title\n"), [str(folder)])
    assert (done.n_rows, done.n_matched, done.n_changed, done.n_differing, done.unmatched) == (0, 0, 0, 0, ())
