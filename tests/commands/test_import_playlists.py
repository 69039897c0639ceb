"""`cli import-playlists`, as a user meets it."""

import json
import os
import plistlib
from functools import partial

import pytest

from commands_typed import invoke, rows_of
from library_world import add, at, heard, open_library


@pytest.fixture
def folder(tmp_path):
    """File 1, and a playlist with it, a lost file and a radio station."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One")])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.m3u").write_text("/m/1.mp3\n/m/2.mp3\nhttp://radio.example/\n")
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library", "import-playlists")


def test_playlists_of_a_folder(folder, run):
    (folder / "in" / "b.xspf").write_text("<")
    result = run(folder / "in")
    assert result.stdout == "1 playlist: 1 entries are tracks of the library, 1 are not, 1 are no files\n"
    assert "not in the library:\n    /m/2.mp3" in result.stderr and "Left out: " in result.stderr
    assert rows_of(folder / "library", "SELECT name FROM playlists") == [("a",)]


def test_playlists_for_programs(folder, run):
    (playlist,) = json.loads(run(folder / "in", "--json").stdout)
    assert (playlist["name"], playlist["n_matched"], playlist["unmatched"]) == ("a", 1, ["/m/2.mp3"])


def test_a_playlist_whose_name_is_not_utf8(folder, run):
    (folder / "in" / "a.m3u").rename(folder / "in" / os.fsdecode(b"caf\xe9.m3u"))
    (playlist,) = json.loads(run(folder / "in", "--json").stdout)
    assert playlist["n_matched"] == 1 and rows_of(folder / "library", "SELECT name FROM playlists") == [(r"caf\xe9",)]


def test_playlists_are_forgotten(folder, run):
    run(folder / "in")
    assert run("--forget", folder / "in" / "a.m3u").stdout == "1 playlist forgotten\n"
    assert rows_of(folder / "library", "SELECT name FROM playlists") == []
    assert "1 of 1 were never imported." in run("--forget", folder / "in" / "a.m3u", code=1).stderr


def test_playlists_of_an_account(folder, run):
    items = [{"track": {"trackName": title, "artistName": "Air", "albumName": "Moon"}} for title in ("One", "Two")]
    content = {"playlists": [{"name": name, "items": items} for name in ("Mix", "Tape")]}
    path = folder / "Playlist1.json"
    path.write_text(json.dumps(content))
    for _ in range(2):
        assert run(path).stdout.startswith("2 playlists: 2 entries are tracks of the library, 2 are not")
        assert rows_of(folder / "library", "SELECT name FROM playlists ORDER BY 1") == [("Mix",), ("Tape",)]
    assert "Playlist1.json" not in invoke(folder / "library", "check", code=1).stdout
    assert run("--forget", path).stdout == "2 playlists forgotten\n"


def test_playlists_of_several_in_a_table(folder, run):
    path = folder / "tunes.csv"
    header = "Track name,Artist name,Album,Playlist name,Type,ISRC,Apple - id\n"
    for lists in (("Mix", "Tape"), ("Tape", "Live")):
        path.write_text(header + "".join(f"One,Air,,{name},Playlist,,\n" for name in lists))
        assert run(path).stdout.startswith("2 playlists: 2 entries are tracks of the library")
        assert rows_of(folder / "library", "SELECT name FROM playlists") == [(name,) for name in lists]
    assert "tunes.csv" not in invoke(folder / "library", "check", code=1).stdout
    assert run("--forget", path).stdout == "2 playlists forgotten\n"


def test_playlists_of_itunes(folder, run):
    playlists = [{"Name": "Music", "Master": True}, {"Name": "Mix", "Playlist Items": [{"Track ID": 1}]}]
    tracks = {"1": {"Name": "One", "Artist": "Air"}}
    (folder / "Library.xml").write_bytes(plistlib.dumps({"Tracks": tracks, "Playlists": playlists}))
    result = run(folder / "Library.xml")
    assert result.stdout.startswith("1 playlist: 1 entries are tracks of the library, 0 are not")
    assert "Left out: Library.xml: 1 playlists that the program makes of everything (Music)" in result.stderr


def test_mistakes(folder, run):
    assert "--json reports playlists that are imported" in run(folder / "in", "--json", "--forget", code=2).stderr
    assert "There is no " in run(folder / "none", code=2).stderr
    (folder / "in" / "a.m3u").rename(folder / "x.xspf")
    assert "No playlist could be read." in run(folder / "x.xspf", code=1).stderr
    (folder / "empty").mkdir()
    none = invoke(folder / "new", "import-playlists", folder / "empty", code=1).stderr
    assert "No playlist was found.\n\nGive a playlist or a folder of some; they end in .m3u, " in none
    assert not (folder / "new").exists()


def test_a_playlist_that_is_given_twice_is_imported_once(folder, run):
    result = run(folder / "in", folder / "in" / "a.m3u", folder / "in" / ".." / "in" / "a.m3u")
    assert result.stdout == run(folder / "in").stdout
