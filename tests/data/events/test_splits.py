"""The ways to part a log, each by hand."""

import numpy as np
import pytest

from earshot.data.events.interactions import KINDS, SPLITS, Interactions
from earshot.data.events.splits import default_protocol, merged, split_listens
from tower_world import checkerboard, listening


def rows(listens):
    """(user, track) of each event."""
    return list(zip(listens.user_rows.tolist(), listens.track_rows.tolist(), strict=True))


def clockwork(n=20):
    """Event i at second 100 i plays track i; users take turns."""
    return listening([(i % 2, i, 100 * i + 1) for i in range(n)], 2, n)


def test_one_moment_for_everybody():
    split = split_listens(clockwork(), "global", share=0.2, gap_s=0)
    # The cuts are the times at 60 % and 80 % of the log: those of events 11 and 15, which are before the cut.
    assert sorted(track for _, track in rows(split.train)) == list(range(12))
    assert sorted(track for _, track in rows(split.validation)) == [12, 13, 14, 15]
    assert sorted(track for _, track in rows(split.test)) == [16, 17, 18, 19]
    assert repr(split) == "<Split global: 12 train, 4 validation, 4 test>"


def test_nobody_sees_the_gap():
    split = split_listens(clockwork(), "global", share=0.2, gap_s=150)
    assert sorted(track for _, track in rows(split.train)) == list(range(10))  # 10 and 11 are within 150 s of the cut
    assert sorted(track for _, track in rows(split.validation)) == [12, 13]
    assert split.test.times.min() - split.validation.times.max() > 150


def test_each_listeners_own_last_part():
    events = [(0, track, track) for track in range(1, 11)] + [(1, track, track) for track in range(1, 4)]
    split = split_listens(listening(events, 2, 11), "per-user", share=0.2)
    assert rows(split.test) == [(0, 9), (0, 10)]
    assert rows(split.validation) == [(0, 7), (0, 8)]
    assert (1, 3) in rows(split.train)  # a fifth of three events is none


def test_the_last_two_events():
    events = [(0, 5, 1), (0, 6, 2), (0, 7, 3), (0, 8, 4), (1, 1, 1), (1, 2, 2)]
    split = split_listens(listening(events, 2, 9), "leave-one-out")
    assert rows(split.test) == [(0, 8)] and rows(split.validation) == [(0, 7)]
    assert rows(split.train) == [(0, 5), (0, 6), (1, 1), (1, 2)]  # who has but two is only learned from


def opinions(n_users, *events):
    """Events (user, track, time, kind), in this order."""
    users, tracks, times, kinds = (np.array(column) for column in zip(*events, strict=True))
    weights = np.ones(len(users), dtype=np.float32)
    codes = np.array([KINDS.index(kind) for kind in kinds], dtype=np.uint8)
    n_tracks = int(tracks.max()) + 1
    return Interactions(
        users.astype(np.int32), tracks.astype(np.int32), times.astype(np.int64), weights, n_users, n_tracks, codes
    )


def test_a_like_counts_until_it_is_taken_back():
    listens = [(0, track, 10 * track, "listen") for track in range(10)]
    likes = [(1, 0, 1, "like"), (1, 1, 2, "like"), (1, 2, 3, "like"), (1, 0, 5, "unlike"), (1, 3, 65, "like"),
             (1, 1, 70, "dislike"), (1, 4, 85, "like"), (1, 3, 90, "unlike"), (1, 2, 95, "unlike")]  # fmt: skip
    split = split_listens(opinions(2, *listens, *likes), "global", share=0.2, gap_s=0)
    # Of 15 positive events those until second 50 teach, and those after second 70 test.
    assert (split.train.times.max(), split.validation.times.min(), split.test.times.min()) == (50, 60, 80)
    assert rows(split.train)[-2:] == [(1, 1), (1, 2)], "0 was taken back before; 1 and 2 only later"
    assert (1, 3) in rows(split.validation) and rows(split.test)[-1] == (1, 4)
    known = rows(split.before_test())
    assert [pair for pair in known if pair[0] == 1] == [(1, 2), (1, 3)], "1 was taken back while one chose"
    assert not np.isin(split.before_test().kinds, [KINDS.index("unlike"), KINDS.index("dislike")]).any()


def test_an_opinion_belongs_to_what_came_before_it_where_everybody_has_cuts_of_their_own():
    events = [(0, 5, 1, "like"), (0, 6, 2, "like"), (0, 5, 3, "unlike"), (0, 7, 4, "listen"), (0, 6, 5, "dislike"),
              (0, 8, 6, "listen"), (1, 1, 1, "unlike"), (1, 1, 2, "like")]  # fmt: skip
    split = split_listens(opinions(2, *events), "leave-one-out")
    assert rows(split.test) == [(0, 8)] and rows(split.validation) == [(0, 7)]
    assert rows(split.train) == [(0, 6), (1, 1)] and rows(split.before_test()) == [(0, 7), (1, 1)]


def test_what_was_ever_taken_back_is_in_no_part_of_a_split_by_chance():
    events = [(user, track, 0, "listen") for user in range(4) for track in range(6)] + [(4, 0, 0, "like")]
    split = split_listens(opinions(5, *events, (4, 0, 0, "unlike")), "random", share=0.2)
    assert not any(user == 4 for part in (split.train, split.validation, split.test) for user, _ in rows(part))


