"""Finding tracks by other encodings of them, on a small rendered world."""

import shutil

import numpy as np
import pytest

from earshot.audio.decoding.transcodes import WAYS
from earshot.index.library import Library
from earshot.stages.encodings.evaluate_transcodes import evaluate_transcodes
from earshot.stages.shared.reports import Note, Progress, StageError


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own: 18 tracks by 6 artists."""
    shutil.copytree(heard_library, tmp_path / "library")
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_encodings_of_a_seeded_sample(library):
    *progress, metrics = evaluate_transcodes(library, 2, baselines=False, seed=3)
    assert progress == [Progress("encoding", 1, 2, "track"), Progress("encoding", 2, 2, "track")]
    values = {(value.metric, value.slice): value for value in metrics}
    assert {way for _, way in values} == {*WAYS, "all"}
    assert values["rank_1", "all"].n == 20 and values["rank_1", "FLAC"].n == 2
    assert values["rank_1", "FLAC"].value == values["known", "FLAC"].value == 1.0
    assert values["cosine", "FLAC"].value == pytest.approx(1, abs=1e-3)
    assert values["cosine", "Opus 48"].value < values["cosine", "FLAC"].value  # a codec is heard
    (n_stored,) = library.db.execute("SELECT count(*) FROM metrics").fetchone()
    assert n_stored == len(metrics) == 3 * 11
    *_, again = evaluate_transcodes(library, 2, baselines=False, seed=3)
    assert again == metrics


def test_another_track_in_its_place_is_no_rank_1(library):
    """The vectors of the library change places: no encoding finds its own track any more."""
    run, ids = library.value("SELECT max(run_id) FROM vectors"), library.ids("SELECT track_id FROM vectors ORDER BY 1")
    blobs = dict(library.db.execute("SELECT track_id, vector FROM vectors WHERE run_id = ?", [run]).fetchall())
    with library.transaction():
        for one, other in zip(ids.tolist(), np.roll(ids, 9).tolist(), strict=True):
            library.db.execute("UPDATE vectors SET vector = ? WHERE track_id = ?", [blobs[other], one])
    *_, metrics = evaluate_transcodes(library, 1, baselines=False)
    values = {(value.metric, value.slice): value.value for value in metrics}
    assert values["rank_1", "all"] == 0.0 and values["known", "FLAC"] == 1.0  # fingerprints are their own


def test_files_that_are_away_are_named_and_all_of_them_an_error(library):
    with library.transaction():
        library.db.execute("UPDATE tracks SET path = '/none/' || id || '.mp3', path_bytes = NULL")
    reports = []
    with pytest.raises(StageError, match="None of 2 tracks of at most ten minutes could be encoded anew"):
        for report in evaluate_transcodes(library, 2, baselines=False):
            reports.append(report)
    assert sum(isinstance(report, Note) for report in reports) == 2
    assert library.value("SELECT count(*) FROM runs WHERE stage = 'evaluate-audio'") == 0
