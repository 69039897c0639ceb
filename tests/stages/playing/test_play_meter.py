"""Plays measured by looking at a player: worked out by hand."""

import pytest

from earshot.stages.playing.play_meter import Look, Play, PlayMeter

NOON = 1_700_000_000.0


def look(song, elapsed=0.0, *, length=200.0, playing=True, uri=None):
    return Look(song, uri or f"{song}.mp3", playing, elapsed, length)


def plays(*looks):
    """The plays that end at looks at (seconds after noon, look)."""
    meter = PlayMeter()
    ended = [meter.look(one, NOON + at) for at, one in looks]
    return [play for play in ended if play is not None]


def test_a_song_that_is_followed_by_another():
    # begun 10 s before the first look; the next began 3 s before the last look, so it ended at 200 s
    (play,) = plays((0, look("1", 10.0)), (100, look("1", 110.0)), (193, look("2", 3.0)))
    assert play == Play("1.mp3", NOON - 10, 200.0, 200.0) and not play.is_skip and play.is_mostly_heard


def test_a_skip():
    (play,) = plays((0, look("1", 0.0)), (8, look("1", 8.0)), (9, look("2", 0.5)))
    assert play.played_s == 8.5 and play.is_skip and not play.is_mostly_heard


def test_a_pause_is_not_heard():
    paused = look("1", 50.0, playing=False)
    (play,) = plays((0, look("1", 0.0)), (50, paused), (500, paused), (501, look("1", 50.5)), (551, Look(None)))
    assert play.started_at == NOON and play.played_s == pytest.approx(100.5, abs=1)


def test_a_jump_is_not_heard():
    (play,) = plays((0, look("1", 0.0)), (20, look("1", 20.0)), (21, look("1", 180.0)), (41, look("2", 0.0)))
    assert play.played_s == pytest.approx(41.0), "20 s, a second around the jump, and 20 s"


def test_the_same_song_on_repeat():
    ended = plays(
        (0, look("1", 0.0)), (199, look("1", 199.0)), (201, look("1", 1.0)), (399, look("1", 199.0)), (401, Look(None))
    )
    assert [(play.started_at - NOON, play.played_s) for play in ended] == [(0, 200.0), (200, 200.0)]


def test_going_back_in_a_song_is_no_second_play():
    (play,) = plays(
        (0, look("1", 0.0)), (60, look("1", 60.0)), (61, look("1", 0.2)), (62, look("1", 1.2)), (63, Look(None))
    )
    assert play.played_s == pytest.approx(63.0)


def test_a_song_that_one_passes_by_is_none():
    assert plays((0, look("1", 0.0)), (0.4, look("2", 0.1)), (0.9, look("3", 0.2))) == []


def test_a_short_song_that_is_heard_is_no_skip():
    (play,) = plays((0, look("1", 0.0, length=12.0)), (11, look("1", 11.0, length=12.0)), (12.5, look("2", 0.5)))
    assert play.played_s == 12.0 and not play.is_skip


def test_a_stream_of_unknown_length():
    (play,) = plays((0, look("1", 0.0, length=None)), (40, look("1", 40.0, length=None)), (41, Look(None)))
    assert play.played_s == pytest.approx(41.0) and play.is_mostly_heard


def test_a_length_that_is_known_for_a_while_is_kept():
    (play,) = plays((0, look("1", 0.0, length=4.0)), (3, look("1", 3.0, length=None)), (4, look("2", 0.4)))
    assert (play.played_s, play.length_s) == (pytest.approx(3.6), 4.0) and not play.is_skip
