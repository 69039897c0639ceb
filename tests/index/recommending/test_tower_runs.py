"""Training runs of towers: settings in JSON of any content, and vectors."""

import json

import numpy as np
import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.recommending.tower_runs import TowerRun, embeddable_tracks, store_tower_vectors, tower_run
from earshot.index.runs import start_run
from earshot.index.vectors.spaces import AUDIO, current_space, insert_vectors, read_vector, read_vectors
from library_world import add, heard, open_library, unit

TOWER = {"model": "dot", "use_audio": 1, "dim": 8}
SPLIT = {"protocol": "global", "share": 0.1, "gap_s": 0, "seed": 0}


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/one.mp3", unit(1, 0))])
        yield library


def run_of(library: Library, config: object, metrics: object = None) -> TowerRun:
    """The run of a training that left this behind."""
    number, _ = start_run(library, "train-tower", {})
    store_tower_vectors(library, number, np.array([1]), unit(1, 0)[None])
    texts = [value if isinstance(value, str) else json.dumps(value) for value in (config, metrics or {})]
    library.db.execute("UPDATE runs SET config = ?, metrics = ? WHERE id = ?", [*texts, number])
    return tower_run(library)


def test_a_training_says_what_it_learned_from(library):
    config = {"tower": TOWER, "split": SPLIT, "sound": None, "ear": "e", "listens": "key"}
    run = run_of(library, config, {"popularity": 0.5})
    assert run == TowerRun(run.id, TOWER, SPLIT, sound=None, encoder="e", listens_key="key", popularity=0.5)
    assert (run.model, run.uses_audio) == ("dot", True) and run.require_settings() is run
    assert not run_of(library, config | {"ear": None}).uses_audio


@pytest.mark.parametrize("tower", [1, None, [], {}, {"model": "dot"}, "dot"])
def test_a_training_without_settings_is_refused(library, tower):
    run = run_of(library, {"tower": tower, "ear": None})
    with pytest.raises(LibraryError, match=f"Run {run.id} does not say what its towers are made of"):
        run.require_settings()
    assert not run_of(library, {"tower": TOWER}).tower  # of an unknown encoder


def test_values_of_another_kind_are_not_read(library):
    run = run_of(library, {"sound": 5, "split": {"protocol": "global"}}, {"popularity": "much"})
    assert (run.sound, run.split, run.popularity) == (AUDIO, {}, 0.0)
    assert run_of(library, {}).sound == AUDIO
    with pytest.raises(LibraryError, match="where settings should be"):
        run_of(library, "[1]")


@pytest.fixture
def three_tracks(tmp_path):
    """Tracks 1 and 2 by Ann, and 3 without tags."""
    library, head = open_library(tmp_path / "library")
    with library:
        facts = [{"artist": "Ann", "title": "One"}, {"artist": "Ann", "title": "Two"}, {}]
        add(library, head, [heard(f"/{number}.mp3", unit(1, 0), **fact) for number, fact in enumerate(facts)])
        yield library


def test_vectors_of_removed_tracks_are_skipped(three_tracks):
    """Listens may still name them, and towers learn a vector for each."""
    run, _ = start_run(three_tracks, "train-tower", {})
    three_tracks.db.execute("DELETE FROM tracks WHERE id = 2")
    assert store_tower_vectors(three_tracks, run, np.array([1, 2, 3]), np.tile(unit(1, 0), (3, 1))) == 2
    assert read_vectors(three_tracks, "tower")[0].all_ids.tolist() == [1, 3]


def test_vectors_of_a_later_run_replace_earlier_ones(three_tracks):
    with pytest.raises(LibraryError, match="This library has no trained towers yet"):
        tower_run(three_tracks)
    for number, vector in enumerate((unit(1, 0), unit(0, 1))):
        run, _ = start_run(three_tracks, "train-tower", {"number": number})
        store_tower_vectors(three_tracks, run, np.array([1, 2]), np.stack([vector, vector]), {"popularity": number / 2})
        np.testing.assert_array_equal(read_vector(three_tracks, "tower", 2), vector)
        now = tower_run(three_tracks)
        assert (now.id, now.sound, now.popularity, now.tower, now.split) == (run, AUDIO, number / 2, {}, {})
        assert current_space(three_tracks, "tower").run_id == run
    (n,) = three_tracks.db.execute("SELECT count(*) FROM vectors WHERE space = 'tower'").fetchone()
    assert n == 2


def test_later_tracks_that_towers_can_embed(three_tracks):
    run, _ = start_run(three_tracks, "train-tower", {})
    store_tower_vectors(three_tracks, run, np.array([1]), unit(1, 0)[None])
    assert embeddable_tracks(three_tracks, by_sound=True).tolist() == [2, 3]
    assert embeddable_tracks(three_tracks, by_sound=False).tolist() == [2]  # track 3 has neither artist nor album
    insert_vectors(three_tracks, "tower", run, [(np.array([2]), unit(0, 1)[None])])
    assert embeddable_tracks(three_tracks, by_sound=True).tolist() == [3]
    np.testing.assert_array_equal(read_vector(three_tracks, "tower", 2), unit(0, 1))
