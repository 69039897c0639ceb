"""A listen that several exports tell counts once, however their clocks differ."""

from collections import Counter
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from earshot.data.events.repeats import without_repeats

NOON = 1_715_000_400  # a whole minute


def events(*rows):
    """Events as (source, item, seconds after noon, milliseconds played); None for an unknown time."""
    frame = pl.DataFrame(
        rows, {"source": pl.UInt32, "item_id": pl.Int32, "time_s": pl.Int64, "played_ms": pl.Int32}, orient="row"
    )
    return frame.with_columns(pl.col("time_s") + NOON, user_id=pl.lit(1), kind=pl.lit(0, pl.UInt8))


def kept(*rows):
    """The rows that stay."""
    frame = without_repeats(events(*rows)).with_columns(pl.col("time_s") - NOON)
    return frame.select("source", "item_id", "time_s", "played_ms").rows()


def test_to_the_second_and_within_one_source_nothing_is_a_repeat():
    twice = [(0, 5, 10, None), (0, 5, 10, None), (0, 5, 12, None)]
    assert kept(*twice) == twice
    assert kept(*twice, *[(1, *row[1:]) for row in twice], (1, 6, 10, None)) == [*twice, (1, 6, 10, None)]
    assert kept((0, 5, 10, None), (1, 5, 10, None), (1, 5, 10, None)) == [(0, 5, 10, None), (1, 5, 10, None)]


def test_events_without_a_time_are_all_kept():
    rows = [(0, 5, None, None), (1, 5, None, None), (1, 5, 3, None)]
    assert kept(*rows) == rows


def test_an_opinion_without_a_time_counts_once():
    likes = events((0, 5, None, None), (1, 5, None, None), (1, 6, None, None), (2, 5, 3, None))
    assert without_repeats(likes.with_columns(kind=pl.lit(1, pl.UInt8)))["item_id"].to_list() == [5, 6, 5]


@pytest.mark.parametrize(("apart", "n_kept"), [(1, 1), (30, 1), (31, 2), (59, 2)])
def test_clocks_of_two_programs_differ_by_half_a_minute(apart, n_kept):
    assert len(kept((0, 5, 7, None), (1, 5, 7 + apart, None))) == n_kept
    assert len(kept((0, 5, 7 + apart, None), (1, 5, 7, None))) == n_kept


@pytest.mark.parametrize(("second", "n_kept"), [(0, 1), (45, 1), (59, 1), (61, 2), (-20, 1), (-35, 2)])
def test_a_source_without_seconds_means_the_whole_minute(second, n_kept):
    for rows in ([(0, 5, 0, None), (1, 5, second, None)], [(0, 5, second, None), (1, 5, 0, None)]):
        assert len(kept(*rows)) == n_kept
    if n_kept == 1 and second:
        assert kept((0, 5, 0, None), (1, 5, second, 9_000)) == [(1, 5, second, 9_000)]  # the more exact one


def test_the_minute_in_which_a_track_ended():
    # 216.783 s that ended at 12:03 by one export and at 12:03:52 by the other
    assert kept((0, 5, 180 - 216, 216_783), (1, 5, 232 - 216, 216_783)) == [(1, 5, 16, 216_783)]
    assert len(kept((0, 5, 181 - 216, 216_783), (1, 5, 232 - 216, 216_783))) == 2  # two ends to the second


def test_each_listen_repeats_one_of_another_source():
    restarted = [(0, 5, 3, None), (0, 5, 13, None), (0, 5, 23, None)]
    assert kept(*restarted, *[(1, 5, second + 4, None) for _, _, second, _ in restarted]) == restarted
    # the first of the second source is that of the first source; the next one is another play
    assert kept((0, 5, 3, None), (1, 5, 3, None), (1, 5, 20, None)) == [(0, 5, 3, None), (1, 5, 20, None)]
    assert kept((0, 5, 3, None), (1, 5, 5, None), (1, 5, 20, None)) == [(0, 5, 3, None), (1, 5, 20, None)]


def test_many_sources_hold_one_listen():
    rows = [(source, 5, 7 + source % 5, None) for source in range(20)]
    assert len(kept(*rows)) == 1 and len(kept(*rows, (3, 5, 24, None))) == 2


