"""Evaluations from Python: metrics, notes and a page."""

import shutil

import pytest

from earshot.evaluation.queries import EvaluationQueries
from earshot.index.library import Library
from earshot.index.recommending.tower_data import read_tower_data
from earshot.index.recommending.tower_runs import tower_run
from earshot.stages.evaluate import Evaluation, evaluate_towers
from earshot.stages.shared.reports import InputError, Progress, StageError


@pytest.fixture(scope="module")
def library(trained_library, tmp_path_factory):
    folder = shutil.copytree(trained_library, tmp_path_factory.mktemp("evaluated") / "library")
    with Library.open_to_write(folder) as library:
        yield library


def test_towers_are_evaluated_beside_baselines(library, tmp_path):
    *progress, evaluation = evaluate_towers(library, ks=(10, 5, 5))
    assert isinstance(evaluation, Evaluation) and {type(one) for one in progress} == {Progress}
    assert evaluation.title == f"two-tower beside {len(progress)} baselines"
    assert (evaluation.report.subject, evaluation.report.ks) == ("two-tower", [5, 10])
    assert evaluation.value("recall", k=5) > 1.5 * evaluation.value("recall", k=5, subject="chance")
    assert evaluation.value("recall", k=7) is None
    assert "listeners, discoveries only." in evaluation.notes[0]
    (n_stored,) = library.db.execute("SELECT count(*) FROM metrics").fetchone()
    assert n_stored == len(evaluation.metrics)
    evaluation.write(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text(encoding="utf-8").startswith("# two-tower beside ")


def test_equal_scores_are_ordered_by_track_as_in_recommended_lists(library, monkeypatch):
    by_ids = []
    ranked = EvaluationQueries.ranked
    monkeypatch.setattr(
        EvaluationQueries,
        "ranked",
        lambda self, *args: by_ids.append(self.track_ids) or ranked(self, *args),
    )
    list(evaluate_towers(library, ks=(5,)))
    ids = read_tower_data(library).tracks.all_ids.tolist()
    assert by_ids and all(track_ids.tolist() == ids for track_ids in by_ids)


def test_indexes_are_measured_too(library):
    *_, evaluation = evaluate_towers(library, ks=(5,), ann=True)
    (section,) = evaluation.more
    assert section.title.startswith("Indexes tuned to recall@5 0.98")
    assert {value.slice for value in evaluation.metrics} >= {"all", "ann"}


def test_arguments_that_mean_nothing_are_refused(library):
    for arguments in ({"baselines": "some"}, {"ks": ()}):
        with pytest.raises(InputError, match="these are quick or all, and lengths of list"):
            next(evaluate_towers(library, **arguments))


def test_towers_that_saw_everything_are_refused(library):
    run = tower_run(library)
    with library.transaction():
        library.db.execute(
            "UPDATE runs SET config = json_set(config, '$.split.protocol', 'none') WHERE id = ?", [run.id]
        )
    with pytest.raises(StageError, match="none are left to evaluate them on"):
        next(evaluate_towers(library))
