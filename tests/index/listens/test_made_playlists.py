"""Playlists that are made here, beside imported ones."""

import pytest

from earshot.data.playlists.playlist_reader import read_playlists
from earshot.index.graphs.item_groups import read_groups
from earshot.index.health.manifest_check import check_presence
from earshot.index.library import LibraryError
from earshot.index.listens.made_playlists import (
    change_playlist,
    create_playlist,
    delete_playlist,
    find_playlist,
    playlist_track_ids,
    stored_playlists,
)
from earshot.index.listens.playlist_store import import_playlists
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{n}.mp3", at(n)) for n in range(1, 5)])
        library.db.execute("INSERT INTO users (id, name) VALUES (1, 'ana')")
        yield library


def test_a_playlist_is_made_changed_and_deleted(library):
    made = create_playlist(library, " Evening ", [3, 1, 3], owner_id=1, comment="slow")
    assert playlist_track_ids(library, made) == [3, 1, 3]
    change_playlist(library, made, track_ids=[1, 2])
    change_playlist(library, made, name="Night")
    playlist = find_playlist(library, made)
    assert (playlist.name, playlist.owner, playlist.comment) == ("Night", "ana", "slow")
    assert (playlist.n_tracks, playlist.path) == (2, None)
    assert playlist_track_ids(library, made) == [1, 2]
    assert list(check_presence(library)) == [], "it is no file that could be missing"
    delete_playlist(library, made)
    assert stored_playlists(library) == [] and library.value("SELECT count(*) FROM playlist_tracks") == 0


def test_what_is_wrong_changes_nothing(library):
    made = create_playlist(library, "Evening", [3])
    for wrong, why in (({"name": " "}, "needs a name"), ({"name": "Night", "track_ids": [1, 99]}, "no track 99")):
        with pytest.raises(LibraryError, match=why):
            change_playlist(library, made, **wrong)
    with pytest.raises(LibraryError, match="no track 99"):
        create_playlist(library, "Another", [99])
    with pytest.raises(LibraryError, match="There is no playlist 18446744073709551616"):
        find_playlist(library, 2**64)
    with pytest.raises(LibraryError, match="There is no playlist 7"):
        delete_playlist(library, 7)
    assert [(one.name, one.n_tracks) for one in stored_playlists(library)] == [("Evening", 1)]


def test_an_imported_playlist_stays_as_its_file_is(library, tmp_path):
    file = tmp_path / "morning.m3u"
    file.write_text("/m/1.mp3\n/m/2.mp3\n")
    import_playlists(library, read_playlists(str(file)))
    (imported,) = stored_playlists(library)
    assert (imported.name, imported.path, imported.n_tracks) == ("morning", str(file), 2)
    for change in (delete_playlist, change_playlist):
        with pytest.raises(LibraryError, match=r"imported from .*morning\.m3u: change that file"):
            change(library, imported.id)


def test_graphs_know_playlists_that_were_made_here(library):
    create_playlist(library, "Evening", [3, 1])
    (groups,) = read_groups(library, "playlists").values()
    assert sorted(groups.item_ids.tolist()) == [1, 3]
