"""Feedback of one listener: what is told twice counts once."""

import polars as pl
import pytest

from earshot.data.events.event_log import LogError, check_log
from earshot.data.events.feedback_events import Feedback, FeedbackEvent
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNLIKE

NOON = 1_700_000_000
SONG_S = 200.0


def told(*events: FeedbackEvent, length_s: float | None = SONG_S) -> Feedback:
    feedback = Feedback.read(None, 3)
    for event in events:
        feedback = feedback.with_event(event, length_s) or feedback
    return feedback


def play(at: float, played_s: float | None = None, track: int = 7) -> FeedbackEvent:
    ms = None if played_s is None else round(played_s * 1_000)
    return FeedbackEvent(track, NOON + int(at), LISTEN, ms, None if ms is None else ms / 1_000 / SONG_S)


def opinion(at: int, kind: int, track: int = 7) -> FeedbackEvent:
    return FeedbackEvent(track, NOON + at, kind)


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        (play(0, 200), play(0, 200), 1),  # the very same
        (play(0, 200), play(20, 180), 1),  # another program began to count later
        (play(0), play(150), 1),  # nobody measured: a whole song each
        (play(0, 200), play(200, 200), 2),  # on repeat
        (play(0, 8), play(12, 200), 2),  # skipped, and begun again
        (play(0, 200), play(0, 200, track=8), 2),
    ],
)
def test_plays_that_overlap_are_one(first, second, n):
    assert len(told(first, second)) == len(told(second, first)) == n


def test_the_longer_of_two_reports_is_kept():
    short, long, unmeasured = play(0, 20), play(5, 150), play(0)
    for order in ((short, long), (long, short), (unmeasured, long, short)):
        (kept,) = told(*order).latest(9)
        assert (kept.played_ms, kept.ratio) == (150_000, 0.75)
        assert kept.time_s == order[0].time_s


def test_of_a_track_of_unknown_length_only_measured_time_overlaps():
    assert len(told(play(0), play(30), length_s=None)) == 2
    assert len(told(play(0), play(0), length_s=None)) == 1


def test_an_opinion_is_told_once_until_it_changes():
    likes = told(opinion(0, LIKE), opinion(9, LIKE), opinion(10, UNLIKE), opinion(11, LIKE), opinion(11, DISLIKE))
    assert [(one.kind, one.time_s - NOON) for one in likes.latest(9)[::-1]] == [
        (LIKE, 0),
        (UNLIKE, 10),
        (LIKE, 11),
        (DISLIKE, 12),  # in the second after, so that it stays the last
    ]
    assert len(told(opinion(0, LIKE), opinion(0, LIKE, track=8), play(0))) == 3


def test_events_are_by_time_and_the_latest_come_first():
    feedback = told(play(500, 100), play(0, 100), opinion(250, LIKE))
    assert [one.time_s - NOON for one in feedback.latest(2)] == [500, 250]
    assert (len(feedback), feedback.n_tracks) == (3, 1)


def test_one_event_is_removed():
    feedback = told(play(0, 100), play(300, 100))
    assert feedback.without_events([play(300, 100), play(301)]).latest(9) == [play(0, 100)]
    assert feedback.without_events([play(301), play(300, track=8)]) is None and len(feedback) == 2


def test_a_file_is_read_back_as_it_was_written(tmp_path):
    feedback = told(play(0, 100), opinion(1, LIKE))
    path = tmp_path / "feedback.parquet"
    feedback.write(path)
    check_log(path, "track", 2)
    assert pl.read_parquet(path).equals(feedback.events) and Feedback.read(path, 3).latest(9) == feedback.latest(9)
    feedback.events.with_columns(time_s=pl.lit(None, pl.Int64)).write_parquet(path)
    with pytest.raises(LogError, match="holds an event without listener, track, time or kind"):
        Feedback.read(path, 3)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LogError, match=r"feedback\.parquet is damaged"):
        Feedback.read(path, 3)
