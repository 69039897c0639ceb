"""Every file is found once, judged by its name, and nothing that is not a plain file can stop the walk."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.data.files.folder_walk import find_files, is_left_out_from_above
from earshot.data.files.skip_rules import Rules


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(*roots: Path, exclude=(), **options) -> dict[str, str | None]:
    """Names below the first root, and why each is not heard (None: it is)."""
    rules = {str(root): Rules(tuple(exclude)) for root in roots}
    files = list(find_files([str(root) for root in roots], rules, **options))
    assert len({file.path for file in files}) == len(files)
    return {os.path.relpath(file.path, roots[0]): file.exclusion or file.failure for file in files}


def test_names_sizes_and_times(tmp_path):
    song = touch(tmp_path / "a" / "song.mp3", b"12345")
    os.utime(song, ns=(0, 1_234_567_890_123_456_789))
    (file,) = find_files([str(tmp_path)])
    assert (file.path, file.size, file.mtime_ns) == (str(song), 5, 1_234_567_890_123_456_789)
    assert file.ctime_ns == song.stat().st_ctime_ns
    assert file.exclusion is None and file.failure is None


def test_the_order_is_that_of_names(tmp_path):
    for name in ("b/2.mp3", "b/1.mp3", "a/z.mp3", "c.mp3", "B.flac"):
        touch(tmp_path / name)
    assert list(found(tmp_path)) == ["B.flac", "c.mp3", "a/z.mp3", "b/1.mp3", "b/2.mp3"]


def test_what_is_not_audio_says_so(tmp_path):
    names = {
        "cover.jpg": "not audio by its name (.jpg)",
        "list.m3u8": "not audio by its name (.m3u8)",
        "README": "not audio by its name or its first bytes",
        ".hidden.mp3": "a hidden file",
        "._song.mp3": "a hidden file",
        "SONG.MP3": None,
        "song.opus": None,
    }
    for name in names:
        touch(tmp_path / name)
    assert found(tmp_path) == names


@pytest.mark.parametrize(
    "head", [b"ID3\x03", b"fLaC", b"OggS", b"RIFF\0\0\0\0WAVEfmt ", b"\0\0\0\x20ftypM4A ", b"\xff\xfb\x90\0"]
)
def test_a_name_that_tells_nothing_is_opened(tmp_path, head):
    touch(tmp_path / "Mr. Brightside", head + b"\0" * 20)
    assert found(tmp_path) == {"Mr. Brightside": None}


def test_globs_match_the_path_the_rest_and_the_name(tmp_path):
    for name in ("Audiobooks/one.mp3", "Talk/Audiobooks/two.mp3", "three.mp3", "three (live).mp3"):
        touch(tmp_path / name)
    kept = found(tmp_path, exclude=["*/Audiobooks/*", "*(live)*"])
    assert kept == {
        "three.mp3": None,
        "three (live).mp3": "matches --exclude *(live)*",
        "Audiobooks/one.mp3": "matches --exclude */Audiobooks/*",
        "Talk/Audiobooks/two.mp3": "matches --exclude */Audiobooks/*",
    }


def test_a_marker_holds_for_everything_below(tmp_path):
    touch(tmp_path / "talk" / ".notmusic")
    touch(tmp_path / "talk" / "one.mp3")
    touch(tmp_path / "talk" / "deep" / "two.mp3")
    touch(tmp_path / "talkative" / "three.mp3")
    marked = "in a folder marked .notmusic"
    assert found(tmp_path) == {"talk/one.mp3": marked, "talk/deep/two.mp3": marked, "talkative/three.mp3": None}


def test_hidden_folders_are_named_and_the_library_is_passed_over(tmp_path):
    touch(tmp_path / ".Trash" / "gone.mp3")
    touch(tmp_path / "library" / "x.mp3")
    touch(tmp_path / "song.mp3")
    assert found(tmp_path, skipped_folders=[str(tmp_path / "library")]) == {
        ".Trash": "in the hidden folder '.Trash'",
        "song.mp3": None,
    }
    assert [file.is_folder for file in find_files([str(tmp_path)])] == [True, False, False]


def test_what_was_given_by_name_is_found_wherever_it_lies(tmp_path):
    """Hidden, in a folder that is not entered, or marked; also in later walks from above."""
    names = (
        ".cache/a.mp3",
        ".old/b/c/d.mp3",
        ".old/e.mp3",
        "marked/f.mp3",
        "marked/g/h.mp3",
        "#recycle/i.mp3",
        ".j.mp3",
    )
    for name in names:
        touch(tmp_path / name)
    touch(tmp_path / "marked" / ".nomedia", b"")
    touch(tmp_path / "marked" / "g" / ".nomedia", b"")
    given = [".cache", ".old/b/c", "marked", "#recycle/i.mp3", ".j.mp3"]
    expected = {name: None for name in names} | {
        ".old": "in the hidden folder '.old'",
        "#recycle": "in '#recycle', a folder of the system",
        "marked/g/h.mp3": "in a folder marked .nomedia",
    }
    del expected[".old/e.mp3"]
    for name in given:
        assert all(reason is None or "g/" in path for path, reason in found(tmp_path / name).items())
    rules = {str(tmp_path / name): Rules() for name in [*given, "gone"]}
    files = list(find_files([str(tmp_path)], rules))
    assert {os.path.relpath(file.path, tmp_path): file.exclusion or file.failure for file in files} == expected
    assert len(files) == len(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/.b.mp3", True),
        ("a/.c/d.mp3", True),
        ("marked/deep/e.mp3", True),
        ("listed/f.mp3", False),
        ("a/g.mp3", False),
    ],
)
def test_files_that_a_walk_from_above_would_leave_out(tmp_path, name, expected):
    touch(tmp_path / "marked" / ".ignore", b"")
    touch(tmp_path / "listed" / ".ignore", b"*.txt")
    assert is_left_out_from_above(str(touch(tmp_path / name))) is expected


def test_folders_of_systems_are_passed_over(tmp_path):
    """Deleted files and previews, as storage boxes keep them, are no music."""
    folders = ["#recycle", "@eaDir", "@Recycle", "#snapshot", "$RECYCLE.BIN", "System Volume Information", "lost+found"]
    folders += ["__MACOSX", "found.000", ".Trash-1000", ".stversions", "RECYCLER", "@__thumb", "Recycler", "Tmp"]
    for folder in folders:
        touch(tmp_path / "Artist" / folder / "Album" / "song.mp3")
    files = found(tmp_path)
    heard = {name for name, reason in files.items() if reason is None}
    assert heard == {"Artist/Recycler/Album/song.mp3", "Artist/Tmp/Album/song.mp3"}
    assert files.keys() - heard == {f"Artist/{folder}" for folder in folders[:-2]}
    assert found(tmp_path / "Artist" / "#recycle") == {"Album/song.mp3": None}, "given by name, it is meant"


@pytest.mark.parametrize("marker", [".nomedia", ".nomusic", ".noaudio", ".lmsignore", ".ndignore", ".ignore"])
def test_markers_of_other_programs(tmp_path, marker):
    touch(tmp_path / "Ringtones" / marker, b"")
    touch(tmp_path / "Ringtones" / "deep" / "ring.mp3")
    touch(tmp_path / "song.mp3")
    assert found(tmp_path) == {"song.mp3": None, "Ringtones/deep/ring.mp3": f"in a folder marked {marker}"}


def test_a_list_of_patterns_is_no_marker(tmp_path):
    """These two say that all of a folder is to be ignored only when they are empty."""
    touch(tmp_path / ".ndignore", b"*.txt\n")
    touch(tmp_path / "song.mp3")
    assert found(tmp_path) == {".ndignore": "a hidden file", "song.mp3": None}


def test_the_rules_of_all_folders_above_a_file_hold(tmp_path):
    """Also where the walk begins between two folders that have some."""
    music, live = tmp_path / "music", tmp_path / "music" / "artist" / "live"
    for name in ("artist/live/talk.mp3", "artist/live/song.mp3", "artist/books/one.mp3", "artist/song.mp3"):
        touch(music / name)
    rules = {str(music): Rules(("*/books/*",), 30.0, 900.0), str(live): Rules(("talk.*",), 60.0)}
    for root in (music, music / "artist"):
        files = {os.path.relpath(file.path, music): file for file in find_files([str(root)], rules)}
        assert {name: file.exclusion for name, file in files.items()} == {
            "artist/live/talk.mp3": "matches --exclude talk.*",
            "artist/live/song.mp3": None,
            "artist/books/one.mp3": "matches --exclude */books/*",
            "artist/song.mp3": None,
        }
        contexts = [file.context for name, file in files.items() if "song" in name]
        assert sorted((context.min_duration, context.max_duration) for context in contexts) == [
            (30.0, 900.0),
            (60.0, 900.0),
        ]


def test_links_are_followed_and_circles_end(tmp_path):
    touch(tmp_path / "real" / "song.mp3")
    (tmp_path / "real" / "up").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "real")
    (tmp_path / "loop.mp3").symlink_to(tmp_path / "loop.mp3")
    (tmp_path / "gone.mp3").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == {
        "gone.mp3": "a symbolic link that leads nowhere",
        "loop.mp3": "a symbolic link that leads back to itself",
        "other/song.mp3": None,
    }


def test_pipes_and_sockets_are_named_and_not_opened(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.mp3")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path may be 108 bytes at most
        server.bind("talk.mp3")
        assert found(tmp_path) == {
            "pipe.mp3": "not a regular file but a named pipe",
            "talk.mp3": "not a regular file but a socket",
        }


def test_a_single_file_is_a_root_too(tmp_path):
    song = touch(tmp_path / "song.mp3")
    assert [file.path for file in find_files([str(song)])] == [str(song)]


def test_overlapping_roots_find_a_file_once(tmp_path):
    song = touch(tmp_path / "a" / "song.mp3")
    assert found(tmp_path, tmp_path / "a", song) == {"a/song.mp3": None}
    assert found(song.parent, tmp_path) == {"song.mp3": None}


def test_a_folder_that_cannot_be_listed_is_a_failure(tmp_path, monkeypatch):
    touch(tmp_path / "a" / "song.mp3")
    touch(tmp_path / "b" / "song.mp3")
    real = os.scandir

    def scandir(folder):
        if str(folder).endswith("/a"):
            raise PermissionError(13, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(tmp_path) == {"a": "the folder cannot be read: Permission denied", "b/song.mp3": None}


@given(st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name)))
def test_any_name_the_disk_allows_is_found(tmp_path_factory, name):
    if name in (b".", b".."):
        return
    folder = os.fsencode(tmp_path_factory.mktemp("names"))
    with open(os.path.join(folder, name), "wb") as file:
        file.write(b"fLaC")
    (file,) = find_files([os.fsdecode(folder)])
    assert os.fsencode(file.path) == os.path.join(folder, name)


CUE = 'FILE "album.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 01:00:00\n'


def test_a_cue_sheet_puts_tracks_in_the_place_of_a_file(tmp_path):
    file, sheet = touch(tmp_path / "album.flac", b"12345678"), touch(tmp_path / "album.cue", CUE.encode())
    os.utime(file, (5, 5))
    os.utime(sheet, (9, 9))  # changes of the sheet are changes of the tracks
    tracks = {"album.cue/track0001": None, "album.cue/track0002": None}
    whole = {"album.flac": "split into 2 tracks by album.cue"}
    assert found(tmp_path) == {"album.cue": "not audio by its name (.cue)"} | tracks | whole
    by_path = {os.path.relpath(one.path, tmp_path): one for one in find_files([str(tmp_path)])}
    assert {(by_path[name].size, by_path[name].mtime_ns) for name in tracks} == {(4, 9 * 10**9)}
    assert {by_path[name].ctime_ns for name in tracks} == {sheet.stat().st_ctime_ns}
    for named in (file, sheet):
        assert {os.path.normpath(tmp_path / named / name) for name in found(named)} >= {
            str(tmp_path / name) for name in (*tracks, *whole)
        }


def test_rules_hold_for_tracks_of_a_cue_sheet(tmp_path):
    touch(tmp_path / "album.flac"), touch(tmp_path / "album.cue", CUE.encode())
    assert found(tmp_path, exclude=["*.flac"])["album.cue/track0001"] == "matches --exclude *.flac"
    assert found(tmp_path, exclude=["*/track0002"])["album.cue/track0001"] is None
    assert found(tmp_path, exclude=["*.cue"])["album.flac"] is None