def test_as_the_file_says():
    world = checkerboard(12)
    codes = np.where(world.track_rows == 3, 2, 0).astype(np.uint8)
    given = type(world)(world.user_rows, world.track_rows, world.times, world.weights, 12, 12, splits=codes)
    split = split_listens(given, "given", share=0.3, seed=1)
    assert {track for _, track in rows(split.test)} == {3}
    n = len(split.train) + len(split.validation)
    assert n == 60 - 5 and 5 < len(split.validation) < 30  # validation is carved from train
    assert rows(split_listens(given, "given", share=0.3, seed=1).train) == rows(split.train)
    codes[:4] = SPLITS.index("validation")
    named = split_listens(given, "given")
    assert rows(named.validation) == rows(world)[:4]


def test_by_chance_all_plays_of_a_track_go_the_same_way():
    world = listening([(0, track, 0) for track in range(200) for _ in range(3)], 1, 200)
    split = split_listens(world, "random", share=0.2, seed=4)
    parts = [set(rows(part)) for part in (split.train, split.validation, split.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert [len(part) for part in parts] == pytest.approx([120, 40, 40], abs=15)


def test_train_and_validation_joined_are_in_order():
    split = split_listens(clockwork(), "global", share=0.2, gap_s=0)
    known = split.before_test()  # the order is checked when it is made
    assert len(known) == 16 and sorted(known.track_rows.tolist()) == list(range(16))
    assert rows(merged(split.validation, split.train)) == rows(known)


def test_joined_logs_keep_their_kinds():
    world = clockwork(6)
    liked = type(world)(*(getattr(world, name) for name in ("user_rows", "track_rows", "times", "weights")), 2, 6,
                        kinds=(world.track_rows == 4).astype(np.uint8))  # fmt: skip
    is_early = liked.times < 300
    whole = merged(liked.select(~is_early), world.select(is_early))
    assert whole.track_rows[whole.kinds == 1].tolist() == [4] and rows(whole) == rows(world)


def test_what_cannot_be_parted_is_told():
    with pytest.raises(ValueError, match="these listens have no times, and global splits by them"):
        split_listens(checkerboard(6), "global")
    with pytest.raises(ValueError, match="these listens have no given split; a table needs a column `split`"):
        split_listens(checkerboard(6), "given")
    with pytest.raises(ValueError, match="protocol 'weekly'; there are global, per-user"):
        split_listens(checkerboard(6), "weekly")
    with pytest.raises(ValueError, match=r"share is 0\.5; it is above 0 and below \.5"):
        split_listens(checkerboard(6), "random", share=0.5)
    with pytest.raises(ValueError, match=r"leaves nothing to test, of 2 events\.\n\nTake another --split"):
        split_listens(listening([(0, 1, 1), (0, 2, 2)], 1, 3), "leave-one-out")


def test_the_last_day_and_the_day_before():
    day, half_hour = 86_400, 1_800
    ends = 10 * day
    moments = [1, ends - 2 * day - 2 * half_hour, ends - 2 * day - half_hour, ends - day - half_hour, ends - day, ends]
    split = split_listens(listening([(0, at, time) for at, time in enumerate(moments)], 1, 6), "yambda", gap_s=7)
    # A cut belongs to what is before it, and the half hour before a cut to nobody, whatever --gap says.
    assert rows(split.train) == [(0, 0), (0, 1)]
    assert rows(split.validation) == [(0, 3)]
    assert rows(split.test) == [(0, 5)]


def test_a_protocols_own_share_comes_first():
    split = split_listens(clockwork(), "loopback", share=0.3, gap_s=500)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [16, 2, 2]
    assert len(split.before_test()) == 16  # validation stays unknown
    assert len(split_listens(clockwork(), "global", share=0.1, gap_s=0).before_test()) == 18


def test_nothing_is_learned_from_held_out_listeners():
    events = [(user, at % 5, 100 * at + user) for user in range(50) for at in range(1, 11)]
    split = split_listens(listening(events, 50, 5), "next-track", seed=3)
    held_out = set(split.held_out_users.user_rows.tolist())
    assert 1 <= len(held_out) <= 12
    assert not held_out & {*split.train.user_rows.tolist(), *split.validation.user_rows.tolist()}
    assert held_out <= set(split.test.user_rows.tolist())
    assert len(split.all_events()) == 500 and rows(split.all_events()) == rows(listening(events, 50, 5))
    again = split_listens(listening(events, 50, 5), "next-track", seed=3)
    assert set(again.held_out_users.user_rows.tolist()) == held_out


def test_the_default_protocol_depends_on_times_and_given_splits():
    assert default_protocol(checkerboard(4)) == ("random", "")
    timed = clockwork()
    assert default_protocol(timed, gap_s=0) == ("global", "")
    given = type(timed)(
        timed.user_rows, timed.track_rows, timed.times, timed.weights, 2, 20, splits=np.zeros(20, np.uint8)
    )
    assert default_protocol(given) == ("given", "")


def test_a_log_of_one_moment_is_split_otherwise():
    at_once = listening([(user, place, min(100 * place, 900)) for user in range(2) for place in range(12)], 2, 12)
    protocol, why = default_protocol(at_once, gap_s=0)
    assert protocol == "per-user" and why.endswith("of 24 events, as 6 of them bear one time")
    assert len(split_listens(at_once, protocol).test) == 2
    apiece = listening([(user, user, 900) for user in range(50)], 50, 50)
    assert default_protocol(apiece)[0] == "random"
    assert default_protocol(listening([(0, 0, 5)], 1, 1)) == ("global", "")  # which says that it leaves nothing
