"""Playlists in files, in a folder for all users, and on standard output."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import click
import pytest

from earshot.commands.shared.playlist_files import (
    is_standard_output,
    playlist_name,
    write_m3u,
    write_playlist,
    write_playlists,
)
from earshot.data.playlists.playlist_reader import read_playlists
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


def test_a_playlist(tmp_path):
    path = tmp_path / "mix.m3u8"
    write_m3u(path, [TRACK, replace(TRACK, path="/music/x.mp3", title="A\nB", artist=None, duration=60.4)])
    assert path.read_text(encoding="utf-8").splitlines() == [
        *("#EXTM3U", "#EXTINF:305,Björk - Jóga", "/joga.mp3", "#EXTINF:60,A B", "/music/x.mp3")
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_a_playlist_of_nothing(tmp_path):
    write_m3u(tmp_path / "mix.m3u8", [])
    assert (tmp_path / "mix.m3u8").read_text() == "#EXTM3U\n"


@pytest.mark.parametrize("name", [b"/music/two\nlines.mp3", b"/music/two\rlines.mp3", b"/music/caf\xe9 100%.mp3"])
def test_a_path_that_no_line_can_hold(tmp_path, name):
    """It becomes an address, which players resolve; a line break in it would be a second entry."""
    text = name.decode("utf-8", "backslashreplace")
    raw = name if b"\xe9" in name else None
    write_m3u(tmp_path / "mix.m3u8", [replace(TRACK, path=text, path_bytes=raw)])
    first, info, address = (tmp_path / "mix.m3u8").read_text(encoding="utf-8").splitlines()
    assert (first, info[:8]) == ("#EXTM3U", "#EXTINF:")
    assert address.startswith("file:///music/")
    assert unquote_to_bytes(address.removeprefix("file://")) == name


def test_everybody_has_a_playlist_of_their_own(tmp_path):
    names = ["ana", "a/b", "a%2Fb", "..", "é" * 300, "é" * 301, "x" * 300, "/" * 300, "x" * 239, "x" * 240]
    paths = [tmp_path / playlist_name(name) for name in names]
    for path in paths:
        write_m3u(path, [TRACK])
    assert sorted(tmp_path.iterdir()) == sorted(paths) and len(set(paths)) == len(names)
    assert paths[0].name == "ana.m3u8"
    assert paths[4].name.startswith("é" * 110 + "%~")  # 220 bytes; a half of another would make 221
    assert paths[8].name == "x" * 239 + ".m3u8"


def test_a_playlist_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "mix.m3u8"
    write_m3u(path, [TRACK])
    before = path.read_text()

    def tracks():
        yield TRACK
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_m3u(path, tracks())
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def locations(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#EXT")]


def test_a_playlist_travels_with_the_music_that_lies_below_it(tmp_path):
    names = ["Air/1.mp3", "#1.mp3", " x.mp3", "Air/ x.mp3", "http:/x.mp3"]
    tracks = [replace(TRACK, path=str(tmp_path / "m" / name)) for name in names]
    (tmp_path / "m").mkdir()
    write_playlist(tmp_path / "m" / "mix.m3u8", tracks)
    assert locations(tmp_path / "m" / "mix.m3u8") == [
        "Air/1.mp3",
        "./#1.mp3",
        "./ x.mp3",
        "Air/ x.mp3",
        "./http:/x.mp3",
    ]
    write_playlist(tmp_path / "mix.m3u8", tracks[:1])
    assert locations(tmp_path / "mix.m3u8") == ["m/Air/1.mp3"]
    write_playlist(tmp_path / "m" / "mix.m3u8", [*tracks, TRACK])
    assert locations(tmp_path / "m" / "mix.m3u8") == [*(track.path for track in tracks), "/joga.mp3"], "not all below"
    write_playlist(tmp_path / "m" / "mix.m3u8", tracks[:1], relative=False)
    assert locations(tmp_path / "m" / "mix.m3u8") == [tracks[0].path]


def test_relative_paths_on_demand(tmp_path, monkeypatch, capfdbinary):
    (tmp_path / "lists" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "lists" / "deep")
    tracks = [replace(TRACK, path=str(tmp_path / "m" / "1.mp3"))]
    for folder in ("lists/deep", "link"):  # from a link, the system goes up from where it leads
        write_playlist(tmp_path / folder / "mix.m3u8", tracks, relative=True)
        assert locations(tmp_path / folder / "mix.m3u8") == ["../../m/1.mp3"]
    monkeypatch.chdir(tmp_path)
    write_playlist(Path("mix.m3u8"), tracks)
    assert locations(tmp_path / "mix.m3u8") == ["m/1.mp3"]
    write_playlists(tmp_path / "lists", [("ann", tracks)], relative=True)
    assert locations(tmp_path / "lists" / "ann.m3u8") == ["../m/1.mp3"]
    capfdbinary.readouterr()
    write_playlist(Path("-"), tracks)
    assert str(tmp_path / "m" / "1.mp3").encode() in capfdbinary.readouterr().out
    write_playlist(Path("-"), tracks, relative=True)
    assert b"\nm/1.mp3\n" in capfdbinary.readouterr().out


def test_players_find_a_track_of_a_cue_sheet_by_its_seconds(tmp_path):
    (tmp_path / "a.flac").touch()
    cue = 'FILE "a.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 01:00:00\n'
    (tmp_path / "a.cue").write_text(cue)
    tracks = [replace(TRACK, path=str(tmp_path / f"a.cue/track000{number}")) for number in (2, 1)]
    write_m3u(tmp_path / "mix.m3u8", tracks)
    times = ["#EXTVLCOPT:start-time=60.000"], ["#EXTVLCOPT:start-time=0.000", "#EXTVLCOPT:stop-time=60.000"]
    lines = (tmp_path / "mix.m3u8").read_text().splitlines()
    assert [line for line in lines if "Björk" not in line] == ["#EXTM3U", *times[0], "a.flac", *times[1], "a.flac"]
    assert [entry.text for entry in read_playlists(str(tmp_path / "mix.m3u8"))[0].entries] == [
        track.path for track in tracks
    ]
    (tmp_path / "a.cue").unlink()  # an entry without its sheet keeps its name
    write_m3u(tmp_path / "mix.m3u8", tracks[:1])
    assert (tmp_path / "mix.m3u8").read_text().splitlines()[2:] == ["a.cue/track0002"]
