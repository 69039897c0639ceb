"""The file of a track, if it is still the one that was heard."""

import os
import socket

import pytest

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.sound_source import SoundSource, sound_source

SHEET = 'FILE "album.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:30:00\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "album.flac"
    path.write_bytes(b"fLaC and so on")
    os.utime(path, ns=(0, 1_000))
    return path


def test_an_unchanged_file_is_its_track(file):
    assert sound_source(str(file), 14, 1_000, 2.5, "flac") == SoundSource(str(file), (14, 1_000), 2.5, "flac")


@pytest.mark.parametrize(("size", "mtime_ns"), [(13, 1_000), (14, 1_001), (None, None)])
def test_a_changed_one_is_not(file, size, mtime_ns):
    with pytest.raises(UndecodableError, match="its file was changed since it was heard"):
        sound_source(str(file), size, mtime_ns, 2.5, "flac")


@pytest.mark.parametrize("path", ["album.flac", "/music/../etc/passwd", "/music//album.flac", "/music/./a", ""])
def test_a_path_that_no_scan_stores_is_refused(path):
    with pytest.raises(UndecodableError, match="none that a scan stores"):
        sound_source(path, 14, 1_000, 2.5, None)


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp3")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.mp3"))
        for name, kind in (("pipe.mp3", "a named pipe"), ("socket.mp3", "a socket"), (".", "a folder")):
            with pytest.raises(UndecodableError, match=f"not a regular file but {kind}"):
                sound_source(os.path.normpath(tmp_path / name), 0, 0, 1.0, None)
    with pytest.raises(UndecodableError, match="No such file"):
        sound_source(str(tmp_path / "gone.mp3"), 0, 0, 1.0, None)


def test_a_track_of_a_cue_sheet_is_a_part_while_neither_changes(file):
    sheet = file.with_name("album.cue")
    sheet.write_text(SHEET)
    os.utime(sheet, ns=(0, 2_000))
    track = f"{sheet}/track0002"
    assert sound_source(track, 7, 2_000, 9.0, "flac") == SoundSource(str(file), (14, 1_000), 9.0, "flac", 30.0)
    os.utime(sheet, ns=(0, 3_000))
    with pytest.raises(UndecodableError, match="changed"):
        sound_source(track, 7, 2_000, 9.0, "flac")
    with pytest.raises(UndecodableError, match="changed"):
        sound_source(f"{sheet}/track0003", 7, 3_000, 9.0, "flac")
    sheet.unlink()
    with pytest.raises(UndecodableError, match="No such file"):
        sound_source(track, 7, 3_000, 9.0, "flac")
