"""Facts of tracks, and facts that contradict each other."""

import numpy as np
import pytest

from earshot.data.catalog import Catalog
from tower_world import catalog


def test_content_is_what_others_may_share():
    tracks = catalog(3, artists=[0, -1, -1], audio=[[0, 0], [0, 1], [0, 0]])
    np.testing.assert_array_equal(tracks.has_audio(), [False, True, False])
    np.testing.assert_array_equal(tracks.has_content(), [True, True, False])
    np.testing.assert_array_equal(tracks.has_content(with_audio=False), [True, False, False])
    assert repr(tracks) == "<Catalog 3 tracks, 1 with audio, 1 artists>"


def test_bare_numbers_have_no_content():
    bare = catalog(4, seconds=np.nan)
    assert len(bare) == 4 and not bare.has_content().any() and not bare.has_audio().any()


def test_contradictions_are_refused():
    unknown, seconds = np.full(2, -1, dtype=np.int32), np.full(3, np.nan, dtype=np.float32)
    with pytest.raises(ValueError, match="seconds tells of 3 tracks, and artist_rows of 2"):
        Catalog(unknown, unknown, seconds, 0, 0)
    with pytest.raises(ValueError, match="artist rows from -1 to 4 among 4 artists"):
        Catalog(np.array([-1, 4], dtype=np.int32), unknown, seconds[:2], 4, 0)
