"""`cli path`, as it is typed."""

import json
from functools import partial

import pytest

from commands_typed import invoke
from playlist_world import make_quarter_circle


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("circle")
    make_quarter_circle(folder / "library").close()
    return partial(invoke, folder / "library")


def test_a_path_is_a_table_with_its_steps(run):
    lines = run("path", "Song 0", "Song 10", "-k", 6, "--artist-gap", 0).stdout.splitlines()
    assert lines[0] == "From Artist 0 - Song 0 to Artist 5 - Song 10"
    assert lines[1].split() == ["rank", "angle", "id", "artist", "title", "album", "genre", "length"]
    assert lines[2].split()[:2] == ["1", "1"], "the first has no step"
    assert [line.split()[1] for line in lines[3:]] == ["0.279"] * 5  # 16 degrees


def test_rows_for_programs(run):
    rows = json.loads(run("path", 1, 11, "-k", 6, "--artist-gap", 0, "--json").stdout)
    assert [row["id"] for row in rows] == [1, 3, 5, 7, 9, 11]
    assert [row["angle"] for row in rows] == [None, *[0.2793] * 5]
    assert rows[1]["path"] == "/music/A/02.mp3" and rows[1]["duration_s"] == 102.0
    assert run("path", 1, 11, "-k", 3, "--csv").stdout.startswith("rank,angle,id,artist,")


def test_a_playlist_is_written(run, tmp_path):
    playlist = tmp_path / "mix.m3u8"
    assert f"3 tracks written to {playlist}" in run("path", 1, 11, "-k", 3, "--m3u", playlist).stderr
    places = [line for line in playlist.read_text().splitlines() if not line.startswith("#")]
    assert places == ["/music/A/00.mp3", "/music/A/05.mp3", "/music/B/10.mp3"]
    assert run("path", 1, 11, "-k", 3, "--m3u", "-").stdout == playlist.read_text()


def test_what_is_left_short_is_said(run):
    result = run("path", 1, 12, "-k", 9, "--genre", "christmas", "--artist-gap", 0)
    assert "Only 3 other tracks pass the filters, so the path has 5 tracks." in result.stderr
    assert len(result.stdout.splitlines()) == 2 + 5


def test_the_drawn_seed_is_shown(run):
    drawn = run("path", 1, 12, "-k", 4, "--variety", 0.5, "--json")
    seed = drawn.stderr.split("--seed ")[1].split(".")[0]
    again = run("path", 1, 12, "-k", 4, "--variety", 0.5, "--seed", seed, "--json")
    assert again.stdout == drawn.stdout and "--seed" not in again.stderr
    assert "--seed" not in run("path", 1, 12, "-k", 4).stderr, "nothing was drawn"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["path", 1], 2, "Missing argument 'LAST'"),
        (["path", 1, 2, "-k", 1], 2, "1 is not in the range 2<=x<=500"),
        (["path", 1, 2, "--variety", 1], 2, "1.0 is not in the range"),
        (["path", 1, 1], 1, "are one recording"),
        (["path", 1, "Song"], 1, "could be any of"),
        (["path", 1, 2, "--under", "/nowhere"], 1, "No track of the library lies in the folder /nowhere"),
        (["path", 1, 2, "--by", "nothing"], 1, "There is no space 'nothing'"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(run, words, code, message):
    assert message in run(*words, code=code).output
