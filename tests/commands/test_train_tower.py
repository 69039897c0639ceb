"""`cli train-tower` as a user meets it: trained, killed, resumed, refused."""

import itertools
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from commands_typed import invoke
from earshot.towers.config import TowerTrainingConfig
from library_world import add, heard, open_library, unit
from tower_world import import_table
from trained_library import QUICK

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def library(library_copy):
    return library_copy


@pytest.fixture
def run(library):
    return partial(invoke, library)


def test_options_that_mean_nothing_together_are_refused(run, library):
    assert "--split none leaves none" in run("train-tower", "--refit", "--split", "none", code=2).output
    assert "which loopback keeps unknown" in run("train-tower", "--refit", "--split", "loopback", code=1).output
    assert "only two-tower begins" in run("train-tower", "--model", "neumf", "--start", "spectral", code=2).output
    assert "not in the range 1<=x<=10000" in run("evaluate", "-k", 10**12, code=2).output
    assert "--popularity is nan" in run("evaluate", "--popularity", "nan", code=2).output
    run("train-tower", *QUICK, "--epochs", 1, "--model", "neumf")
    assert "NeuMF has no inner product" in run("evaluate", "--ann", code=1).output


def killed(*_):
    raise KeyboardInterrupt


def test_the_best_popularity_weight_comes_with_the_towers(run, library, monkeypatch):
    arguments = ["train-tower", *QUICK, "--epochs", 3, "--temperature", 0.2, "--popularity-share", 0.7]
    popularity_weight = json.loads(run(*arguments, "--json").stdout)["popularity"]
    assert popularity_weight in TowerTrainingConfig(temperature=0.2, popularity_share=0.7).popularity_weights()
    listed = [
        run("recommend", "listener 0", *of, "--json").stdout
        for of in ([], ["--popularity", popularity_weight], ["--popularity", popularity_weight + 1])
    ]
    assert listed[0] == listed[1] != listed[2]
    with monkeypatch.context() as patch:  # the dial comes with the vectors, though nobody may index them
        patch.setattr("earshot.stages.train_tower.refresh_indexes", killed)
        run(*arguments, "--split", "none", code=1)
    unindexed = [run("recommend", "listener 0", *of, "--json") for of in ([], ["--popularity", 0.14])]
    assert unindexed[0].stdout == unindexed[1].stdout
    report = json.loads(run(*arguments, "--split", "none", "--json").stdout)
    assert report["popularity"] == pytest.approx(0.7 * 0.2)  # nobody to try others on
    assert "popularity_share is 0.7; it needs" in run(*arguments, "--loss", "bpr", code=2).output


def test_the_vectors_and_the_towers_are_of_one_training(run, library, monkeypatch):
    """Killed while the new vectors are indexed: they are served with the towers that made them."""
    with monkeypatch.context() as patch:
        patch.setattr("earshot.stages.train_tower.refresh_indexes", killed)
        run("train-tower", *QUICK, "--epochs", 1, "--dim", 4, code=1)
    interrupted = run("recommend", "listener 1", "-k", 5, "--json").stdout
    run("train-tower", *QUICK, "--epochs", 1, "--dim", 4)
    assert run("recommend", "listener 1", "-k", 5, "--json").stdout == interrupted


def test_towers_that_diverge_are_not_stored(run, library):
    before = run("recommend", "listener 1", "--json").stdout
    out = run("train-tower", *QUICK, "--learning-rate", 1e6, "--weight-decay", 1e6, code=1).output
    assert "the loss of epoch" in out and "with learning_rate 1e+06" in out and "Lower what is highest" in out
    assert run("recommend", "listener 1", "--json").stdout == before


def test_listens_too_few_to_split_can_all_be_learned_from(tmp_path):
    library, _ = open_library(tmp_path / "short")
    with library:
        import_table(library, tmp_path / "two.csv", ["user,artist,title,timestamp", "me,A,One,1", "me,A,Two,9"])
    run = partial(invoke, tmp_path / "short")
    arguments = ["train-tower", *QUICK, "--epochs", 1]
    out = run(*arguments, code=1).output
    assert "leaves nothing to train, of 2 events" in out and "`cli train-tower --split none` learns from all." in out
    run(*arguments, "--split", "none")
    assert "Two" in run("recommend", "me", "--repeats").stdout


