"""Each recommendation names the play that is nearest to it."""

import pytest

from earshot.index.library import LibraryError
from earshot.stages.playing.feedback import record_dislike, record_play
from earshot.stages.recommend import reasons_for
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Five tracks on a circle, at 0, 10, 20, 90 and 100 degrees; tracks 1 and 4 were played."""
    library, head = open_library(tmp_path / "library")
    with library:
        degrees = (0, 10, 20, 90, 100)
        add(library, head, [heard(f"/{n}.mp3", at(angle), title=f"at {angle}") for n, angle in enumerate(degrees)])
        record_play(library, "ann", 1, 1_700_000_000, 180)
        record_play(library, "ann", 4, 1_700_001_000, 180)
        yield library


def names(library, *track_ids):
    return {track: reason.track.title for track, reason in reasons_for(library, "ann", track_ids).items()}


def test_the_nearest_play_is_the_reason(library):
    assert names(library, 2, 3, 5) == {2: "at 0", 3: "at 0", 5: "at 90"}
    assert reasons_for(library, "ann", [2])[2].score == pytest.approx(0.9848, abs=1e-4)  # the cosine of 10 degrees


def test_a_play_is_no_reason_for_itself(library):
    assert names(library, 1) == {1: "at 90"}


def test_what_was_disliked_since_is_no_reason(library):
    record_dislike(library, "ann", 1)
    assert names(library, 2) == {2: "at 90"}


def test_without_vectors_there_is_no_reason(library):
    assert names(library, 77) == {}


def test_a_stranger_is_named(library):
    with pytest.raises(LibraryError, match="No listener is called 'bob'"):
        reasons_for(library, "bob", [2])
