"""Likes and dislikes by hand: what was said last is what counts."""

import numpy as np

from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNDISLIKE, UNLIKE, active_mask, disliked_pairs

EVENTS = np.array(
    [
        (0, 1, LIKE), (0, 1, UNLIKE), (0, 2, LISTEN), (0, 2, DISLIKE), (0, 3, UNLIKE), (0, 3, LIKE),
        (1, 1, LIKE), (1, 2, DISLIKE), (1, 2, UNDISLIKE), (1, 3, DISLIKE), (1, 3, LIKE),
        (1, 4, UNDISLIKE), (1, 4, DISLIKE), (1, 5, LIKE), (1, 5, DISLIKE),
    ]
)  # fmt: skip
COLUMNS = EVENTS[:, 0].astype(np.int32), EVENTS[:, 1].astype(np.int32), EVENTS[:, 2].astype(np.uint8)


def test_a_like_stands_until_it_is_taken_back():
    assert EVENTS[active_mask(*COLUMNS)][:, :2].tolist() == [[0, 2], [0, 3], [1, 1], [1, 3]]


def test_who_dislikes_what_in_the_end():
    users, tracks = disliked_pairs(*COLUMNS)
    assert list(zip(users.tolist(), tracks.tolist(), strict=True)) == [(0, 2), (1, 4), (1, 5)]


def test_of_nobody():
    nothing = [column[:0] for column in COLUMNS]
    assert len(active_mask(*nothing)) == 0 and [part.tolist() for part in disliked_pairs(*nothing)] == [[], []]
