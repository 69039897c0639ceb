"""`cli radio`, as it is typed, and the file of its session."""

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


def ids(result):
    return [row["id"] for row in json.loads(result.stdout)]


def test_a_radio_is_a_table_with_its_angles(run):
    result = run("radio", "Song 0", "-k", 3, "--variety", 0, "--artist-gap", 0)
    lines = result.stdout.splitlines()
    assert lines[0] == "Radio near Artist 0 - Song 0"
    assert lines[1].split() == ["rank", "from_last", "from_seeds", "id", "artist", "title", "album", "genre", "length"]
    assert lines[4].split()[:4] == ["3", "0.140", "0.419", "4"]
    assert result.stderr == ""


def test_the_drawn_seed_is_shown_and_brings_the_list_back(run):
    drawn = run("radio", "Song 0", "-k", 5, "--variety", 0.6, "--json")
    seed = drawn.stderr.split("--seed ")[1].split(".")[0]
    assert run("radio", "Song 0", "-k", 5, "--variety", 0.6, "--seed", seed, "--json").stdout == drawn.stdout


def test_a_session_goes_on_in_its_file(run, tmp_path):
    session, playlist = tmp_path / "evening.json", tmp_path / "mix.m3u8"
    begin = ["radio", "Song 5", "--session", session, "--json"]
    first = ids(run(*begin, "-k", 3, "--genre", "o", "--m3u", playlist))
    assert len(playlist.read_text().splitlines()) == 1 + 2 * 3
    rest = run("radio", "--session", session, "--skip", f"id:{first[-1]}", "--never", "Song 0", "--json")
    assert "The library has 4 more songs for this radio." in rest.stderr
    assert sorted([*first, *ids(rest)]) == [2, 4, 5, 8, 9, 10, 12] or 1 in first
    assert [row["rank"] for row in json.loads(rest.stdout)] == [4, 5, 6, 7]
    assert list(tmp_path.iterdir()) and not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    before = session.read_bytes()
    assert "leave SEEDS out" in run("radio", "Song 1", "--session", session, code=2).output
    settings = ["--variety", 0.25, "--not-genre", "pop", "--other-artists"]
    given = run("radio", "--session", session, *settings, code=2).output
    assert "leave --variety, --same-artist, --not-genre out" in given
    assert "No track and no file" in run("radio", "--session", session, "--like", "nothing of it", code=1).output
    assert "cannot be written" in run("radio", "--session", session, "--m3u", tmp_path / "no" / "x", code=1).output
    assert session.read_bytes() == before, "an error leaves the session as it was"


@pytest.mark.parametrize("content", ["{}", "no JSON", "[" * 10_000, '{"settings": {}, "events": []}', ""])
def test_a_file_that_is_no_session_stays_as_it_is(run, tmp_path, content):
    (tmp_path / "notes.txt").write_text(content)
    result = run("radio", "--session", tmp_path / "notes.txt", code=1)
    assert "notes.txt: This radio cannot go on: this is no state of a radio" in result.output
    assert (tmp_path / "notes.txt").read_text() == content


def test_filters_that_nothing_passes(run):
    result = run("radio", "Song 0", "--genre", "polka", "--variety", 0)
    assert "The library has 0 more songs for this radio." in result.stderr
    assert "No other track in the library passes these filters." in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["radio"], 2, "Give SEEDS: a track, an artist"),
        (["radio", "Song"], 1, "could be any of"),
        (["radio", "Song 0", "--variety", 0.99], 2, "0.99 is not in the range"),
        (["radio", "Song 0", "--by", "nothing"], 1, "There is no space 'nothing'"),
        (["radio", "Song 0", "--under", "/nowhere"], 1, "No track of the library lies in the folder"),
        (["radio", "Song 0", "--novel"], 2, "--novel is for a listener: add --listener NAME."),
        (["radio", "Song 0", "--listener", "ann"], 1, "No listener is called 'ann'"),
        (["radio", "--session", "/dev/null"], 1, "is a device"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(run, words, code, message):
    assert message in run(*words, code=code).output
