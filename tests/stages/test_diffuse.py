"""Diffusing vectors from Python: a catalog track between two that are heard."""

import numpy as np
import pytest

from earshot.graph.config import DiffusionConfig
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import LibraryError
from earshot.index.vectors.spaces import DIFFUSED, read_vector
from earshot.stages.diffuse import DiffusionReport, diffuse_vectors
from earshot.stages.shared.reports import Note, Progress
from earshot.stages.similar import similar_tracks
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 and 2 have audio, at 0 and 90 degrees; 3 has none, and stands between them in a graph; 4 in none."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/a.mp3", at(0), title="A"), heard("/b.mp3", at(90), title="B")])
        finish(library)
        library.db.execute("INSERT INTO tracks (title, status) VALUES ('Between', 'catalog'), ('Alone', 'catalog')")
        yield library


def test_a_track_without_audio_gets_a_vector(library):
    with pytest.raises(LibraryError, match="no preference graph"):
        list(diffuse_vectors(library))
    with library.transaction():
        ends = np.array([1, 2]), np.array([3, 3]), np.array([1.0, 1.0])
        store_graph(library, "listens", "track", *ends, directed=False, origin="by hand")
    reports = list(diffuse_vectors(library, config=DiffusionConfig(centre=0)))
    assert Progress("spreading", 1, 1, "level") in reports
    assert any(isinstance(report, Note) and "No check of tracks" in str(report) for report in reports)
    report = reports[-1]
    assert isinstance(report, DiffusionReport) and report.metrics == []
    assert (report.n_with_audio, report.n_catalog, report.n_lacking, report.n_filled) == (2, 2, 1, 1)
    assert report.counts()["levels"][0]["reached"] == 1
    np.testing.assert_allclose(read_vector(library, DIFFUSED, 3), at(45), atol=1e-6)
    between = similar_tracks(library, [3], space=DIFFUSED)
    assert {match.track.title for match in between.matches} == {"A", "B"}
