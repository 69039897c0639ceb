"""Training the encoder from Python, and embedding the library with it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from earshot.audio.config import DecodeConfig
from earshot.data.tables.edge_lists import EdgeList
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.graph.config import TasteConfig
from earshot.index.library import Library
from earshot.stages import train_encoder as stage
from earshot.stages.embed import embed_folders
from earshot.stages.imports.import_graph import ReadGraph, import_graph
from earshot.stages.shared.name_mapping import MappedNames
from earshot.stages.shared.reports import InputError, Note, Progress, StageError
from earshot.stages.train_encoder import TrainEncoderReport, train_encoder

QUICK = TasteConfig(epochs=2, projection_epochs=3)


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own: 18 tracks by 6 artists."""
    shutil.copytree(heard_library, tmp_path / "library")
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_a_trained_encoder_embeds_the_library_anew(library):
    reports = list(train_encoder(library, QUICK, fresh=True, channels=8, dim=16))
    assert Note("Learning from 12 tracks, judging by 6; same artist (18 tracks).") in reports
    epochs = [(report.phase, report.done, report.total) for report in reports if report.__class__ is Progress]
    assert ("spectrograms", 18, 18) in epochs and ("projection", 3, 3) in epochs
    report = reports[-1]
    assert isinstance(report, TrainEncoderReport) and report.n_train == 12 and report.loss is not None
    assert [value.subject for value in report.accuracy] == ["before training", "audio"]
    assert report.metrics()["triplet accuracy, audio"] == report.accuracy[1].value
    assert (library.folder / "checkpoints" / report.checkpoint).is_file()
    *_, embedded = embed_folders(library, config=DecodeConfig(workers=2))
    assert embedded.counts.embedded == 18 and embedded.n_outdated == 0
    assert library.db.execute("SELECT DISTINCT dim FROM vectors").fetchall() == [(16,)]


def test_left_early_it_goes_on_from_the_saved_state(library, monkeypatch):
    monkeypatch.setattr(stage, "SAVE_SECONDS", 0.0)
    config = TasteConfig(epochs=1, projection_epochs=3)
    for report in train_encoder(library, config, fresh=True, channels=8, dim=16):
        if isinstance(report, Progress) and (report.phase, report.done) == ("projection", 2):
            break
    reports = list(train_encoder(library, config, fresh=True, channels=8, dim=16))
    # the second is not saved before the third is wanted
    assert Note("Going on after epoch 1 of the projection.") in reports
    assert isinstance(reports[-1], TrainEncoderReport)
    assert not list((library.folder / "checkpoints").glob("*.resumable"))


def test_what_learns_nothing_better_leaves_the_encoder_as_it_is(library, monkeypatch):
    def gain(after: float):
        values = [MetricValue.of(who, "triplet accuracy", None, value, 9) for who, value in (("a", 0.5), ("b", after))]
        monkeypatch.setattr(stage, "training_metrics", lambda trainer: values)

    gain(0.4)
    *_, first = train_encoder(library, QUICK, fresh=True, channels=8, dim=16)
    assert first.is_no_better and (library.folder / "checkpoints" / first.checkpoint).is_file()
    runs = library.db.execute("SELECT * FROM runs").fetchall()
    files = sorted((library.folder / "checkpoints").iterdir())
    gain(0.5)
    *_, none = train_encoder(library, QUICK)
    assert none.checkpoint is None and none.is_no_better
    assert library.db.execute("SELECT * FROM runs").fetchall() == runs
    assert sorted((library.folder / "checkpoints").iterdir()) == files
    gain(0.6)
    *_, better = train_encoder(library, QUICK)
    assert better.checkpoint not in (None, first.checkpoint) and not better.is_no_better


def test_a_graph_that_matches_nothing_stops_the_training(library):
    def store(kind: str, names: list[str]) -> None:
        edges = EdgeList(names, np.array([0]), np.array([1]), None, 0)
        import_graph(
            library, ReadGraph(Path("x.csv"), edges, kind, MappedNames(names, "artist", "auto", [], None), True)
        )

    store("strangers", ["No One Here", "Nobody Else"])
    for kinds in (None, ["strangers"]):
        with pytest.raises(StageError, match="Nothing can be learned from strangers: not two of its nodes"):
            list(train_encoder(library, QUICK, kinds=kinds))
    store("friends", library.column("SELECT name FROM artists ORDER BY id LIMIT 2"))
    reports = list(train_encoder(library, QUICK, fresh=True, channels=8, dim=16))
    assert any("Left out" in report and "strangers" in report for report in reports if isinstance(report, Note))
    with pytest.raises(StageError, match="from strangers"):
        list(train_encoder(library, QUICK, kinds=["friends", "strangers"]))


def test_wrong_arguments(library):
    with pytest.raises(InputError, match="of a fresh encoder"):
        list(train_encoder(library, QUICK, channels=8))
