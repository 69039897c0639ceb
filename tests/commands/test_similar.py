"""`cli similar` by sound, by towers, and by both together."""

import csv
import json
import shutil
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner

from commands_typed import invoke, rows_of
from earshot.cli import cli
from earshot.commands.similar import _row
from earshot.index.search.similarity_search import Match, Moment
from earshot.index.tracks.track_lookup import TrackRow
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
    assert "Song 8 (track 8) was never embedded." in out and "--by tower" in out
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
    assert result.exit_code == 1 and "No track here was embedded yet" in result.output


def test_similar_by_path_id_words_and_from_outside(heard_library, track_files, world, tmp_path, run_cli):
    title = world.tracks[0].title
    by_path = run_cli(heard_library, "similar", track_files[0], "--json")
    (track_id,) = rows_of(heard_library, "SELECT id FROM tracks WHERE path = ?", str(track_files[0]))[0]
    by_id = run_cli(heard_library, "similar", track_id, "--json")
    by_words = run_cli(heard_library, "similar", title, "--json")
    assert by_path.stdout == by_id.stdout == by_words.stdout
    answer = json.loads(by_path.stdout)
    assert [row["rank"] for row in answer] == list(range(1, len(answer) + 1))
    assert track_id not in [row["id"] for row in answer]
    assert [row["score"] for row in answer] == sorted((row["score"] for row in answer), reverse=True)

    outside = tmp_path / "again.flac"
    shutil.copy(track_files[0], outside)  # the same content under a name the library does not know
    heard_now = json.loads(run_cli(heard_library, "similar", outside, "--json").stdout)
    assert track_id not in [row["id"] for row in heard_now]  # the library's own copy is left out too
    assert [row["id"] for row in heard_now] == [row["id"] for row in answer]
    np.testing.assert_allclose([r["score"] for r in heard_now], [r["score"] for r in answer], atol=1e-5)


def test_similar_keeps_its_rules(heard_library, track_files, world, run_cli):
    title, artist = world.tracks[0].title, world.artists[0].name
    rows = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--max-per-artist", 1, "--json").stdout)
    artists = [row["artist"] for row in rows]
    assert len(artists) == len(set(artists)) == 6
    others = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--other-artists", "--json").stdout)
    assert artist not in {row["artist"] for row in others} and len(others) == 15
    same = json.loads(run_cli(heard_library, "similar", title, "--same-artist", "--json").stdout)
    assert {row["artist"] for row in same} == {artist} and len(same) == 2
    genre = world.genres[1]
    folder = track_files[0].parent
    there = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--under", folder, "--json").stdout)
    assert there and all(row["path"].startswith(f"{folder}/") for row in there)
    other = run_cli(heard_library, "similar", title, "-k", 17, "--not-genre", genre, "--json")
    assert {row["genre"] for row in json.loads(other.stdout)} == {world.genres[0]}
    kind = json.loads(run_cli(heard_library, "similar", title, "-k", 17, "--genre", genre, "--json").stdout)
    assert {row["genre"] for row in kind} == {genre} and len(kind) == 9


def test_why_csv_and_m3u(heard_library, track_files, world, tmp_path, run_cli):
    playlist = tmp_path / "mix.m3u8"
    result = run_cli(heard_library, "similar", world.tracks[0].title, "--why", "--csv", "--m3u", playlist)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert rows and all(float(row["seed_start"]) in (0.0, 5.0) for row in rows)
    paths = [line for line in playlist.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert paths == [row["path"] for row in rows]
    assert set(paths) <= {str(path) for path in track_files}
    table = run_cli(heard_library, "similar", world.tracks[0].title, "--why").stdout
    assert "sounds like 0:0" in table


def test_a_playlist_that_cannot_be_written_is_one_message(heard_library, world, tmp_path, run_cli):
    result = run_cli(heard_library, "similar", world.tracks[0].title, "--m3u", tmp_path / "none" / "mix.m3u8")
    assert result.returncode == 1 and "mix.m3u8 cannot be written: No such file or directory" in result.stderr
    assert "Traceback" not in result.stderr


TRACK = TrackRow(7, "/joga.mp3", "Jóga", "Björk", "Homogenic", "Pop", 1997, 304.6, "abc")


def test_a_row():
    match, spaces = Match(1, 0.12345678, TRACK, Moment(65.0, 5.0, 0.9), {"audio": 2}), ("audio", "tower")
    names = {"artist": "Björk", "title": "Jóga", "album": "Homogenic", "genre": "Pop"}
    ranks = {"audio_rank": 2, "tower_rank": None}
    plain = {"rank": 1, "score": "0.1235", "id": 7, **names, "length": "5:04", **ranks}
    assert _row(match, spaces, why=False, plain=True) == plain
    assert _row(match, spaces, why=True, plain=True) == plain | {"why": "1:05 sounds like 0:05"}
    row = {"rank": 1, "score": 0.123457, "id": 7, **names, "duration_s": 304.6, **ranks, "path": "/joga.mp3"}
    assert _row(match, spaces, why=False, plain=False) == row
    moment = {"seed_start": 65.0, "match_start": 5.0, "moment_score": 0.9}
    assert _row(match, spaces, why=True, plain=False) == row | moment  # the score is still that of the match


def test_a_row_without_a_moment():
    match = Match(1, 0.5, TRACK)
    assert _row(match, (), why=True, plain=True)["why"] is None
    assert _row(match, (), why=True, plain=False) == _row(match, (), why=False, plain=False)
