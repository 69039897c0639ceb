"""Single plays, by track, listener and time: listed as often as they were told, and taken back all or none."""

from datetime import datetime, timedelta

import pytest

from earshot.index.library import LibraryError
from earshot.index.listens import feedback_log
from earshot.index.recordings.recordings import group_recordings, store_same
from earshot.index.removal import prune_missing
from earshot.index.tracks.track_store import set_status
from earshot.stages.playing.feedback import record_like, record_play, record_plays
from earshot.stages.playing.play_log import forget_plays, recorded_plays
from earshot.stages.shared.reports import StageError
from library_world import add, at, heard, open_library

NEW_YEAR = int(datetime(2025, 1, 1).timestamp())  # local, as bounds are
HOUR = 3_600


@pytest.fixture
def library(tmp_path):
    """Ana played One before, and Two and again One after New Year's Eve; ben One, at noon."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{title}.mp3", at(0), title=title, artist="Air") for title in ("One", "Two")])
        record_plays(library, "ana", [(1, NEW_YEAR - HOUR), (2, NEW_YEAR), (1, NEW_YEAR + HOUR)])
        record_like(library, "ana", 1, NEW_YEAR + 2 * HOUR)
        record_play(library, "ben", 1, NEW_YEAR + 12 * HOUR, 61.5)
        yield library


def told(library, *arguments, **bounds):
    return [
        (play.listener, play.event.track_id, (play.event.time_s - NEW_YEAR) // HOUR)
        for play in recorded_plays(library, *arguments, **bounds)
    ]


def test_plays_are_listed_the_latest_first(library):
    everything = [("ben", 1, 12), ("ana", 1, 1), ("ana", 2, 0), ("ana", 1, -1)]
    assert told(library) == everything and told(library, k=2) == everything[:2]
    assert told(library, listener="ana") == everything[1:]
    assert told(library, "One") == [everything[0], everything[1], everything[3]]
    assert told(library, 2) == [everything[2]]
    noon = datetime.fromtimestamp(NEW_YEAR) + timedelta(hours=12)
    assert told(library, since=datetime(2025, 1, 1), before=noon) == everything[1:3], "a bound is the first moment"
    (play,) = recorded_plays(library, k=1)
    assert (play.artist, play.title, play.event.played_ms) == ("Air", "One", 61_500)
    assert play.began.timestamp() == NEW_YEAR + 12 * HOUR


def test_a_play_belongs_to_its_recording_and_outlives_its_file(library):
    head = library.value("SELECT run_id FROM spaces")
    (copy,) = add(library, head, [heard("/copy.flac", at(0), title="Another name")])
    store_same(library, [(2, copy, "sound", 0.9)])
    with library.transaction():
        group_recordings(library)
        set_status(library, "/Two.mp3", 1, 1, "missing", None)
    assert told(library, "Another name") == [("ana", 2, 0)]
    prune_missing(library, [1, 2])
    assert [play.title for play in recorded_plays(library, copy)] == ["Two"]


def test_what_is_taken_back_was_never_played(library):
    forget_plays(library, recorded_plays(library, "One"))
    assert told(library) == [("ana", 2, 0)]
    assert library.value("SELECT sum(n_events) FROM listens") == 2, "the like stays"
    forget_plays(library, [])


def test_a_failure_in_the_middle_leaves_all(library, monkeypatch):
    before = told(library)

    def failing(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feedback_log, "record", failing)
    with pytest.raises(OSError, match="No space left"):
        forget_plays(library, recorded_plays(library, "One")[::-1])  # first the file of 2024, of which nothing is left
    assert told(library) == before


def test_what_is_unknown_is_said(library):
    with pytest.raises(StageError, match="answers to 'Three'"):
        recorded_plays(library, "Three")
    with pytest.raises(LibraryError, match="No listener is called 'eve'"):
        recorded_plays(library, listener="eve")
