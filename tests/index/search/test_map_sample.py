"""Tracks of a map: all of a space, or a sample."""

import numpy as np
import pytest

from earshot.index.search.map_sample import read_map
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.spaces import AUDIO
from library_world import add, at, heard, open_library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Tracks 1 to 12 at 0, 10, ... 110 degrees; the last one's file is gone."""
    library, head = open_library(tmp_path_factory.mktemp("mapped"))
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(10 * n), title=f"Song {n}", genre="Jazz") for n in range(12)])
        set_status(library, "/11.mp3", 1, 1, "missing", None)
        yield library


def test_all_that_search_would_find(library):
    found = read_map(library, AUDIO, 100)
    assert [track.id for track in found.tracks] == list(range(1, 12)) and found.n_all == 11
    assert found.tracks[3].title == "Song 3" and found.tracks[3].genre == "Jazz"
    assert found.vectors == pytest.approx(np.array([at(10 * n) for n in range(11)]))


def test_a_sample_is_bounded_and_repeatable(library):
    one, again, other = (read_map(library, AUDIO, 5, seed) for seed in (1, 1, 2))
    ids = [[track.id for track in found.tracks] for found in (one, again, other)]
    assert ids[0] == ids[1] != ids[2] and one.n_all == 11
    assert len(set(ids[0])) == 5 and ids[0] == sorted(ids[0])
    for track, vector in zip(one.tracks, one.vectors, strict=True):
        assert vector == pytest.approx(at(10 * (track.id - 1))), "each has its own vector"


def test_an_empty_space(library):
    found = read_map(library, "tower", 5)
    assert found.tracks == [] and found.n_all == 0 and len(found.vectors) == 0
