"""`cli reorder`, as it is typed."""

import json
from functools import partial

import pytest

from commands_typed import invoke
from earshot.data.playlists.playlist_reader import read_playlists
from playlist_world import make_quarter_circle

TEXT = "/music/A/00.mp3\n/music/B/09.mp3\n/x/unknown.mp3\n/music/A/03.mp3\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("circle")
    make_quarter_circle(folder / "library").close()
    return partial(invoke, folder / "library")


@pytest.fixture
def mix(tmp_path):
    path = tmp_path / "mix.m3u8"
    path.write_text(TEXT)
    return path


def test_a_table_of_the_new_order(run, mix):
    result = run("reorder", mix)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[:2] == [["mix"], ["rank", "before", "angle", "id", "artist", "title", "album"]]
    assert [line[:2] for line in lines[2:]] == [["1", "1"], ["2", "4"], ["3", "2"], ["4", "3"]]
    assert "1 track without a vector here, each behind the one that it followed:\n    /x/unknown.mp3" in result.stderr
    assert "Mean angle between neighbours: 1.047 before, 0.628 now." in result.stderr  # 72 and 48 degrees, 24 and 48
    assert mix.read_text() == TEXT


@pytest.mark.parametrize("name", ["flowing.m3u8", "flowing.xspf", "flowing.jspf"])
def test_a_playlist_of_any_format_in_the_new_order(run, mix, tmp_path, name):
    out = tmp_path / name
    assert f"4 tracks written to {out}" in run("reorder", mix, "--playlist", out).stderr
    (playlist,) = read_playlists(str(out))
    assert [entry.paths[0] for entry in playlist.entries] == [
        *("/music/A/00.mp3", "/music/A/03.mp3", "/music/B/09.mp3", "/x/unknown.mp3")
    ]
    run("reorder", out, "--m3u", out)  # in place
    assert read_playlists(str(out))[0].entries == playlist.entries


def test_rows_for_programs(run, mix):
    rows = json.loads(run("reorder", mix, "--json").stdout)
    assert [row["before"] for row in rows] == [1, 4, 2, 3] and rows[3]["path"] == "/x/unknown.mp3"
    assert rows[1]["path"] == "/music/A/03.mp3" and rows[1]["angle"] == 0.4189
    only = run("reorder", mix, "--playlist", "-").stdout
    assert only.startswith("#EXTM3U\n") and only.count("#EXTINF") == 4


def test_what_cannot_be_had_is_one_sentence(run, mix, tmp_path):
    assert "does not exist" in run("reorder", tmp_path / "none.m3u8", code=2).output
    assert "not as .pls" in run("reorder", mix, "--playlist", tmp_path / "x.pls", code=2).output
    (tmp_path / "notes.doc").write_text("no playlist")
    assert "playlists end in" in run("reorder", tmp_path / "notes.doc", code=1).output
    mix.write_text("/x/unknown.mp3\n")
    assert "has no vector by audio of any entry" in run("reorder", mix, code=1).output
