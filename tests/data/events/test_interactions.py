"""Events of three users, and likes and dislikes of two, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from earshot.data.events import interactions
from earshot.data.events.interactions import (
    DISLIKE,
    LIKE,
    LISTEN,
    UNDISLIKE,
    UNLIKE,
    Interactions,
    active_mask,
    blocks,
    disliked_pairs,
    without_dislikes,
)


def listening(users=(0, 0, 0, 2), tracks=(1, 0, 1, 4), times=(5, 5, 3_000, 7), **others):
    """User 1 of three heard nothing; tracks 2 and 3 of five were never heard."""
    columns = {"user_rows": np.array(users, np.int32), "track_rows": np.array(tracks, np.int32)}
    columns |= {"times": np.array(times, np.int64), "weights": np.ones(len(users), np.float32)}
    return Interactions(**(columns | {"n_users": 3, "n_tracks": 5} | others))


def test_it_introduces_itself():
    assert repr(listening()) == "<Interactions 3 users x 5 tracks, 4 events>" and len(listening()) == 4


def test_where_each_user_begins():
    assert listening().user_offsets().tolist() == [0, 3, 3, 4]
    assert listening((), (), ()).user_offsets().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"track_rows": np.array([1, 0, 1, 5], np.int32)}, "track row 5 among 5 tracks"),
        ({"track_rows": np.array([1, -1, 1, 4], np.int32)}, "track row -1 among 5 tracks"),
        ({"n_users": 2}, "user row 2 among 2 users"),
        ({"times": np.array([5, 5, 4, 7])}, "event 2 is not in the order of users and times"),
        ({"user_rows": np.array([0, 2, 2, 0], np.int32)}, "event 3 is not in the order"),
        ({"weights": np.array([1, 1, -0.5, 1], np.float32)}, "weight -0.5 of an event; weights are not negative"),
        ({"weights": np.array([1, 1, np.nan, 1], np.float32)}, "weight nan of an event"),
        ({"weights": np.ones(4)}, r"weights must be float32 of shape \(4,\), and is float64 of shape \(4,\)"),
        ({"times": np.zeros(3, np.int64)}, r"times must be int64 of shape \(4,\), and is int64 of shape \(3,\)"),
        ({"kinds": np.array([0, 5, 0, 0], np.uint8)}, "kind 5 is none of 5"),
        ({"splits": np.array([0, 3, 0, 0], np.uint8)}, "split 3 is none of 3"),
        ({"splits": np.zeros((4, 1), np.uint8)}, "splits must be uint8"),
    ],
)
def test_what_does_not_fit_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(listening(), **changes)


def test_the_order_is_checked_across_blocks(monkeypatch):
    monkeypatch.setattr(interactions, "blocks", lambda n: blocks(n, 2))
    assert len(listening()) == 4
    with pytest.raises(ValueError, match="event 2 is not in the order"):
        listening(times=(5, 6, 4, 7))


def test_events_of_one_kind():
    mixed = replace(listening(), kinds=np.array([0, 1, 0, 1], np.uint8), splits=np.array([0, 0, 1, 2], np.uint8))
    likes = mixed.of_kind("like")
    assert (likes.user_rows.tolist(), likes.track_rows.tolist(), likes.times.tolist()) == ([0, 2], [0, 4], [5, 7])
    assert likes.kinds.tolist() == [1, 1] and likes.splits.tolist() == [0, 2] and likes.n_tracks == 5
    assert listening().of_kind("listen").track_rows.tolist() == [1, 0, 1, 4]
    assert len(listening().of_kind("dislike")) == 0


def test_arrays_may_lie_on_disk(tmp_path):
    path = tmp_path / "times.npy"
    np.save(path, np.array([5, 5, 3_000, 7]))
    mapped = replace(listening(), times=np.load(path, mmap_mode="r"))
    assert isinstance(mapped.times, np.memmap) and mapped.select(np.array([1, 0, 0, 1], bool)).times.tolist() == [5, 7]


OPINIONS = np.array(
    [
        (0, 1, LIKE), (0, 1, UNLIKE), (0, 2, LISTEN), (0, 2, DISLIKE), (0, 3, UNLIKE), (0, 3, LIKE),
        (1, 1, LIKE), (1, 2, DISLIKE), (1, 2, UNDISLIKE), (1, 3, DISLIKE), (1, 3, LIKE),
        (1, 4, UNDISLIKE), (1, 4, DISLIKE), (1, 5, LIKE), (1, 5, DISLIKE),
    ]
)  # fmt: skip
OPINION_COLUMNS = OPINIONS[:, 0].astype(np.int32), OPINIONS[:, 1].astype(np.int32), OPINIONS[:, 2].astype(np.uint8)


def test_a_like_stands_until_it_is_taken_back():
    assert OPINIONS[active_mask(*OPINION_COLUMNS)][:, :2].tolist() == [[0, 2], [0, 3], [1, 1], [1, 3]]


def test_who_dislikes_what_in_the_end():
    users, tracks = disliked_pairs(*OPINION_COLUMNS)
    assert list(zip(users.tolist(), tracks.tolist(), strict=True)) == [(0, 2), (1, 4), (1, 5)]


def test_opinions_of_nobody():
    nothing = [column[:0] for column in OPINION_COLUMNS]
    assert len(active_mask(*nothing)) == 0 and [part.tolist() for part in disliked_pairs(*nothing)] == [[], []]


def test_dislikes_are_no_listens():
    events = listening([0] * 5, range(5), range(5))
    kinds = np.arange(5, dtype=np.uint8)  # listen, like, dislike, unlike, undislike
    assert without_dislikes(replace(events, kinds=kinds)).track_rows.tolist() == [0, 1]
    assert without_dislikes(events) is events