def test_another_track_listener_or_kind_is_no_repeat():
    assert len(kept((0, 5, 7, None), (1, 6, 8, None))) == 2
    frame = events((0, 5, 7, None), (1, 5, 8, None))
    for other in ({"user_id": pl.Series([1, 2])}, {"kind": pl.Series([0, 1])}):
        assert len(without_repeats(frame.with_columns(**other))) == 2


def test_the_naive_way_says_the_same(rng):
    """Two sources of plays minutes apart, the second by a clock of its own: whatever both hold is there once."""
    for _ in range(30):
        known = [(item, 400 * place + 7) for place, item in enumerate(rng.integers(0, 3, 40).tolist())]
        one, other = rng.random((2, 40)) < 0.7
        shifts = rng.integers(-30, 31, 40)
        rows = [(0, item, second, None) for (item, second), has in zip(known, one, strict=True) if has]
        rows += [
            (1, item, second + shift, None)
            for (item, second), has, shift in zip(known, other, shifts.tolist(), strict=True)
            if has
        ]
        assert len(kept(*rows)) == int((one | other).sum())


DAY = 86_400
MIDNIGHT = NOON - NOON % DAY - NOON  # seconds after noon, for `kept`


def test_a_source_of_days_repeats_what_others_tell_of_them():
    singles = [(0, 5, 40, None), (0, 5, 90, None), (0, 6, 400, None)]
    assert kept(*singles, (1, 5, MIDNIGHT, None), (1, 6, MIDNIGHT, None)) == singles
    # the third play of a day, another song and the day before are known by the days alone
    more = [(1, 5, MIDNIGHT, None), (1, 7, MIDNIGHT, None), (1, 6, MIDNIGHT - DAY, None)]
    days = [(1, 5, MIDNIGHT, None)] * 3 + more[1:]
    assert kept(*singles, *days) == [*singles, *more]
    # two sources of days, and one with a play at midnight beside others
    assert kept(*days, *[(2, *row[1:]) for row in days]) == days
    assert len(kept((0, 5, MIDNIGHT, None), (0, 6, 400, None), (1, 5, 90, None))) == 3


def test_of_the_plays_of_a_day_those_are_left_that_nothing_else_tells():
    frame = events((0, 5, 40, None), (0, 5, 90, None), (1, 5, MIDNIGHT, None), (1, 6, MIDNIGHT, None))
    frame = frame.with_columns(plays=pl.Series([1, 1, 5, 2], dtype=pl.Float32))
    assert without_repeats(frame)["plays"].to_list() == [1, 1, 3, 2]
    few = frame.with_columns(plays=pl.Series([1, 1, 2, 2], dtype=pl.Float32))
    assert without_repeats(few).select("item_id", "plays").rows() == [(5, 1), (5, 1), (6, 2)]


def test_two_plays_at_other_days_are_no_sign_of_another_zone():
    """A play at one o'clock and another on the day before, in a source of days: by chance the zone would fit."""
    assert len(kept((0, 5, MIDNIGHT + 3_600, None), (1, 5, MIDNIGHT - DAY, None))) == 2


def history(rng, n_plays):
    """(item, seconds after noon), minutes to hours apart; now and then a song is played twice in a row."""
    items = rng.integers(0, 60, n_plays)
    items[1::9] = items[::9][: len(items[1::9])]
    return list(zip(items.tolist(), np.cumsum(rng.integers(150, 9_000, n_plays)).tolist(), strict=True))


@pytest.mark.parametrize("zone_h", [0, -8, 9])
def test_of_three_overlapping_sources_each_play_counts_once(rng, zone_h):
    """One to the second, one that knows when a song ended to the minute, one with days of the listener's zone."""
    plays = history(rng, 600)
    assert sum(one[0] == other[0] for one, other in pairwise(plays)) > 50
    exact = [(0, item, second, 140_000) for item, second in plays[:400]]
    minutes = [(1, item, (second + 140 + NOON) // 60 * 60 - NOON - 140, 140_000) for item, second in plays[200:500]]
    local = [(item, (second + NOON + 3_600 * zone_h) // DAY * DAY - NOON) for item, second in plays[100:600]]
    days = [(2, item, second, None) for item, second in local]
    assert len(kept(*exact)) == 400 and len(kept(*exact, *minutes)) == 500
    found = without_repeats(events(*exact, *minutes, *days))
    assert Counter(found["item_id"].to_list()) == Counter(item for item, _ in plays)
    assert len(found.filter(pl.col("source") == 2)) == 100
