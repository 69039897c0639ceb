"""`cli status`: the content of a library, what is stale, and the next commands."""

import json
import os
from dataclasses import asdict

import pytest

from earshot.data.files.skip_rules import Rules
from earshot.index.health.library_status import overview
from earshot.index.library import Library
from earshot.index.runs import finish_interrupted, finish_run, start_run
from earshot.index.tracks.roots import store_rules
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Three tracks, an index, neighbours, a finished run, and nothing left to do."""
    library, head = open_library(tmp_path)
    with library:
        facts = [("A", "X"), ("A", "Y"), ("B", "Y")]
        tracks = [
            heard(f"/music/{i}.mp3", at(i), artist=a, album=b, duration=1_200.0) for i, (a, b) in enumerate(facts)
        ]
        add(library, head, tracks)
        library.db.execute("INSERT INTO roots VALUES ('/music', NULL), ('/b', NULL)")
        finish(library)
        finish_run(library, head, {})
        yield library


def steps(library, fingerprint="ear"):
    return overview(library, fingerprint).next_steps


def test_a_library_in_order(library):
    facts = overview(library, "ear")
    # Three tracks of 20 minutes are an hour; albums are counted by name.
    summary = {"tracks": 3, "artists": 2, "albums": 2, "hours": 1.0, "failed": 0, "missing": 0, "excluded": 0}
    assert facts.summary == summary
    assert facts.library == str(library.folder)
    assert facts.roots == ["/b", "/music"]
    started = library.db.execute("SELECT started FROM runs").fetchone()[0]
    assert facts.ear == {"run": 1, "origin": "by hand", "trained": False, "started": started, "current": True}
    state = index_state(library, AUDIO)
    assert facts.index == {
        **{"file": state.path.name, "type": "flat", "vectors": 3, "recall_at_10": 1.0},
        **{"built": state.built, "problem": None},
    }
    assert (facts.listens, facts.towers) == ({"files": 0, "events": 0, "told_here": 0, "users": 0}, None)
    assert (facts.neighbours_up_to_date, facts.lacking, facts.unfinished_runs, facts.next_steps) == (True, 0, 0, [])
    assert json.loads(json.dumps(asdict(facts))) == asdict(facts)


def test_an_empty_library(tmp_path):
    with Library.open_to_write(tmp_path) as library:
        facts = overview(library, "ear")
    assert (facts.ear, facts.index, facts.summary["tracks"], facts.summary["hours"]) == (None, None, 0, None)
    assert facts.next_steps == ["cli embed-audio FOLDER   (no track has a vector yet)"]


def test_a_library_whose_tracks_are_all_missing(library):
    library.db.execute("UPDATE tracks SET status = 'missing'")
    assert steps(library) == [
        "cli embed-audio FOLDER   (no track has a vector yet)",
        "cli embed-audio --prune   (3 tracks are gone from the disk)",
    ]


def test_another_encoder(library):
    assert steps(library, "new ear") == ["cli embed-audio   (the vectors belong to an older encoder)"]
    assert overview(library, "new ear").ear["current"] is False


def test_tracks_that_lack_a_vector(library):
    set_status(library, "/music/new.mp3", 1, 1, "embedded", None)
    library.db.execute("DELETE FROM vectors WHERE track_id = 1")
    assert overview(library, "ear").lacking == 2
    assert steps(library)[0] == "cli embed-audio   (2 embedded tracks have no current vector)"


def test_failures_and_missing_files(library):
    for number in range(1_234):
        set_status(library, f"/music/{number}.bad", 1, 1, "failed", "not audio")
    set_status(library, "/music/0.mp3", 1, 1, "missing", None)
    finish(library)
    assert steps(library) == [
        "cli failures   (1,234 files could not be embedded)",
        "cli embed-audio --prune   (1 tracks are gone from the disk)",
    ]


STALE = [
    "cli build-index   (index: the library has changed since it was built)",
    "cli build-index   (the neighbours table is older than the vectors)",
]


def test_a_stale_index(library):
    add(library, 1, [heard("/music/new.mp3", at(50))])
    facts = overview(library, "ear")
    assert facts.index["problem"] == "the library has changed since it was built"
    assert (facts.next_steps, facts.neighbours_up_to_date) == (STALE, False)


def test_a_damaged_index(library):
    path = index_state(library, AUDIO).path
    path.write_bytes(path.read_bytes()[:-1])
    assert steps(library) == ["cli build-index   (index: its file is damaged)"]


def test_no_index_and_no_neighbours(library):
    library.db.execute("DELETE FROM index_files")
    assert overview(library, "ear").index is None
    assert steps(library) == ["cli build-index   (index: there is none)"]
    finish(library)
    library.db.execute("UPDATE spaces SET neighbours_revision = NULL")
    assert steps(library) == ["cli build-index   (the neighbours table is older than the vectors)"]


def test_runs_that_never_finished(library):
    start_run(library, "embed-audio", {}, fingerprint="ear")
    assert overview(library, "ear").unfinished_runs == 1


def test_a_run_that_was_interrupted_goes_on_before_anything_is_built(library):
    add(library, 1, [heard("/music/new.mp3", at(50))])
    assert steps(library) == STALE
    start_run(library, "embed-audio", {}, fingerprint="ear")
    assert steps(library) == ["cli embed-audio   (its last run has not ended; it goes on from there)"]
    finish_interrupted(library, "embed-audio")
    assert steps(library) == STALE


def test_a_first_run_that_was_interrupted(tmp_path):
    with Library.open_to_write(tmp_path) as library:
        start_run(library, "embed-audio", {}, fingerprint="ear")
        assert steps(library) == ["cli embed-audio   (its last run has not ended; it goes on from there)"]


def test_what_folders_leave_out_is_shown(library):
    with library.transaction():
        store_rules(library, {"/music": Rules(("a b*",), None, 1800.0)})
    assert overview(library, "ear").left_out == {"/music": "--exclude 'a b*' --max-duration 1800"}


def test_a_reader_can_ask(library):
    with Library.open(library.folder) as reader:
        assert steps(reader) == []


def test_roots_are_shown_as_text(library):
    root = os.fsencode("/music/") + b"caf\xe9"
    library.db.execute("INSERT INTO roots VALUES ('/music/caf\\xe9', ?)", [root])
    json.dumps(overview(library, "ear").roots).encode("utf-8")
