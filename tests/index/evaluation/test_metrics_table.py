"""Figures in the table `metrics`: kept, replaced, read again."""

import pytest

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.evaluation.metrics_table import latest_figures, store_figures
from earshot.index.runs import finish_run, start_run
from library_world import open_library

TWINS = MetricValue("audio", "twin_hit", 1, "all", 1.0, 0.9, 1.0, 22)
UNDEFINED = MetricValue("chance", "spearman_listens", None, "held-out", None, None, None, 40)


@pytest.fixture
def library(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        yield library


def finished_run(library, figures, stage="evaluate-audio"):
    run, _ = start_run(library, stage, {})
    store_figures(library, run, figures)
    finish_run(library, run, {})
    return run


def test_what_is_kept_comes_back(library):
    finished_run(library, [TWINS, UNDEFINED])
    assert latest_figures(library, "evaluate-audio") == [TWINS, UNDEFINED]


def test_a_second_keeping_replaces_the_first(library):
    run = finished_run(library, [TWINS, UNDEFINED])
    store_figures(library, run, [UNDEFINED])
    assert latest_figures(library, "evaluate-audio") == [UNDEFINED]


def test_the_latest_finished_run_of_the_stage_that_has_any(library):
    finished_run(library, [TWINS])
    finished_run(library, [])
    finished_run(library, [UNDEFINED], stage="diffuse-audio")
    unfinished, _ = start_run(library, "evaluate-audio", {})
    store_figures(library, unfinished, [UNDEFINED])
    assert latest_figures(library, "evaluate-audio") == [TWINS]
    assert latest_figures(library, "train-audio") == []


def test_figures_go_with_their_run(library):
    run = finished_run(library, [TWINS])
    library.db.execute("DELETE FROM runs WHERE id = ?", [run])
    assert library.db.execute("SELECT count(*) FROM metrics").fetchone() == (0,)
