"""Vectors of the item tower: replaced by a training, added for later tracks."""

import numpy as np
import pytest

from earshot.index.library import LibraryError
from earshot.index.recommending.tower_runs import tower_run
from earshot.index.recommending.tower_vectors import add_tower_vectors, embeddable_tracks, store_tower_vectors
from earshot.index.runs import start_run
from earshot.index.vectors.spaces import AUDIO, TOWER, current_space, read_vector, read_vectors
from library_world import add, heard, open_library, unit


@pytest.fixture
def library(tmp_path):
    """Tracks 1 and 2 by Ann, and 3 without tags."""
    library, head = open_library(tmp_path / "library")
    with library:
        facts = [{"artist": "Ann", "title": "One"}, {"artist": "Ann", "title": "Two"}, {}]
        add(library, head, [heard(f"/{number}.mp3", unit(1, 0), **fact) for number, fact in enumerate(facts)])
        yield library


def test_vectors_of_removed_tracks_are_skipped(library):
    """Listens may still name them, and towers learn a vector for each."""
    run, _ = start_run(library, "train-tower", {})
    library.db.execute("DELETE FROM tracks WHERE id = 2")
    assert store_tower_vectors(library, run, np.array([1, 2, 3]), np.tile(unit(1, 0), (3, 1))) == 2
    assert read_vectors(library, TOWER)[0].all_ids.tolist() == [1, 3]


def test_vectors_of_a_later_run_replace_earlier_ones(library):
    with pytest.raises(LibraryError, match="This library has no trained towers yet"):
        tower_run(library)
    for number, vector in enumerate((unit(1, 0), unit(0, 1))):
        run, _ = start_run(library, "train-tower", {"number": number})
        store_tower_vectors(library, run, np.array([1, 2]), np.stack([vector, vector]), {"popularity": number / 2})
        np.testing.assert_array_equal(read_vector(library, TOWER, 2), vector)
        now = tower_run(library)
        assert (now.id, now.sound, now.popularity, now.tower, now.split) == (run, AUDIO, number / 2, {}, {})
        assert current_space(library, TOWER).run_id == run
    (n,) = library.db.execute("SELECT count(*) FROM vectors WHERE space = 'tower'").fetchone()
    assert n == 2


def test_later_tracks_that_towers_can_embed(library):
    run, _ = start_run(library, "train-tower", {})
    store_tower_vectors(library, run, np.array([1]), unit(1, 0)[None])
    assert embeddable_tracks(library, by_sound=True).tolist() == [2, 3]
    assert embeddable_tracks(library, by_sound=False).tolist() == [2]  # track 3 has neither artist nor album
    add_tower_vectors(library, run, np.array([2]), unit(0, 1)[None])
    assert embeddable_tracks(library, by_sound=True).tolist() == [3]
    np.testing.assert_array_equal(read_vector(library, TOWER, 2), unit(0, 1))
