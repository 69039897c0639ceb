"""Indexes and neighbours brought up to date, with progress."""

import pytest

from earshot.index.vectors.faiss_file import index_state
from earshot.index.vectors.spaces import AUDIO
from earshot.stages.shared.indexes import refresh_indexes
from earshot.stages.shared.reports import Progress
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(n)) for n in range(5)])
        yield library


def n_neighbours(library):
    return library.db.execute("SELECT count(*) FROM neighbours").fetchone()[0]


def test_what_is_up_to_date_is_left_alone(library):
    assert list(refresh_indexes(library)) == [Progress("neighbours by audio", 5, 5, "track")]
    state = index_state(library, AUDIO)
    assert (state.type, state.n_vectors, state.problem) == ("flat", 5, None) and n_neighbours(library) == 20
    assert list(refresh_indexes(library)) == [] and index_state(library, AUDIO) == state
    assert list(refresh_indexes(library, anew=True)) == [Progress("neighbours by audio", 5, 5, "track")]


def test_a_type_that_was_chosen_stays(library):
    list(refresh_indexes(library, "hnsw", 0.5, anew=True))
    add(library, 1, [heard("/new.mp3", at(9))])
    list(refresh_indexes(library))
    state = index_state(library, AUDIO)
    assert (state.asked_type, state.target_recall, state.n_vectors) == ("hnsw", 0.5, 6) and n_neighbours(library) == 30
