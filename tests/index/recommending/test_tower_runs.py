"""Settings of a training run, in JSON of any content."""

import json

import numpy as np
import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.recommending.tower_runs import TowerRun, tower_run
from earshot.index.recommending.tower_vectors import store_tower_vectors
from earshot.index.runs import start_run
from earshot.index.vectors.spaces import AUDIO
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
