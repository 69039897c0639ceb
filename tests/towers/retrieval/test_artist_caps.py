"""Caps in many lists at once are what a loop over one list gives."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earshot.towers.retrieval.artist_caps import first_selected, within_caps


def test_caps_by_hand():
    groups = np.array([[7, 7, 3, 7, -1, -1, -1], [1, 2, 1, 2, 2, 1, 1]])
    expected = [[True, True, True, False, True, True, True], [True, True, True, True, False, False, False]]
    assert within_caps(groups, 2).tolist() == expected


@given(arrays(np.int64, (3, 9), elements=st.integers(-1, 3)), st.integers(1, 4))
def test_caps_are_those_of_a_plain_loop(groups, most):
    expected = np.zeros(groups.shape, dtype=bool)
    for number, line in enumerate(groups.tolist()):
        counts = Counter()
        for place, group in enumerate(line):
            counts[group] += 1
            expected[number, place] = group < 0 or counts[group] <= most
    assert within_caps(groups, most).tolist() == expected.tolist()


def test_the_first_that_are_kept():
    rows, scores = np.array([[5, 6, 7], [8, 9, 4]]), np.array([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    kept = np.array([[True, False, True], [False, False, True]])
    found, values = first_selected(rows, scores, kept, 2)
    assert found.tolist() == [[5, 7], [4, -1]]
    assert values.tolist() == [[3.0, 1.0], [1.0, -np.inf]]
    assert first_selected(rows[:, :0], scores[:, :0], kept[:, :0], 1)[0].tolist() == [[-1], [-1]]
