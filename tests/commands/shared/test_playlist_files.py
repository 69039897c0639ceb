"""Playlists in files, in a folder for all users, and on standard output."""

from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from earshot.commands.shared.playlist_files import (
    is_standard_output,
    playlist_name,
    playlist_options,
    write_playlist,
    write_playlists,
)
from earshot.index.tracks.track_lookup import TrackRow

TRACK = TrackRow(1, "/joga.mp3", "Jóga", "Björk", "Homogenic", "Pop", 1997, 304.6, "abc")
TEXT = "#EXTM3U\n#EXTINF:305,Björk - Jóga\n/joga.mp3\n"


def test_tracks_without_a_file_are_left_out(tmp_path, capsys):
    write_playlist(tmp_path / "mix.m3u8", [TRACK.listed, replace(TRACK, path=None).listed])
    assert (tmp_path / "mix.m3u8").read_text(encoding="utf-8") == TEXT
    captured = capsys.readouterr()
    left = "; 1 without a file left out (.xspf and .jspf keep names)"
    assert (captured.out, captured.err) == ("", f"1 track written to {tmp_path / 'mix.m3u8'}{left}\n")
    write_playlist(tmp_path / "mix.xspf", [TRACK.listed, replace(TRACK, path=None).listed])
    assert capsys.readouterr().err == f"2 tracks written to {tmp_path / 'mix.xspf'}\n"


def test_standard_output_holds_the_playlist_alone(capfdbinary):
    assert is_standard_output(Path("-")) and is_standard_output(Path("/dev/stdout"))
    assert not is_standard_output(None) and not is_standard_output(Path("mix.m3u8"))
    write_playlist(Path("-"), [TRACK.listed])
    assert capfdbinary.readouterr().out.decode() == TEXT


@click.command()
@playlist_options(or_folder=" Or a folder.")
def asked(playlist, relative):
    click.echo(f"{playlist} {relative}")


def test_the_suffix_of_another_format_is_refused_before_any_work(tmp_path):
    def typed(*words):
        return CliRunner().invoke(asked, list(map(str, words)))

    for option in ("--playlist", "--m3u"):
        for name in ("mix.xspf", "mix.JSPF", "mix.m3u", "mix", "-"):
            assert typed(option, name, "--relative").output == f"{name} True\n"
        result = typed(option, "mix.pls")
        assert result.exit_code == 2 and "playlists are written as .m3u8, .xspf or .jspf, not as .pls." in result.output
    assert typed("--m3u", tmp_path).output == f"{tmp_path} None\n"


def test_every_user_has_a_file(tmp_path, capsys):
    write_playlists(tmp_path / "lists", [("ann", [TRACK]), ("../eve", [])])
    assert {path.name for path in (tmp_path / "lists").iterdir()} == {"ann.m3u8", "%2E.%2Feve.m3u8"}
    assert f"2 playlists written to {tmp_path / 'lists'}" in capsys.readouterr().err


def test_what_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(click.ClickException, match=r"no/mix\.m3u8 cannot be written: No such file or directory\."):
        write_playlist(tmp_path / "no" / "mix.m3u8", [TRACK.listed])
    with pytest.raises(click.ClickException, match=r"file cannot be written: File exists\."):
        write_playlists(tmp_path / "file", [])


def test_everybody_has_a_playlist_of_their_own(tmp_path):
    names = ["ana", "a/b", "a%2Fb", "..", "é" * 300, "é" * 301, "x" * 300, "/" * 300, "x" * 239, "x" * 240]
    paths = [tmp_path / playlist_name(name) for name in names]
    for path in paths:
        path.touch()
    assert sorted(tmp_path.iterdir()) == sorted(paths) and len(set(paths)) == len(names)
    assert paths[0].name == "ana.m3u8"
    assert paths[4].name.startswith("é" * 110 + "%~")  # 220 bytes; a half of another would make 221
    assert paths[8].name == "x" * 239 + ".m3u8"


def locations(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#EXT")]


def test_relative_paths_on_demand(tmp_path, monkeypatch, capfdbinary):
    tracks = [replace(TRACK, path=str(tmp_path / "m" / "1.mp3"))]
    listed = [track.listed for track in tracks]
    monkeypatch.chdir(tmp_path)
    write_playlist(Path("mix.m3u8"), listed)
    assert locations(tmp_path / "mix.m3u8") == ["m/1.mp3"]
    write_playlists(tmp_path / "lists", [("ann", tracks)], relative=True)
    assert locations(tmp_path / "lists" / "ann.m3u8") == ["../m/1.mp3"]
    capfdbinary.readouterr()
    write_playlist(Path("-"), listed)
    assert str(tmp_path / "m" / "1.mp3").encode() in capfdbinary.readouterr().out
    write_playlist(Path("-"), listed, relative=True)
    assert b"\nm/1.mp3\n" in capfdbinary.readouterr().out
