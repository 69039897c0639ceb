"""`cli forget-folder`: folders are listed, and taken back by their paths."""

import json
from functools import partial

import pytest

from commands_typed import invoke, rows_of
from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.library import Library
from earshot.index.listens.playlist_store import import_playlists
from earshot.index.vectors.faiss_file import index_state
from library_world import add, at, heard, open_library


@pytest.fixture
def run(tmp_path):
    """A library of /m with two tracks, one in a playlist, and of /n with one."""
    library, head = open_library(tmp_path / "library")
    with library:
        library.db.execute("INSERT INTO roots (path) VALUES ('/m'), ('/n')")
        add(library, head, [heard("/m/1.mp3", at(0)), heard("/m/2.mp3", at(5)), heard("/n/3.mp3", at(9))])
        import_playlists(library, [Playlist("/p.m3u", "p", [Entry(("/m/1.mp3",))], 0)])
    return partial(invoke, tmp_path / "library", "forget-folder")


def test_folders_are_listed(run):
    rows = json.loads(run("--json").stdout)
    assert [(row["folder"], row["tracks"], row["leaves_out"]) for row in rows] == [("/m", 2, None), ("/n", 1, None)]


def test_a_folder_is_taken_back(run, tmp_path):
    result = run("/m")
    assert result.stdout == (
        "/m is forgotten: 2 tracks removed. No file was touched.\n  1 entries of playlists went with them\n"
    )
    assert rows_of(tmp_path / "library", "SELECT path FROM tracks") == [("/n/3.mp3",)]
    with Library.open(tmp_path / "library") as library:
        assert index_state(library, "audio").n_vectors == 1


def test_mistakes_change_nothing(run, tmp_path):
    assert "/q is no folder of this library; nothing was changed." in run("/q", code=1).stderr
    assert "The path is empty." in run("", code=2).stderr
    assert "--json lists the folders; leave it out with PATH" in run("/m", "--json", code=2).stderr
    assert rows_of(tmp_path / "library", "SELECT count(*) FROM tracks") == [(3,)]
