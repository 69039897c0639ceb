"""The same recording again, or not."""

import numpy as np
import pytest
from library_world import add, at, heard, open_library

from index.copies import ExcerptVectors, is_copy, read_excerpts


def track(*degrees: float) -> ExcerptVectors:
    return ExcerptVectors(np.array([at(angle) for angle in degrees]), [30.0 * place for place in range(len(degrees))])


def test_the_threshold_by_hand():
    """Excerpts 60 degrees apart differ by 1 - cos 60 = 0.5; a copy differs by less than half of that, 0.25.

    1 - cos 41 = 0.2453 and 1 - cos 42 = 0.2569.
    """
    song = track(0, 60)
    assert is_copy(song, track(41, 101))
    assert not is_copy(song, track(42, 102))


def test_a_track_is_a_copy_of_itself():
    assert is_copy(track(0, 20, 70), track(0, 20, 70))


def test_the_same_moments_in_another_order_are_another_recording():
    assert not is_copy(track(0, 60, 120), track(120, 60, 0))


def test_the_mean_counts_not_one_moment():
    # Differences 0, 0 and 1 - cos 40 = 0.234: in the mean 0.078, against 0.2 * (0.5 + 0.5 + 1.5) / 3 = 0.167.
    assert is_copy(track(0, 60, 120), track(0, 60, 160))


def test_excerpts_too_many_are_left_aside():
    assert is_copy(track(0, 60, 120), track(1, 61))
    assert is_copy(track(0, 60), track(1, 61, 121))


@pytest.mark.parametrize(("one", "other"), [((0,), (0,)), ((0, 60), (0,)), ((0,), (0, 60)), ((0, 60), ())])
def test_a_single_excerpt_proves_nothing(one, other):
    assert not is_copy(track(*one), track(*other))


def test_a_track_that_never_changes_has_no_copies():
    """A drone: its own excerpts do not differ, so nothing can differ less."""
    assert not is_copy(track(10, 10, 10), track(11, 11, 11))
    assert not is_copy(track(10, 10, 10), track(10, 10, 10))


def test_excerpts_are_read_in_order_and_of_the_run_in_use(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(0), excerpts=[at(1), at(2), at(3)], starts=[5.0, 65.0, 125.0])])
        _, other = library.start_run("embed-audio", {}, fingerprint="new ear")
        add(library, other, [heard("/a.mp3", at(0), excerpts=[at(9)])])
        excerpts = read_excerpts(library, 1)
        assert excerpts.starts == [5.0, 65.0, 125.0]
        np.testing.assert_array_equal(excerpts.vectors, [at(1), at(2), at(3)])
        assert excerpts.vectors.dtype == np.float32
        assert read_excerpts(library, 99).starts == []
