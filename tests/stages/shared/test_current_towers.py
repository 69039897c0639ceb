"""Tracks that came after the training: the towers give them a vector where they can."""

import json
from functools import partial

import pytest

from commands_typed import invoke
from earshot.index.library import Library
from earshot.stages.shared.current_towers import extend_to_new_tracks
from library_world import add, heard, open_library, unit
from trained_library import QUICK

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def library(library_copy):
    return library_copy


@pytest.fixture
def run(library):
    return partial(invoke, library)


def parity(rows):
    return {int(row["title"].split()[1]) % 2 for row in rows}


def test_a_new_track_and_a_new_listener_need_no_training(run, library):
    writer, head = open_library(library)
    with writer:
        add(writer, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
    everything = run("recommend", "--like", "Song 3", "-k", 30, "--max-per-artist", 30, "--json")
    assert "Song 99" in {row["title"] for row in json.loads(everything.stdout)}
    assert parity(json.loads(run("recommend", "--like", "Song 99", "-k", 4, "--json").stdout)) <= {0, 1}
    out = run("similar", "Song 99", "--by", "tower", code=1)
    assert "came after the last `cli train-tower`" in out.output
    with Library.open_to_write(library) as writer:  # as embed-audio does with what it has heard
        assert (extend_to_new_tracks(writer), extend_to_new_tracks(writer)) == (1, 0)
    near = json.loads(run("similar", "Song 99", "--by", "tower", "-k", 4, "--json").stdout)
    assert len(near) == 4 and "Song 99" not in {row["title"] for row in near}
    others = json.loads(run("similar", near[0]["title"], "--by", "tower", "-k", 24, "--max-per-artist", 24, "--json",
                            ).stdout)  # fmt: skip
    assert "Song 99" in {row["title"] for row in others}
    again = run("recommend", "--like", "Song 3", "-k", 30, "--max-per-artist", 30, "--json")
    assert json.loads(again.stdout) == json.loads(everything.stdout)


def test_towers_that_cannot_hear_place_no_newcomer(run, library):
    run("train-tower", *QUICK, "--epochs", 1, "--model", "dot")
    writer, head = open_library(library)
    with writer:
        add(writer, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
        assert extend_to_new_tracks(writer) == 0
        for path in (library / "checkpoints").glob("towers-*"):
            path.unlink()
        assert extend_to_new_tracks(writer) == 0


def test_towers_without_settings_do_not_stop_the_embedding(library):
    """The vectors of an earlier version's towers may stand in a library whose run says nothing of them."""
    writer, head = open_library(library)
    with writer:
        add(writer, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
        with writer.transaction():
            writer.db.execute("UPDATE runs SET config = '{}' WHERE stage = 'train-tower'")
        assert extend_to_new_tracks(writer) == 0
