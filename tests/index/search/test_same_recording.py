"""Copies of one recording, by their excerpts."""

import numpy as np
import pytest

from earshot.index.runs import start_run
from earshot.index.search.same_recording import ExcerptVectors, is_copy, read_excerpts
from library_world import add, at, heard, open_library


def track(*degrees: float) -> ExcerptVectors:
    return ExcerptVectors(np.array([at(angle) for angle in degrees]), [30.0 * place for place in range(len(degrees))])


LAST = 77.0  # degrees of a last excerpt, which is left out


def test_a_copy_differs_little_beside_its_own_changes():
    """Excerpts 20 degrees apart differ by 1 - cos 20 = 0.0603; a copy differs by less than three tenths of it, 0.0181.

    1 - cos 10 = 0.0152 and 1 - cos 11 = 0.0184.
    """
    song = track(0, 20, LAST)
    assert is_copy(song, track(10, 30, LAST))
    assert not is_copy(song, track(11, 31, LAST))


def test_a_copy_differs_little_at_all():
    """Of a song that changes much (three tenths of 1 - cos 90 would allow 0.3), a copy differs by less than 0.08.

    1 - cos 23 = 0.0795 and 1 - cos 24 = 0.0865.
    """
    song = track(0, 90, LAST)
    assert is_copy(song, track(23, 113, LAST))
    assert not is_copy(song, track(24, 114, LAST))


def test_a_track_is_a_copy_of_itself():
    assert is_copy(track(0, 20, 70), track(0, 20, 70))


def test_the_same_moments_in_another_order_are_another_recording():
    assert not is_copy(track(0, 60, 120, LAST), track(120, 60, 0, LAST))


def test_the_mean_counts_not_one_moment():
    # Differences 0, 0 and 1 - cos 35 = 0.181: in the mean 0.060.
    assert is_copy(track(0, 60, 120, LAST), track(0, 60, 155, LAST))


def test_excerpts_too_many_are_left_aside():
    assert is_copy(track(0, 60, 120, LAST), track(1, 61, 0))
    assert is_copy(track(0, 60, 0), track(1, 61, 121, LAST))


@pytest.mark.parametrize(
    ("one", "other"), [((0, 60), (0, 60)), ((0, 60, 9), (0, 60)), ((0,), (0, 60, 9)), ((0, 60), ())]
)
def test_fewer_than_three_excerpts_prove_nothing(one, other):
    assert not is_copy(track(*one), track(*other))


def test_a_track_that_never_changes_has_no_copies():
    """A drone: its own excerpts do not differ, so nothing can differ less."""
    assert not is_copy(track(10, 10, 10), track(11, 11, 11))
    assert not is_copy(track(10, 10, 10), track(10, 10, 10))


def test_excerpts_are_read_in_order_and_of_the_run_in_use(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/a.mp3", at(0), excerpts=[at(1), at(2), at(3)], starts=[5.0, 65.0, 125.0])])
        _, other = start_run(library, "embed-audio", {}, fingerprint="new ear")
        add(library, other, [heard("/a.mp3", at(0), excerpts=[at(9)])])
        excerpts = read_excerpts(library, 1)
        assert excerpts.starts == [5.0, 65.0, 125.0]
        np.testing.assert_array_equal(excerpts.vectors, [at(1), at(2), at(3)])
        assert excerpts.vectors.dtype == np.float32
        assert read_excerpts(library, 99).starts == []
