"""`cli similar` by towers, and by sound and towers together."""

import json
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner

from commands_typed import invoke
from earshot.cli import cli
from library_world import add, heard, open_library, unit
from trained_library import QUICK, listens

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def library(library_copy):
    return library_copy


@pytest.fixture
def run(library):
    return partial(invoke, library)


def parity(rows):
    return {int(row["title"].split()[1]) % 2 for row in rows}


def test_tracks_of_the_same_users_are_similar_by_towers(run):
    rows = json.loads(run("similar", "Song 2", "--by", "tower", "-k", 5, "--max-per-artist", 9, "--json").stdout)
    assert parity(rows) == {0}


def test_similar_by_sound_and_towers(run, library, tmp_path):
    rows = json.loads(run("similar", "Song 2", "--by", "both", "-k", 6, "--json").stdout)
    assert len(rows) == 6
    # Song 0 is all that sounds like Song 2; in both lists it is near the top.
    assert rows[0]["title"] == "Song 0" and rows[0]["audio_rank"] == 1 and rows[0]["tower_rank"] >= 1
    assert {row["audio_rank"] for row in rows if int(row["title"].split()[1]) > 3} == {None}
    out = run("similar", "Song 2", "--by", "both", "-k", 2).stdout
    assert "audio_rank  tower_rank" in out and out.splitlines()[2].split()[1] == f"{rows[0]['score']:.4f}"
    assert "written to" in run("similar", "Song 2", "--by", "both", "--m3u", tmp_path / "mix.m3u8").stderr
    assert (tmp_path / "mix.m3u8").read_text().count("/music/") == 3
    silent = run("similar", "Song 8", "--by", "both", "-k", 3, "--json")
    assert "'Song 8' has no vector by audio, and counts by tower only." in silent.stderr
    by_tower = json.loads(run("similar", "Song 8", "--by", "towers", "-k", 3, "--json").stdout)
    assert [row["id"] for row in json.loads(silent.stdout)] == [row["id"] for row in by_tower]
    writer, head = open_library(library)
    with writer:
        add(writer, head, [heard("/music/new.mp3", unit(1, 0.9), artist="Artist 0", title="Song 99")])
    new = run("similar", "Song 99", "--by", "both", "-k", 2, "--json")
    assert "'Song 99' has no vector by tower, and counts by audio only." in new.stderr
    assert {row["tower_rank"] for row in json.loads(new.stdout)} == {None}
    assert "No track and no file answers" in run("similar", "nothing of it", "--by", "both", code=1).output
    out = run("similar", "Song 8", code=1).output
    assert "Song 8 (track 8) was never heard." in out and "--by tower" in out
    assert "older encoder" not in silent.stderr  # nothing of an encoder was asked
    assert "older encoder" in run("similar", "Song 2", "--by", "both").stderr  # there is none of this name


def test_a_file_needs_tracks_with_sound(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(cli, ["--library", str(tmp_path / "library"), *map(str, arguments)])

    (tmp_path / "listens.csv").write_text("\n".join(listens(np.random.default_rng(0))), encoding="utf-8")
    (tmp_path / "new.mp3").touch()
    for words in (["import-listens", tmp_path / "listens.csv"], ["train-tower", *QUICK, "--epochs", 1]):
        assert run(*words).exit_code == 0
    result = run("similar", tmp_path / "new.mp3", "--by", "both")
    assert result.exit_code == 1 and "No track here was heard yet" in result.output
