"""Playbacks by a clock: how much was heard, whatever players leave out."""

import pytest

from earshot.web.subsonic.playbacks import PAUSED, PLAYING, STARTING, STOPPED, Playback, Playbacks


class Reports:
    """Reports of one player at times of a test."""

    def __init__(self):
        self.playbacks, self.now = Playbacks(), 1_000.0

    def report(self, after, track, state, position, **more):
        self.now += after
        playback = Playback("ana", "phone", track, 180.0, self.now, self.now, state, position, **more)
        self.playbacks.report(playback, self.now)

    def heard(self):
        return [(one.track_id, one.since, pytest.approx(one.heard_s)) for one in self.playbacks.ended]


@pytest.fixture
def player():
    return Reports()


def test_the_time_that_it_played_was_heard(player):
    player.report(0, 1, STARTING, 0)
    player.report(5, 1, PLAYING, 0)  # it loaded for so long
    player.report(20, 1, PAUSED, 20)
    player.report(600, 1, PLAYING, 20)
    player.report(10, 1, STOPPED, 30)
    assert player.heard() == [(1, 1_000.0, 30)] and player.playbacks.playing(player.now) == []


def test_a_jump_is_not_heard_and_a_stall_is_not_either(player):
    player.report(0, 1, PLAYING, 0)
    player.report(10, 1, PLAYING, 150)  # forwards
    player.report(10, 1, PLAYING, 20)  # backwards
    player.report(30, 1, STOPPED, 25)  # it stood for 25 seconds
    assert player.heard() == [(1, 1_000.0, 25)]


def test_another_song_ends_the_one_before(player):
    player.report(0, 1, PLAYING, 0)
    player.report(12, 2, STARTING, 0)
    player.report(0, 2, PLAYING, 0)
    player.report(500, 3, PLAYING, 0)
    assert player.heard() == [(1, 1_000.0, 12), (2, 1_012.0, 180)], "no more than there is"


def test_the_same_song_from_its_start_is_another_play(player):
    player.report(0, 1, PLAYING, 0)
    player.report(180, 1, STARTING, 0)
    player.report(0, 1, PLAYING, 0)
    player.report(30, 1, STOPPED, 30)
    assert player.heard() == [(1, 1_000.0, 180), (1, 1_180.0, 30)]


def test_a_player_that_vanishes_has_played_to_the_end(player):
    player.report(0, 1, PLAYING, 100)
    assert player.playbacks.playing(player.now + 100) and not player.playbacks.playing(player.now + 141)
    player.playbacks.begin("ben", "car", 7, 60.0, player.now + 1_000)
    assert player.heard() == [(1, 1_000.0, 80)]


def test_speed_counts_what_was_heard_of_the_song(player):
    player.report(0, 1, PLAYING, 0, rate=2.0)
    assert player.playbacks.playing(player.now + 10)[0].position_at(player.now + 10) == 20
    player.report(10, 1, STOPPED, 20)
    assert player.heard() == [(1, 1_000.0, 20)]


def test_what_is_not_to_be_kept_or_was_not_heard_is_not(player):
    player.report(0, 1, PLAYING, 0)
    player.report(30, 1, STOPPED, 30, is_kept=False)
    player.report(0, 2, STARTING, 0)
    player.report(0.5, 2, STOPPED, 0)
    player.report(0, 3, STOPPED, 100)
    assert player.heard() == []


def test_a_song_that_only_began_is_shown_until_it_is_over(player):
    begin, now = player.playbacks.begin, player.now
    begin("ana", "phone", 1, 180.0, now)
    begin("ben", "car", 2, 0.0, now + 1)
    begin("ben", "car", 3, 100.0, now + 2)
    assert [(one.listener, one.track_id) for one in player.playbacks.playing(now + 3)] == [("ben", 3), ("ana", 1)]
    assert player.playbacks.begun("ana", "phone", 1, now + 3) == now
    assert (
        player.playbacks.begun("ana", "phone", 2, now + 3) is player.playbacks.begun("ana", "car", 1, now + 3) is None
    )
    assert [one.listener for one in player.playbacks.playing(now + 200)] == ["ana"]
    assert player.playbacks.begun("ana", "phone", 1, now + 241) is None and player.heard() == []


def test_a_report_is_known_better_than_a_beginning(player):
    player.report(0, 1, PLAYING, 0)
    player.playbacks.begin("ana", "phone", 1, 180.0, player.now + 5)
    player.report(10, 1, STOPPED, 10)
    assert player.heard() == [(1, 1_000.0, 10)]
