"""Folders of a library: their exclusions, kept from run to run, and their removal."""

import os
import shutil

import pytest

from commands_typed import invoke, rows_of
from earshot.data.files.skip_rules import Rules
from earshot.index.library import Library, LibraryError
from earshot.index.removal import forget_folder, listed_folders
from earshot.index.tracks.roots import files_outside, given_rules, read_rules, store_rules


def test_rules_come_back_as_they_were_given(folders):
    rules = {
        "/music": Rules(("*/Audiobooks/*", "*.m4b"), 30.0, 1800.0),
        "/b": Rules(),
        os.fsdecode(b"/caf\xe9"): Rules((os.fsdecode(b"*\xe9*"),)),
    }
    with folders.library.transaction():
        store_rules(folders.library, rules)
    assert read_rules(folders.library) == rules
    before = folders.library.db.conn.total_changes
    with folders.library.transaction():
        store_rules(folders.library, rules)
    assert folders.library.db.conn.total_changes == before
    with folders.library.transaction():
        store_rules(folders.library, {"/music": Rules(max_duration=60.0)})
    assert read_rules(folders.library) == rules | {"/music": Rules(max_duration=60.0)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Rules(("a*",), 30.0, 900.0)),
        ({"exclude": ["b*", "c*"]}, Rules(("b*", "c*"), 30.0, 900.0)),
        ({"exclude": [""]}, Rules((), 30.0, 900.0)),
        ({"min_duration": 0.0}, Rules(("a*",), None, 900.0)),
        ({"max_duration": 60.0}, Rules(("a*",), 30.0, 60.0)),
    ],
)
def test_what_is_not_given_anew_stays(given, expected):
    known = {"/music": Rules(("a*",), 30.0, 900.0), "/other": Rules(("o*",))}
    assert given_rules(["/music"], known, **given) == known | {"/music": expected}


def test_a_new_folder_has_no_rules_of_another():
    known = {"/music": Rules(("a*",))}
    assert given_rules(["/new"], known, min_duration=5.0) == known | {"/new": Rules((), 5.0)}


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((-1.0, None), "--min-duration is -1; it is a number of seconds"),
        ((None, float("nan")), "--max-duration is nan; it is a number of seconds"),
        ((60.0, 30.0), "--min-duration 60 and --max-duration 30 leave nothing in between"),
    ],
)
def test_bounds_that_are_none(bounds, words):
    with pytest.raises(ValueError, match=words):
        Rules((), *bounds)


def test_a_file_given_by_name_is_no_folder_and_is_not_lost(folders):
    folders.write("music/a.mp3", "a")
    path = str(folders.write("elsewhere/b.mp3", "b"))
    folders.scan("music", "elsewhere/b.mp3")
    assert list(read_rules(folders.library)) == [str(folders.folder / "music")]
    assert files_outside(folders.library) == [path]


def test_files_below_the_root_of_all_are_not_outside(folders):
    folders.write("music/a.mp3", "a")
    folders.scan()
    folders.library.db.execute("UPDATE roots SET path = '/'")
    assert files_outside(folders.library) == []


def test_a_name_that_begins_like_a_folder_is_outside(folders):
    folders.write("music/a.mp3", "a")
    path = str(folders.write("music2.mp3", "b"))
    folders.scan("music", "music2.mp3")
    assert files_outside(folders.library) == [path]


def test_a_folder_is_taken_back_with_its_tracks(folders):
    for name in ("one/a.mp3", "one/deep/b.mp3", "one/bad.mp3", "two/c.mp3"):
        folders.write(name, name)
    folders.scan("one", "two", "one/deep", exclude=["x*"])
    db = folders.library.db
    db.execute("INSERT INTO playlists (id, path, name, imported) VALUES (1, '/x.m3u', 'x', '')")
    rows = [(1, folders.id("one/a.mp3")), (2, folders.id("one/deep/b.mp3"))]
    db.conn.executemany("INSERT INTO playlist_tracks VALUES (1, ?, ?)", rows)
    assert [row["tracks"] for row in listed_folders(folders.library)] == [2, 1, 1]
    gone = forget_folder(folders.library, str(folders.folder / "one") + "/")
    assert (gone.n_tracks, gone.n_elsewhere, gone.n_entries) == (2, 1, 1)
    assert folders.table() == {"one/deep/b.mp3": "embedded", "two/c.mp3": "embedded"}
    assert [row["folder"] for row in listed_folders(folders.library)] == [
        str(folders.folder / name) for name in ("one/deep", "two")
    ]
    assert db.execute("SELECT count(*) FROM root_rules").fetchone() == (2,)
    assert sorted(os.listdir(folders.folder / "one")) == ["a.mp3", "bad.mp3", "deep"], "no file is touched"


def test_a_folder_that_is_none_is_refused_and_all_are_listed(folders):
    folders.write("one/deep/a.mp3", "a")
    folders.scan("one")
    for path in ("two", "one/deep", "on"):
        with pytest.raises(LibraryError, match=f"is no folder of this library; nothing.*:\n    {folders.folder}/one$"):
            forget_folder(folders.library, str(folders.folder / path))
    assert len(folders.table()) == 1


def test_a_disk_that_is_gone_for_good(folders):
    """Only vanished tracks of a folder below one of the library's go."""
    for name in ("music/a.mp3", "music/nas/b.mp3", "music/nas/c.mp3", "music/nas/d.mp3"):
        folders.write(name, name)
    folders.scan()
    for name in "bcd":
        (folders.folder / f"music/nas/{name}.mp3").unlink()
    folders.write("music/nas/new.mp3", "new")
    assert folders.scan().kept == 3
    gone = forget_folder(folders.library, str(folders.folder / "music/nas"))
    assert (gone.n_tracks, gone.n_present) == (3, 1)
    assert folders.table() == {"music/a.mp3": "embedded", "music/nas/new.mp3": "embedded"}
    assert folders.scan().kept == 0