@pytest.mark.parametrize(("refit", "n_before"), [((), 2), (("--refit",), 2), (("--refit",), 4)])
def test_a_killed_training_goes_on(run, library, monkeypatch, refit, n_before):
    """Ctrl-C after a saved state; the same command then ends where it would have ended, in either of the trainings."""
    monkeypatch.setattr("earshot.stages.train_tower.SAVE_SECONDS", 0.0)
    from earshot.towers.training.training_loop import TowerTraining

    arguments = ["train-tower", *QUICK, "--epochs", 3, "--seed", 1, *refit, "--json"]
    whole = json.loads(run(*arguments).stdout)
    reports, numbers = TowerTraining.reports, itertools.count()

    def killed(self):
        for report in reports(self):
            if next(numbers) == n_before:
                raise KeyboardInterrupt
            yield report

    monkeypatch.setattr(TowerTraining, "reports", killed)
    run(*arguments, code=1)
    monkeypatch.setattr(TowerTraining, "reports", reports)
    out = run(*arguments)
    assert "Going on after step" in out.stderr
    again = json.loads(out.stdout)
    assert (again["loss"], again["validation"]) == (whole["loss"], whole["validation"])


def test_a_killed_training_begins_anew_when_there_are_more_tracks(run, library, monkeypatch):
    monkeypatch.setattr("earshot.stages.train_tower.SAVE_SECONDS", 0.0)
    from earshot.towers.training.training_loop import TowerTraining

    def killed(self):
        yield next(reports(self))
        yield next(reports(self))
        raise KeyboardInterrupt

    reports = TowerTraining.reports
    arguments = ["train-tower", *QUICK, "--epochs", 3, "--json"]
    with monkeypatch.context() as patch:
        patch.setattr(TowerTraining, "reports", killed)
        run(*arguments, code=1)
    assert (library / "checkpoints" / "train-tower.resumable").exists()
    writer, head = open_library(library)
    with writer:
        add(writer, head, [heard("/music/new.mp3", unit(1, 1), artist="Artist 0", title="Song 99")])
    out = run(*arguments)
    assert "Going on" not in out.stderr and json.loads(out.stdout)["tracks"] == 25


def test_a_refit_learns_from_the_validation_part_too(run, library):
    arguments = ["train-tower", *QUICK, "--epochs", 2, "--split", "leave-one-out"]
    run(*arguments)
    held_out_users = _seen(library)
    report = json.loads(run(*arguments, "--refit", "--json").stdout)
    assert report["epochs"] <= 2 and report["validation"] > 0
    assert _seen(library) > held_out_users
    assert "ndcg" in run("evaluate").stdout


def _seen(folder):
    """The number of events that the towers of a library have learned from."""
    with sqlite3.connect(folder / "library.db") as db:
        ((text,),) = db.execute("SELECT metrics FROM runs WHERE stage = 'train-tower' ORDER BY id DESC LIMIT 1")
    return json.loads(text)["events"]


def test_two_processes_train_the_towers_of_one(run, library):
    arguments = [*QUICK, "--epochs", 3, "--no-half", "--start", "spectral", "--json"]
    alone = json.loads(run("train-tower", *arguments).stdout)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2]  # torchrun
    command = [*launch, "-m", "earshot.cli", "--", "--library", library, "train-tower", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    out = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=170)
    assert out.returncode == 0, out.stderr
    together = json.loads(out.stdout)  # one of them prints
    assert out.stderr.count("Learning from") == 1
    assert together["loss"] == pytest.approx(alone["loss"], abs=1e-4)
    assert together["validation"] == pytest.approx(alone["validation"], abs=1e-4)
    assert json.loads(run("recommend", "listener 4", "-k", 3, "--json").stdout)


def test_the_five_exercises_run(run, library):
    """Every training that the results show for them, if only for two epochs."""
    results = (Path(__file__).parents[2] / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    section = results.split("## The five exercises")[1].split("\n## ")[0]
    commands = [shlex.split(line[6:], comments=True) for line in section.splitlines() if line.startswith("$ cli ")]
    trainings = [words for words in commands if words[0] == "train-tower"]
    assert len(trainings) == 6 and len(commands) == 7
    for words in trainings:
        out = json.loads(run(*words, "--dim", 8, "--hidden", 8, "--epochs", 2, "--json").stdout)
        assert out["epochs"] == 2 and 0 < out["loss"] < 10
    values = json.loads(run("evaluate", "-k", 10, "--repeats", "--json").stdout)
    assert ("two-tower", "hit_rate") in {(row["subject"], row["metric"]) for row in values}
