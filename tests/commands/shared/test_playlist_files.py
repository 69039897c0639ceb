"""Playlists in files, in a folder for all users, and on standard output."""

from dataclasses import replace
from pathlib import Path

import click
import pytest

from earshot.commands.shared.playlist_files import is_standard_output, write_playlist, write_playlists
from earshot.index.tracks.track_lookup import TrackRow

TRACK = TrackRow(1, "/joga.mp3", "Jóga", "Björk", "Homogenic", "Pop", 1997, 304.6, "abc")
TEXT = "#EXTM3U\n#EXTINF:305,Björk - Jóga\n/joga.mp3\n"


def test_tracks_without_a_file_are_left_out(tmp_path, capsys):
    write_playlist(tmp_path / "mix.m3u8", [TRACK, replace(TRACK, path=None)])
    assert (tmp_path / "mix.m3u8").read_text(encoding="utf-8") == TEXT
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"1 track written to {tmp_path / 'mix.m3u8'}\n")


def test_standard_output_holds_the_playlist_alone(capfdbinary):
    assert is_standard_output(Path("-")) and is_standard_output(Path("/dev/stdout"))
    assert not is_standard_output(None) and not is_standard_output(Path("mix.m3u8"))
    write_playlist(Path("-"), [TRACK])
    assert capfdbinary.readouterr().out.decode() == TEXT


def test_every_user_has_a_file(tmp_path, capsys):
    write_playlists(tmp_path / "lists", [("ann", [TRACK]), ("../eve", [])])
    assert {path.name for path in (tmp_path / "lists").iterdir()} == {"ann.m3u8", "%2E.%2Feve.m3u8"}
    assert f"2 playlists written to {tmp_path / 'lists'}" in capsys.readouterr().err


def test_what_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(click.ClickException, match=r"no/mix\.m3u8 cannot be written: No such file or directory\."):
        write_playlist(tmp_path / "no" / "mix.m3u8", [TRACK])
    with pytest.raises(click.ClickException, match=r"file cannot be written: File exists\."):
        write_playlists(tmp_path / "file", [])
