"""`cli diffuse-audio` as a user meets it, and what searches, checks and status make of its vectors."""

import json
import shutil
import sqlite3

import numpy as np
import pytest
from click.testing import CliRunner

from diffusion_world import add_graph, diffused, two_songs
from earshot.cli import cli
from earshot.index.graphs.diffused_vectors import (
    level_graphs,
)
from earshot.index.health.staleness import stale_diffusion
from earshot.index.library import Library, LibraryError
from earshot.index.vectors.spaces import AUDIO, read_vector
from library_world import add, at, heard, open_library, unit


@pytest.fixture
def hand_made(tmp_path):
    with two_songs(tmp_path) as library:
        yield library


def run(library, *arguments):
    """A command in this process; the library is closed for it, and stays so."""
    library.close()
    return CliRunner().invoke(cli, ["--library", str(library.folder), *map(str, arguments)])


def reasons(library):
    return [part.what for part in stale_diffusion(library)]


def test_the_whole_command(hand_made):
    """After two steps track 3 holds a + b/2: see test_diffusion."""
    result = run(hand_made, "diffuse-audio", "--steps", 2, "--method", "clamp")
    assert result.exit_code == 0, result.output
    assert "tracks (listens): 2 with audio, 2 reached, 2 out of reach" in result.stdout
    assert "2 of 4 tracks without audio have a vector now, beside 2 with audio" in result.stdout
    assert "No check of tracks: hiding 0.2 of 2 nodes with audio" in result.stderr
    with Library.open(hand_made.folder) as library:
        vectors = diffused(library)
        assert sorted(vectors) == [1, 2, 3, 4]
        for track, expected in {1: (1, 0), 2: (0, 1), 3: (2, 1), 4: (1, 2)}.items():
            np.testing.assert_allclose(vectors[track], unit(*expected), atol=1e-6)
        np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(0))
        rows = library.db.execute("SELECT neighbour_id FROM neighbours WHERE space = 'diffused' AND track_id = 1")
        assert [row[0] for row in rows] == [3, 4, 2]
        stage, seed, metrics = library.db.execute("SELECT stage, seed, metrics FROM runs ORDER BY id DESC").fetchone()
        assert (stage, seed, json.loads(metrics)["lacking"]) == ("diffuse-audio", 0, 2)


def test_what_has_no_audio_is_found_and_asked_by_words(hand_made):
    run(hand_made, "diffuse-audio", "--steps", 2, "--method", "clamp", "--no-check")
    # cos(at 0 degrees, (2, 1)) = 2 / sqrt(5), cos(at 0 degrees, (1, 2)) = 1 / sqrt(5)
    rows = json.loads(run(hand_made, "similar", "heard a", "--by", "diffused", "--json").stdout)
    assert [(row["title"], row["score"]) for row in rows] == [
        ("Near A", pytest.approx(2 / 5**0.5)), ("Near B", pytest.approx(1 / 5**0.5)), ("Heard B", pytest.approx(0)),
    ]  # fmt: skip
    assert rows[0]["path"] is rows[0]["duration_s"] is None
    table = run(hand_made, "similar", "near a", "--by", "diffused").stdout.splitlines()
    assert table[0] == "Similar to Near A"
    # cos(3, 1) = 2 / sqrt(5) = .894, cos(3, 4) = 4 / 5, cos(3, 2) = 1 / sqrt(5) = .447
    assert [line.split()[1] for line in table[2:]] == ["0.8944", "0.8000", "0.4472"]
    heard_only = json.loads(run(hand_made, "similar", "heard a", "--json").stdout)
    assert [row["title"] for row in heard_only] == ["Heard B"], "by audio, only what has audio"
    timed = json.loads(run(hand_made, "similar", "heard a", "--by", "diffused", "--min-duration", 1, "--json").stdout)
    assert [row["title"] for row in timed] == ["Heard B"], "of a catalog item no length is known"


def test_a_playlist_holds_only_files(hand_made, tmp_path):
    run(hand_made, "diffuse-audio", "--no-check")
    result = run(hand_made, "similar", "heard a", "--by", "diffused", "--m3u", tmp_path / "mix.m3u8")
    assert "1 track written" in result.stderr
    lines = (tmp_path / "mix.m3u8").read_text(encoding="utf-8").splitlines()
    assert lines == ["#EXTM3U", "#EXTINF:180,Bob - Heard B", "/b.mp3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("heard a", "--by", "diffused"), "Nothing was spread over a graph yet.\n\nRun `cli diffuse-audio` first."),
        (("near a",), "Near A (track 3) was never embedded."),
    ],
)
def test_before_spreading(hand_made, arguments, message):
    result = run(hand_made, "similar", *arguments)
    assert result.exit_code == 1 and message in result.output