def test_a_file_given_by_name_is_taken_back(folders):
    path = folders.write("b.mp3", "b")
    folders.scan("b.mp3")
    assert forget_folder(folders.library, str(path)).n_tracks == 1
    assert folders.table() == {}


@pytest.fixture(scope="module")
def two_folders(tmp_path_factory, track_files):
    """A real library of two folders, each of which leaves something out."""
    world = tmp_path_factory.mktemp("two")
    for number, folder in enumerate(["m/Music", "m/Audiobooks", "other"]):
        (world / folder).mkdir(parents=True)
        shutil.copy(track_files[number], world / folder / f"{number}{track_files[number].suffix}")
    library = world / "library"
    assert "1 excluded" in invoke(library, "embed-audio", world / "m", "--exclude", "*/Audiobooks/*").stdout
    invoke(library, "embed-audio", world / "other", "--max-duration", "60")
    return world


@pytest.fixture
def heard(two_folders, tmp_path, monkeypatch):
    """A library of one's own; the music lies in the working folder."""
    monkeypatch.chdir(two_folders)
    shutil.copytree(two_folders / "library", tmp_path / "library")
    return tmp_path / "library"


def test_what_was_left_out_stays_out_until_it_is_let_in(heard):
    assert "0 embedded + 2 reused + 0 failed + 1 excluded" in invoke(heard, "embed-audio").stdout
    shown = invoke(heard, "status").stdout
    assert "m   (--exclude '*/Audiobooks/*')\n" in shown and "other   (--max-duration 60)\n" in shown
    assert "1 embedded + 1 reused" in invoke(heard, "embed-audio", "m", "--exclude", "").stdout
    assert "2 reused" in invoke(heard, "embed-audio", "m").stdout
    assert "1 reused + 0 failed + 1 excluded" in invoke(heard, "embed-audio", "m", "--exclude", "0.*").stdout
    everywhere = invoke(heard, "embed-audio", "--min-duration", "600", code=2).stderr
    assert "--min-duration 600 and --max-duration 60 leave nothing in between. Nothing was changed." in everywhere
    assert "1 excluded" in invoke(heard, "embed-audio", "m").stdout


def test_forget_folder_as_it_is_typed(heard):
    listed = invoke(heard, "forget-folder").stdout
    assert "--exclude '*/Audiobooks/*'" in listed and "--max-duration 60" in listed
    refused = invoke(heard, "forget-folder", "m/Music", code=1)
    assert "is no folder of this library; nothing was changed" in refused.stderr
    assert "the path is empty" in invoke(heard, "forget-folder", "", code=2).stderr.lower()
    assert "is forgotten: 2 tracks removed. No file was touched." in invoke(heard, "forget-folder", "m").stdout
    assert rows_of(heard, "SELECT count(*) FROM tracks") == [(1,)]
    assert invoke(heard, "check").stdout == "All is well.\n"
    assert "1 found" in invoke(heard, "embed-audio").stdout
    invoke(heard, "forget-folder", "other")
    assert invoke(heard, "check").stdout == "All is well.\n"


def test_forgetting_a_folder_again_finishes_what_a_kill_left(heard, two_folders):
    """Killed after the COMMIT, before the index: the same command, though it says that there is no such folder."""
    with Library.open_to_write(heard) as library:
        forget_folder(library, str(two_folders / "m"))
    assert "is no folder of this library" in invoke(heard, "forget-folder", "m", code=1).stderr
    assert invoke(heard, "check").stdout == "All is well.\n"


def test_an_empty_path_is_no_folder(heard):
    before = rows_of(heard, "SELECT * FROM roots")
    assert "One of the paths is empty" in invoke(heard, "embed-audio", "", code=2).stderr
    assert rows_of(heard, "SELECT * FROM roots") == before


def test_a_file_is_heard_and_is_no_folder(heard, track_files, tmp_path):
    song = tmp_path / f"one{track_files[5].suffix}"
    shutil.copy(track_files[5], song)
    before = rows_of(heard, "SELECT * FROM roots")
    invoke(heard, "embed-audio", song)
    assert rows_of(heard, "SELECT * FROM roots") == before
    assert "3 reused + 0 failed + 1 excluded" in invoke(heard, "embed-audio").stdout, "a plain run visits it too"


def test_a_home_folder_that_no_shell_wrote_out(tmp_path, track_files, monkeypatch):
    home = tmp_path / "home"
    (home / "Music").mkdir(parents=True)
    shutil.copy(track_files[0], home / "Music" / track_files[0].name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    assert "1 embedded" in invoke("~/library", "embed-audio", "~/Music").stdout
    assert sorted(os.listdir(tmp_path)) == ["home"] and (home / "library" / "library.db").exists()
    assert "1 embedded, 1 artists" in invoke("~/library", "status").stdout
    song = f"~/Music/{track_files[0].name}"
    invoke("~/library", "similar", song, "--m3u", "~/mix.m3u8")
    assert (home / "mix.m3u8").exists()
    (home / "library").rename(home / "other")
    os.makedirs("~")
    (home / "other").rename("~/library")  # made by an earlier version: it goes on
    assert "1 embedded, 1 artists" in invoke("~/library", "status").stdout


def test_a_library_whose_path_is_not_utf8_is_refused_at_the_start(tmp_path):
    library = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "music").mkdir()
    for command in (["embed-audio", str(tmp_path / "music")], ["status"], ["similar", "x"]):
        refused = invoke(library, *command, code=1)
        assert "has a name that is not UTF-8" in refused.stderr, command
    assert not os.path.exists(library)
