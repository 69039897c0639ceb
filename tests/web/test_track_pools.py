"""Vectors are read once, until they change."""

import numpy as np
import pytest

from earshot.index.library import LibraryError
from earshot.index.runs import start_run
from earshot.index.vectors.spaces import TOWER, publish
from earshot.web.track_pools import TrackPools
from library_world import add, at, heard, open_library


def test_a_pool_is_read_once_and_anew_after_a_change(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/a.mp3", at(0)), heard("/b.mp3", at(40))])
        pools = TrackPools()
        pool = pools.current(library)
        assert len(pool) == 2 and pools.current(library) is pool
        add(library, head, [heard("/c.mp3", at(80))])
        assert len(pools.current(library)) == 3


def test_a_library_without_vectors_says_so(tmp_path):
    library, _ = open_library(tmp_path / "library")
    with library, pytest.raises(LibraryError, match="cli embed-audio"):
        TrackPools().current(library)


def test_towers_are_a_pool_once_they_are_trained(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/a.mp3", at(0)), heard("/b.mp3", at(40))])
        pools = TrackPools()
        assert pools.towers(library) is None
        run_id, _ = start_run(library, "train-tower", {})
        with library.transaction():
            publish(library, TOWER, run_id, [(np.array([1, 2]), np.stack([at(0), at(90)]))])
        assert len(pools.towers(library)) == 2 and pools.towers(library) is pools.current(library, TOWER)
