"""Evaluating audio vectors from Python, by tags and by a table of labels."""

import shutil

import pytest

from earshot.index.library import Library
from earshot.stages.evaluate_encoder import evaluate_encoder
from earshot.stages.shared.reports import Note, Progress, StageError


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own: 18 tracks by 6 artists in 2 genres."""
    shutil.copytree(heard_library, tmp_path / "library")
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_tags_say_what_belongs_together(library):
    *progress, metrics = evaluate_encoder(library, k=3, baselines=False)
    assert library.value("SELECT json_extract(metrics, '$.queries') FROM runs ORDER BY id DESC") == 18
    assert [(step.done, step.total) for step in progress] == [(1, 2), (2, 2)]
    subjects = {value.subject for value in metrics}
    assert {"audio", "audio, fewer hubs"} <= subjects and "mfcc" not in subjects
    (n_stored,) = library.db.execute("SELECT count(*) FROM metrics").fetchone()
    assert n_stored == len(metrics) > 0


def test_a_table_takes_the_place_of_tags(library, track_files, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("file,mood\n" + "".join(f"{path},{n % 2}\n" for n, path in enumerate(track_files[:10])))
    reports = list(evaluate_encoder(library, table, columns=["mood"], baselines=False))
    assert Note("labels.csv knows 10 of 18 tracks.") in reports
    assert all(isinstance(report, Progress | Note | list) for report in reports)
    with pytest.raises(StageError, match="genre"):
        list(evaluate_encoder(library, table, columns=["genre"]))
    assert library.db.execute("SELECT count(*) FROM runs WHERE stage = 'evaluate-audio'").fetchone() == (1,)
