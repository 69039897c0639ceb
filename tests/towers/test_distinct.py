"""Each row once, found by marking or by sorting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.data.arrays import unique_inverse


@pytest.mark.parametrize("n", [6, 10**6], ids=["marked", "sorted"])
def test_places_lead_back_to_what_was_asked(n):
    asked = np.array([[5, -1, 2], [2, 5, 5]])
    rows, places = unique_inverse(asked, n)
    assert rows.tolist() == [2, 5]
    assert places.tolist() == [[1, -1, 0], [0, 1, 1]]


@given(st.lists(st.integers(-1, 30)), st.sampled_from([31, 10_000]))
def test_both_ways_agree(asked, n):
    asked = np.array(asked, dtype=np.int64)
    rows, places = unique_inverse(asked, n)
    assert rows.tolist() == sorted(set(asked[asked >= 0].tolist()))
    np.testing.assert_array_equal(np.append(rows, -1)[places], asked)
