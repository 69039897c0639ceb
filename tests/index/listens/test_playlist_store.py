"""Playlists: stored in order, and replaced by the present content of their files."""

import os

import pytest

from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.listens.playlist_store import import_playlists
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{name}.mp3", at(0)) for name in "abc"])
        yield library


def positions(library):
    query = (
        "SELECT p.name, t.position, t.track_id FROM playlist_tracks AS t JOIN playlists AS p ON p.id = t.playlist_id"
    )
    return library.db.execute(f"{query} ORDER BY 1, 2").fetchall()


def test_entries_that_are_tracks_are_kept_in_order(library):
    paths = ("/m/c.mp3", "/m/gone.mp3", "/m/a.mp3", "/m/c.mp3")
    first = Playlist("/lists/one.m3u", "one", [Entry((path,)) for path in paths], 1)
    second = Playlist("/lists/two.m3u", "two", [Entry(("/m/b.mp3",))], 0)
    one, two = import_playlists(library, [first, second])
    assert positions(library) == [("one", 1, 3), ("one", 2, 1), ("one", 3, 3), ("two", 1, 2)]
    assert (one.n_matched, one.unmatched, one.n_elsewhere) == (3, ("/m/gone.mp3",), 1)
    assert (two.path, two.name, two.n_matched, two.unmatched) == ("/lists/two.m3u", "two", 1, ())
    assert library.db.execute("SELECT count(*) FROM tracks").fetchone() == (3,)  # nothing was made


def test_a_playlist_read_again_is_replaced(library):
    import_playlists(library, [Playlist("/lists/one.m3u", "one", [Entry(("/m/c.mp3",)), Entry(("/m/a.mp3",))], 0)])
    import_playlists(library, [Playlist("/lists/one.m3u", "renamed", [Entry(("/m/b.mp3",))], 0)])
    assert positions(library) == [("renamed", 1, 2)]
    assert library.db.execute("SELECT path, name FROM playlists").fetchall() == [("/lists/one.m3u", "renamed")]


def test_a_file_of_several_is_replaced_as_a_whole(library):
    def of(*names):
        return [Playlist(f"/x.csv/{name}", name, [Entry(("/m/a.mp3",))], 0, file="/x.csv") for name in names]

    import_playlists(library, [Playlist("/x.csv", "one", [Entry(("/m/c.mp3",))], 0, file="/x.csv")])
    import_playlists(library, [Playlist("/x.csv2", "other", [Entry(("/m/c.mp3",))], 0)])
    import_playlists(library, of("a", "b"))
    import_playlists(library, of("b", "c", "c"))
    assert positions(library) == [("b", 1, 1), ("c", 1, 1), ("other", 1, 3)]


def test_a_name_that_is_not_utf8(library):
    path = os.fsdecode(b"/lists/caf\xe9.m3u")
    import_playlists(library, [Playlist(path, "cafe", [Entry(("/m/a.mp3",))], 0)])
    import_playlists(library, [Playlist(path, "cafe", [Entry(("/m/b.mp3",))], 0)])
    assert library.db.execute("SELECT path, path_bytes FROM playlists").fetchall() == [
        ("/lists/caf\\xe9.m3u", b"/lists/caf\xe9.m3u")
    ]


def test_nothing_to_import(library):
    assert import_playlists(library, []) == []
