"""Metric values in the table `metrics`: stored, replaced, removed."""

import pytest

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.evaluation.metric_store import store_metrics
from earshot.index.runs import start_run
from library_world import open_library

TWINS = MetricValue("audio", "twin_hit", 1, "all", 1.0, 0.9, 1.0, 22)
UNDEFINED = MetricValue("chance", "spearman_listens", None, "held-out", None, None, None, 40)


@pytest.fixture
def library(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        yield library


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