def test_what_no_graph_leads_to_says_so(hand_made):
    run(hand_made, "diffuse-audio", "--no-check")
    result = run(hand_made, "similar", "stranger", "--by", "diffused")
    assert result.exit_code == 1
    assert (
        "Stranger (track 6) has no spread vector" in result.output and "Run `cli diffuse-audio` again" in result.output
    )


def test_albums_and_artists_lend_their_vectors(hand_made):
    """The graph of artists reaches Cid, who has no track here; Ann's demo sounds like Ann."""
    hand_made.db.execute("INSERT INTO artists (name) VALUES ('Cid')")
    add_graph(hand_made, "influences", "artist", [(2, 3)], directed=True)
    result = run(hand_made, "diffuse-audio", "--steps", 2, "--no-check", "--json")
    report = json.loads(result.stdout)
    assert [(level["level"], level["reached"], level["unreached"]) for level in report["levels"]] == [
        ("track", 2, 2), ("artist", 1, 0),
    ]  # fmt: skip
    assert (report["filled"], report["lacking"]) == (3, 1)
    with Library.open(hand_made.folder) as library:
        np.testing.assert_allclose(diffused(library)[5], at(0), atol=1e-6)
        rows = library.db.execute(
            "SELECT node_id, vector FROM node_vectors WHERE level = 'artist' ORDER BY 1"
        ).fetchall()
        found = [(node, np.frombuffer(blob, "<f4")) for node, blob in rows]
        assert [node for node, _ in found] == [1, 2, 3]
        np.testing.assert_allclose([vector for _, vector in found], [at(0), at(90), at(90)], atol=1e-6)


def test_a_single_graph_can_be_chosen(hand_made):
    add_graph(hand_made, "influences", "artist", [(1, 2)])
    report = json.loads(run(hand_made, "diffuse-audio", "--graph", "influences", "--no-check", "--json").stdout)
    assert [level["graphs"] for level in report["levels"]] == [["influences"]]
    result = run(hand_made, "diffuse-audio", "--graph", "dreams")
    assert "There is no graph 'dreams' in this library; there are" in result.stderr


def test_again_replaces(hand_made):
    for steps in (1, 2):
        assert run(hand_made, "diffuse-audio", "--steps", steps, "--method", "clamp", "--no-check").exit_code == 0
    connection = sqlite3.connect(hand_made.folder / "library.db")
    assert connection.execute(
        "SELECT count(*), count(DISTINCT run_id) FROM vectors WHERE space = 'diffused'"
    ).fetchone() == (4, 1)
    (blob,) = connection.execute(
        "SELECT vector FROM current_vectors WHERE space = 'diffused' AND track_id = 3"
    ).fetchone()
    connection.close()
    np.testing.assert_allclose(np.frombuffer(blob, "<f4"), unit(2, 1), atol=1e-6)
    assert len(list(hand_made.folder.glob("diffused-*.faiss"))) == 1
    assert run(hand_made, "check").stdout == "All is well.\n"


def test_the_check_is_shown_and_kept(tmp_path):
    """Forty tracks around a circle, each liked with those beside it: what is hidden sounds as its neighbours do."""
    library, head = open_library(tmp_path / "library")
    ids = add(library, head, [heard(f"/{number}.mp3", at(9 * number), title=f"No. {number}") for number in range(40)])
    add_graph(library, "listens", "track", [(one, ids[(place + 1) % 40]) for place, one in enumerate(ids)])
    result = run(library, "diffuse-audio", "--hide", 0.25, "--seed", 3)
    assert result.exit_code == 0, result.output
    assert "What comes back when audio is hidden" in result.stdout and "neighbour mean" in result.stdout
    with Library.open(library.folder) as opened:
        rows = opened.db.execute(
            "SELECT subject, metric, k, value, n FROM metrics WHERE slice = 'track' AND run_id ="
            " (SELECT run_id FROM spaces WHERE space = 'diffused')"
        ).fetchall()
    kept = {tuple(row[:3]): row[3:] for row in rows}
    assert kept["diffused", "reached", None] == (1.0, 10) and kept["chance", "hit", 1] == (0.1, 10)
    assert kept["diffused", "cosine", None][0] > 0.95 > 0.7 > kept["random graph", "cosine", None][0]
    assert kept["diffused", "hit", 1][0] >= 0.5
    report = json.loads(run(library, "diffuse-audio", "--hide", 0.25, "--seed", 3, "--json").stdout)
    again = {(row["subject"], row["metric"], row["k"]): row["value"] for row in report["figures"]}
    assert again == {key: value for key, (value, _) in kept.items()}, "a seed decides what is hidden"


