"""Runs of stages: started, continued, finished, and found again; their metrics."""

import json

import pytest

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.library import Library
from earshot.index.runs import current_fingerprint, finish_run, head_run, start_run, store_metrics, trained_checkpoint

TWINS = MetricValue("audio", "twin_hit", 1, "all", 1.0, 0.9, 1.0, 22)
UNDEFINED = MetricValue("chance", "spearman_listens", None, "held-out", None, None, None, 40)


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_a_run_is_recorded(library):
    run, head = start_run(
        library,
        "embed-audio",
        {"dim": 128},
        fingerprint="ear-1",
        seed=7,
        versions={"numpy": "2.0"},
        checkpoint="ear.safetensors",
    )
    assert (run, head) == (1, 1)
    columns = "stage, continues, fingerprint, finished, config, metrics, seed, versions, checkpoint"
    row = library.db.execute(f"SELECT {columns} FROM runs").fetchone()
    assert row == ("embed-audio", None, "ear-1", None, '{"dim": 128}', None, 7, '{"numpy": "2.0"}', "ear.safetensors")
    finish_run(library, run, {"embedded": 3})
    started, finished, metrics = library.db.execute("SELECT started, finished, metrics FROM runs").fetchone()
    assert started <= finished and finished.endswith("+00:00")
    assert json.loads(metrics) == {"embedded": 3}


def test_runs_with_one_fingerprint_have_one_head(library):
    assert head_run(library, "embed-audio", "ear-1") is None
    assert start_run(library, "embed-audio", {}, fingerprint="ear-1") == (1, 1)
    assert start_run(library, "embed-audio", {}, fingerprint="ear-1") == (2, 1)
    assert start_run(library, "embed-audio", {}, fingerprint="ear-2") == (3, 3)
    assert start_run(library, "train-audio", {}, fingerprint="ear-1") == (4, 4), "another stage"
    assert start_run(library, "embed-audio", {}, fingerprint="ear-1") == (5, 1)
    assert head_run(library, "embed-audio", "ear-2") == 3
    assert library.db.execute("SELECT id, continues FROM runs WHERE continues NOT NULL").fetchall() == [(2, 1), (5, 1)]


def test_runs_without_a_fingerprint_stand_alone(library):
    assert start_run(library, "evaluate", {}) == (1, 1)
    assert start_run(library, "evaluate", {}) == (2, 2)


def test_the_trained_checkpoint_is_of_the_latest_finished_run(library):
    assert trained_checkpoint(library, "train-audio") is None
    for name in ("old.safetensors", "new.safetensors", None, "unfinished.safetensors"):
        run, _ = start_run(library, "train-audio", {}, checkpoint=name)
        if name != "unfinished.safetensors":
            finish_run(library, run, {})
    assert trained_checkpoint(library, "train-audio") == library.folder / "checkpoints" / "new.safetensors"
    assert trained_checkpoint(library, "train-tower") is None


def test_the_current_fingerprint_is_of_the_run_that_search_uses(library):
    assert current_fingerprint(library) is None
    start_run(library, "embed-audio", {}, fingerprint="ear-1")
    _, head = start_run(library, "embed-audio", {}, fingerprint="ear-2")
    library.db.execute("INSERT INTO spaces (space, run_id) VALUES ('audio', ?)", [head])
    assert current_fingerprint(library) == "ear-2"


def stored(library):
    rows = library.db.execute("SELECT subject, metric, k, slice, value, ci_low, ci_high, n FROM metrics ORDER BY id")
    return [MetricValue(*row) for row in rows]


def test_what_is_stored_comes_back(library):
    run, _ = start_run(library, "evaluate-audio", {})
    store_metrics(library, run, [TWINS, UNDEFINED])
    assert stored(library) == [TWINS, UNDEFINED]


def test_a_run_replaces_its_values_alone(library):
    first, second = (start_run(library, "evaluate-audio", {})[0] for _ in range(2))
    store_metrics(library, first, [TWINS, UNDEFINED])
    store_metrics(library, second, [TWINS])
    store_metrics(library, first, [UNDEFINED])
    assert stored(library) == [TWINS, UNDEFINED]


def test_values_go_with_their_run(library):
    run, _ = start_run(library, "evaluate-audio", {})
    store_metrics(library, run, [TWINS])
    library.db.execute("DELETE FROM runs WHERE id = ?", [run])
    assert stored(library) == []
