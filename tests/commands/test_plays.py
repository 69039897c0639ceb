"""`cli plays` as a user types it."""

import json
from functools import partial

import pytest

from commands_typed import invoke
from earshot.stages.playing.feedback import record_play
from library_world import add, at, heard, open_library

NOON = 1_750_000_000  # 2025-06-15 17:06:40 in Berlin


@pytest.fixture
def run(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(0), title=f"Song {n}", artist="Air") for n in range(1, 31)])
        for n in range(1, 31):
            record_play(library, "ana", n, NOON + 1_000 * n, 75.25 if n == 30 else None)
    return partial(invoke, tmp_path / "library")


def titles(run, *words):
    return [row["title"] for row in json.loads(run("plays", *words, "--json").stdout)]


def test_the_latest_plays_are_listed(run, in_berlin):
    assert titles(run) == [f"Song {n}" for n in range(30, 10, -1)] and len(titles(run, "-k", 25)) == 25
    assert len(titles(run, "--since", "2025-06-15")) == 30, "of a time all are"
    head, first, second, *_ = run("plays").stdout.splitlines()
    assert head.split() == ["began", "listener", "id", "artist", "title", "played"]
    assert first.split() == ["2025-06-16", "01:26:40", "ana", "30", "Air", "Song", "30", "1:15"]
    assert second.endswith("Song 29")
    assert json.loads(run("plays", "-k", 1, "--json").stdout) == [
        {
            "began": "2025-06-15T23:26:40+00:00",
            "listener": "ana",
            "played_s": 75.25,
            "id": 30,
            "artist": "Air",
            "title": "Song 30",
        }
    ]


def test_what_was_listed_is_taken_back(run, in_berlin):
    evening = ("--since", "2025-06-15 22:00", "--before", "2025-06-16")
    assert titles(run, *evening) == [f"Song {n}" for n in range(24, 17, -1)]
    result = run("plays", *evening, "--forget")
    assert "Song 24" in result.stdout and result.stderr.startswith("7 plays taken back")
    assert run("plays", *evening).stderr == "Nothing of that was played here.\n"
    assert "1 play taken back" in run("plays", "Song 3", "--forget").stderr
    assert "1 play taken back" in run("plays", "-k", 1, "--forget").stderr and titles(run)[0] == "Song 29"
    run("plays", "artist:Air", "--forget")
    assert run("plays").stderr == "Nothing was played here.\n" and titles(run) == []


@pytest.mark.parametrize(
    "words, code, sentence",
    [
        (["--forget"], 2, "say which"),
        (["--forget", "--listener", "ana"], 2, "say which"),
        (["--since", "yesterday"], 2, "'yesterday' does not match"),
        (["--forget", "--since", "0001-01-01 00:00:01", "--listener", "eve"], 1, "No listener is called 'eve'"),
        (["Song of nobody"], 1, "answers to 'Song of nobody'"),
    ],
    ids=["all", "all of one", "no time", "nobody", "nothing"],
)
def test_what_is_wrong_changes_nothing(run, words, code, sentence):
    assert sentence in run("plays", *words, code=code).stderr
    assert len(titles(run, "-k", 99)) == 30