def test_check_looks_at_spread_vectors_too(hand_made):
    run(hand_made, "diffuse-audio", "--no-check")
    connection = sqlite3.connect(hand_made.folder / "library.db")
    connection.execute("UPDATE vectors SET vector = zeroblob(8) WHERE space = 'diffused' AND track_id = 3")
    connection.commit()
    connection.close()
    result = run(hand_made, "check")
    assert result.exit_code == 1
    assert "the vector of track 3 is damaged (length 0)\n    fix: " in result.stdout
    assert " cli diffuse-audio\n" in result.stdout
    run(hand_made, "diffuse-audio", "--no-check")
    assert run(hand_made, "check").stdout == "All is well.\n"


def test_build_index_builds_every_space(hand_made):
    run(hand_made, "diffuse-audio", "--no-check")
    for file in hand_made.folder.glob("*.faiss"):
        file.unlink()
    result = run(hand_made, "build-index")
    assert [line.split("-")[0] for line in result.stdout.splitlines()] == ["audio", "diffused"]
    assert "flat, 2 vectors" in result.stdout and "flat, 4 vectors" in result.stdout


def test_a_file_outside_is_heard_and_moved_by_the_same_centre(heard_library, track_files, tmp_path, run_cli):
    library = tmp_path / "library"
    shutil.copytree(heard_library, library)
    assert run_cli(library, "build-graph", "--from", "artist").returncode == 0
    assert run_cli(library, "diffuse-audio", "--no-check").returncode == 0
    outside = shutil.copy(track_files[0], tmp_path / "again.flac")
    arguments = ("--by", "diffused", "-k", 5, "--json")
    known, heard_now = (
        json.loads(run_cli(library, "similar", seed, *arguments).stdout) for seed in (track_files[0], outside)
    )
    assert [row["id"] for row in heard_now] == [row["id"] for row in known] and len(known) == 5
    np.testing.assert_allclose([r["score"] for r in heard_now], [r["score"] for r in known], atol=1e-5)


def test_status_says_when_it_is_old(hand_made, tmp_path):
    def steps_of(library):
        return json.loads(run(library, "status", "--json").stdout)["next_steps"]

    hint = "cli diffuse-audio   (4 tracks without audio could get a vector from the graphs)"
    assert hint in steps_of(hand_made)
    run(hand_made, "diffuse-audio", "--no-check")
    assert not [step for step in steps_of(hand_made) if "diffuse-audio" in step]
    library, head = open_library(hand_made.folder)
    with library:
        assert reasons(library) == []
        add_graph(library, "listens", "track", [(1, 3)])
        library.db.execute("UPDATE graphs SET made = 'later'")
        assert reasons(library) == ["the graph listens has changed since"]
        add(library, head, [heard("/c.mp3", at(45))])
        assert reasons(library) == ["the audio vectors are newer than the diffused ones"]
    assert "cli diffuse-audio   (the audio vectors are newer than the diffused ones)" in steps_of(library)
    result = run(library, "similar", "heard a", "--by", "diffused")
    assert "`cli diffuse-audio` brings these vectors up to date: the audio vectors are newer" in result.stderr


def test_without_audio_or_graph_it_says_what_to_type(tmp_path):
    library, head = open_library(tmp_path / "library")
    assert "Run `cli embed-audio FOLDER` first" in run(library, "diffuse-audio").output
    library, head = open_library(tmp_path / "library")
    add(library, head, [heard("/a.mp3", at(0))])
    with pytest.raises(LibraryError, match=r"no preference graph in this library yet.\n\nRun `cli build-graph`"):
        level_graphs(library)
    library.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "magic"), "'magic' is not one of 'clamp', 'ppr', 'lightgcn'"),
        (("--steps", 0), "0 is not in the range x>=1"),
        (("--hide", 1), "is not in the range 0<x<1"),
    ],
)
def test_wrong_usage(hand_made, arguments, message):
    result = run(hand_made, "diffuse-audio", *arguments)
    assert result.exit_code == 2 and message in result.output
