"""Towers trained from Python: reports on the way, what is stored, and a training that is left in the middle."""

from dataclasses import replace
from itertools import groupby, islice

import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.vectors.spaces import TOWER, read_vectors
from earshot.stages import train_tower
from earshot.stages.shared.reports import InputError, Note, Progress, StageError
from earshot.stages.train_tower import TrainTowerReport, train_towers
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from library_world import open_library
from trained_library import make_library

pytestmark = pytest.mark.usefixtures("one_thread")

TOWER_CONFIG = TowerConfig(dim=8, hidden=8)
TRAINING = TowerTrainingConfig(batch_size=32, negatives=8, epochs=2)


@pytest.fixture
def library(tmp_path):
    with make_library(tmp_path) as library:
        yield library


def test_a_training_reports_and_stores(library):
    data, *progress, report = train_towers(library, TOWER_CONFIG, TRAINING, device="cpu")
    assert isinstance(report, TrainTowerReport)
    assert str(data).startswith("Learning from 24 tracks, 4 with a sound; split global: ")
    assert {type(one) for one in progress} == {Progress}
    steps = [one for one in progress if one.phase == "learning"]
    assert (steps[0].done, steps[-1].done) == (0, steps[-1].total) and "epoch 2, loss " in steps[-1].detail
    assert (report.n_tracks, report.n_users, report.n_epochs, report.split) == (24, 30, 2, "global")
    assert 0 < report.validation <= 1 and report.popularity is None and report.seconds > 0
    ids, vectors = read_vectors(library, TOWER)
    assert vectors.shape == (24, 8) and len(ids) == 24
    assert (library.folder / "checkpoints" / report.checkpoint).is_file()
    run = tower_run(library)
    assert (run.model, run.split["protocol"], run.listens_key is None) == ("two-tower", "global", False)


def test_a_training_that_is_left_goes_on(library, monkeypatch):
    monkeypatch.setattr(train_tower, "SAVE_SECONDS", 0.0)
    arguments = library, TOWER_CONFIG, replace(TRAINING, epochs=4)
    reports = train_towers(*arguments)
    assert [report.phase for report in islice(reports, 1, 4)] == ["learning"] * 3
    reports.close()
    assert (library.folder / "checkpoints" / "train-tower.resumable").exists()
    _, resumed, *_, report = train_towers(*arguments)
    assert resumed == Note("Going on after step 0 of epoch 2.")
    assert report.n_epochs == 4 and not (library.folder / "checkpoints" / "train-tower.resumable").exists()


def test_a_refit_follows_the_training(library):
    _, *progress, report = train_towers(library, TOWER_CONFIG, TRAINING, split="leave-one-out", refit=True)
    steps = [one for one in progress if one.phase in ("learning", "refitting")]
    assert [phase for phase, _ in groupby(one.phase for one in steps)] == ["learning", "refitting"]
    assert report.n_events == 270 - 30 and report.validation > 0  # one listen of each user is the test


def test_all_listens_may_be_learned_from(library):
    *_, report = train_towers(library, TOWER_CONFIG, TRAINING, split="none")
    assert (report.validation, report.split, report.n_events) == (None, "none", 270)
    with pytest.raises(InputError, match="split is 'last'; it is one of auto, none, global, "):
        next(train_towers(library, split="last"))
    with pytest.raises(StageError, match="cannot know how long to learn"):
        list(train_towers(library, TOWER_CONFIG, TRAINING, split="none", refit=True))


def test_without_listens_there_is_nothing_to_learn(tmp_path):
    library, _ = open_library(tmp_path)
    with library, pytest.raises(LibraryError, match="has no listens to tracks yet"):
        next(train_towers(library))
    with Library.open(tmp_path) as library, pytest.raises(LibraryError, match="no space of sound called 'yambda'"):
        next(train_towers(library, sound="yambda"))
