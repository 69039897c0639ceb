"""`cli evaluate-audio` as a user meets it, on libraries made by hand; one that has really heard files comes last."""

import csv
import json
import shutil
import sqlite3

import numpy as np
import pytest
from click.testing import CliRunner

from earshot.cli import cli
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import Library
from earshot.index.runs import finish_run, start_run
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Two artists in each of two genres, two songs each, every song twice; genres are at right angles."""
    folder = tmp_path / "library"
    library, head = open_library(folder)
    with library:
        tracks = []
        for place, (artist, genre) in enumerate([("Ann", "Rock"), ("Bob", "Rock"), ("Cleo", "Jazz"), ("Dan", "Jazz")]):
            for song in (0, 1):
                for encoding, suffix in enumerate(("mp3", "ogg")):
                    degrees = 90 * (genre == "Jazz") + 10 * (place % 2) + 3 * song + 0.5 * encoding
                    name, facts = f"/music/{artist}{song}.{suffix}", {"artist": artist, "genre": genre}
                    tracks.append(heard(name, at(degrees), title=f"Song {song}", **facts))
        add(library, head, tracks)
        finish(library)
    return folder


def evaluate(library, *arguments):
    return CliRunner().invoke(cli, ["--library", str(library), "evaluate-audio", *map(str, arguments)])


def figures_of(result):
    rows = json.loads(result.stdout)
    return {(row["subject"], row["metric"]): row["value"] for row in rows}


def test_own_tags_without_a_table(library):
    result = evaluate(library, "--no-baselines", "-k", 4, "--json")
    assert result.exit_code == 0, result.output
    values = figures_of(result)
    # In each genre four of another artist are 90 degrees nearer than all of the other genre.
    assert values["audio", "precision_genre"] == 1.0
    assert values["chance", "precision_genre"] == pytest.approx(4 / 12)
    assert values["audio", "twin_hit"] == values["audio", "same_artist_hit"] == 1.0
    assert values["chance", "twin_hit"] == pytest.approx(1 / 15)
    assert values["audio, fewer hubs", "precision_genre"] == 1.0
    assert values["audio - audio, fewer hubs", "precision_genre"] == 0.0


def test_what_is_shown_is_kept(library):
    shown = json.loads(evaluate(library, "--no-baselines", "--json", "--seed", 5).stdout)
    with Library.open(library) as opened:
        columns = "subject, metric, k, slice, value, ci_low, ci_high, n"
        assert list(opened.db.query(f"SELECT {columns} FROM metrics ORDER BY id")) == shown
        row = opened.db.execute("SELECT config, metrics, seed, finished FROM runs ORDER BY id DESC LIMIT 1").fetchone()
    assert json.loads(row[0]) == {"labels": None, "k": 10, "held_out": False, "ear": "ear"}
    assert json.loads(row[1]) == {"tracks": 16, "queries": 16, "copies_left_out": 0}
    assert row[2] == 5 and row[3] is not None


def test_a_table_at_the_terminal_and_csv(library):
    told = evaluate(library, "--no-baselines", "-k", 3).stdout
    assert told.splitlines()[0].split() == ["figure", "audio", "audio,", "fewer", "hubs", "chance", "n"]
    assert "precision_genre@3   1.000 [1.00 1.00]" in told
    assert "Ahead by, with the interval of the difference:" in told
    rows = list(csv.DictReader(evaluate(library, "--no-baselines", "--csv").stdout.splitlines()))
    assert {row["subject"] for row in rows} == {"audio", "audio, fewer hubs", "chance", "audio - audio, fewer hubs"}


def test_labels_twins_and_columns_from_a_table(library, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text(
        "file,artist,mood,era,pair\n/music/Ann0.mp3,Zoe,calm,old,/music/Bob0.mp3\n/music/Bob0.mp3,Yan,calm,new,\n"
    )
    result = evaluate(library, "--no-baselines", "--labels", table, "--column", "mood", "--twins", "pair", "--json")
    assert "labels.csv knows 2 of 16 tracks." in result.stderr
    rows = {(row["subject"], row["metric"]): (row["value"], row["n"]) for row in json.loads(result.stdout)}
    assert rows["audio", "precision_mood"] == (1.0, 2)  # each finds the other, the only one with a label
    assert rows["audio", "twin_hit"] == (0.0, 2)
    assert not [metric for _, metric in rows if "era" in metric or "genre" in metric]


def test_graphs_ask_their_questions(library):
    with Library.open_to_write(library) as opened, opened.transaction():
        ids = dict(opened.db.execute("SELECT name, id FROM artists"))
        ends = np.array([ids["Ann"], ids["Cleo"]]), np.array([ids["Bob"], ids["Dan"]])
        store_graph(opened, "listens", "artist", *ends, directed=False, origin="by hand")
        strangers = np.array([1_000]), np.array([1_001])
        store_graph(opened, "elsewhere", "artist", *strangers, directed=False, origin="by hand")
    result = evaluate(library, "--no-baselines", "--json")
    values = figures_of(result)
    assert values["audio", "triplet_accuracy_listens"] == 1.0 and values["chance", "triplet_accuracy_listens"] == 0.5
    assert values["audio", "spearman_listens"] > 0.7
    assert "The graph 'elsewhere' has no two nodes with tracks that are asked about; left out." in result.stderr
    only = figures_of(evaluate(library, "--no-baselines", "--json", "--graph", "listens"))
    assert only == values


def test_held_out_tracks_alone_are_asked(library):
    with Library.open_to_write(library) as opened:
        run, _ = start_run(opened, "train-audio", {})
        finish_run(opened, run, {"held_out_track_ids": [1, 2, 16]})
    rows = json.loads(evaluate(library, "--no-baselines", "--held-out", "--json").stdout)
    assert {row["slice"] for row in rows} == {"held-out"}
    assert {row["n"] for row in rows} == {3}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--column", "mood"], 2, "give it with --labels TABLE"),
        (["--held-out"], 1, "Run `cli train-audio` first"),
        (["--graph", "none"], 1, "There is no graph 'none' in this library"),
        (["--labels", "none.csv"], 1, "none.csv cannot be read"),
        (["-k", "0"], 2, "0 is not in the range x>=1"),
    ],
)
def test_mistakes_get_one_clear_message(library, arguments, code, words):
    result = evaluate(library, "--no-baselines", *arguments)
    assert result.exit_code == code and result.stdout == ""
    assert words in result.stderr


def test_an_empty_library_says_what_to_type(tmp_path, run_cli):
    result = run_cli(tmp_path / "none", "evaluate-audio")
    assert result.returncode == 1 and "cli embed-audio FOLDER" in result.stderr


def test_similar_with_fewer_hubs(library, run_cli):
    plain = json.loads(run_cli(library, "similar", 1, "--json", "-k", 5).stdout)
    fair = json.loads(run_cli(library, "similar", 1, "--json", "-k", 5, "--fewer-hubs").stdout)
    assert {row["id"] for row in plain} and plain != fair
    scores = [row["score"] for row in fair]
    assert scores == sorted(scores, reverse=True)


def test_beside_baselines_on_files_that_were_really_heard(heard_library, tmp_path, run_cli):
    folder = tmp_path / "library"
    shutil.copytree(heard_library, folder)
    result = run_cli(folder, "evaluate-audio", "--json", "-k", 2)
    assert result.returncode == 0, result.stderr
    values = figures_of(result)
    subjects = {"audio", "audio, fewer hubs", "mfcc", "mel", "random", "chance"}
    assert {subject for subject, _ in values if " - " not in subject} == subjects
    assert values["mfcc", "precision_genre"] > values["chance", "precision_genre"]
    assert (folder / "cache" / "baselines.npz").exists()
    again = run_cli(folder, "evaluate-audio", "--json", "-k", 2)
    assert again.stdout == result.stdout
    connection = sqlite3.connect(folder / "library.db")
    assert connection.execute("SELECT count(*) FROM metrics").fetchone()[0] == 2 * len(json.loads(result.stdout))
    connection.close()


def test_tracks_are_found_by_other_encodings(heard_library, tmp_path, run_cli):
    folder = tmp_path / "library"
    shutil.copytree(heard_library, folder)
    result = run_cli(folder, "evaluate-audio", "--transcodes", "--sample", 1, "--json")
    assert result.returncode == 0, result.stderr
    values = {(row["subject"], row["metric"], row["slice"]): row["value"] for row in json.loads(result.stdout)}
    assert values["audio", "rank_1", "FLAC"] == values["mfcc", "rank_1", "FLAC"] == 1.0
    assert values["audio - mfcc", "rank_1", "FLAC"] == 0.0
    table = run_cli(folder, "evaluate-audio", "--transcodes", "--sample", 1, "--no-baselines").stdout.splitlines()
    assert table[0].split() == ["encoding", "audio", "rank_1", "audio", "cosine", "audio", "known", "n"]
    assert [line.split("  ")[0] for line in table[1:]][-2:] == ["mono 22 kHz", "all"] and len(table) == 12


def test_encodings_are_asked_about_alone(library):
    result = evaluate(library, "--transcodes", "--held-out", "--column", "mood")
    assert result.exit_code == 2 and "--column, --held-out says nothing of encodings" in result.stderr
    assert evaluate(library, "--transcodes", "--sample", 0).exit_code == 2
