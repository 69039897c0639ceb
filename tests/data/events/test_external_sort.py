"""Sorting by way of the disk gives what sorting in memory gives."""

import numpy as np
import polars as pl
import pytest

from earshot.data.events.external_sort import EventSort, user_ranges


@pytest.mark.parametrize("at_once", [1, 7, 100, 10_000])
def test_it_sorts(tmp_path, rng, at_once):
    users, times = rng.integers(0, 12, 500), rng.integers(0, 40, 500)
    table = pl.DataFrame({"user_row": users.astype(np.int32), "time_s": times, "place": range(500)})
    sort = EventSort(tmp_path, at_once)
    for start in (0, 100, 350):
        sort.add(table[start : {0: 100, 100: 350, 350: 500}[start]])
    blocks = list(sort.ordered())
    expected = sorted(table.rows())  # of equal users and times the one that came first
    assert pl.concat(blocks).rows() == expected and len(sort) == 500
    # A block holds whole users, and no more than asked for unless one user alone has more.
    assert all(len(block) <= at_once or block["user_row"].n_unique() == 1 for block in blocks)


def test_unknown_times_come_first(tmp_path):
    sort = EventSort(tmp_path)
    schema = {"user_row": pl.Int32, "time_s": pl.Int64}
    sort.add(pl.DataFrame({"user_row": [1, 1, 0], "time_s": [3, None, 9]}, schema=schema))
    assert pl.concat(sort.ordered()).rows() == [(0, 9), (1, None), (1, 3)]


def test_nothing_to_sort(tmp_path):
    sort = EventSort(tmp_path)
    sort.add(pl.DataFrame(schema={"user_row": pl.Int32, "time_s": pl.Int64}))
    assert list(sort.ordered()) == [] and len(sort) == 0 and list(tmp_path.iterdir()) == []


def test_ranges_of_users():
    # 2 + 2 fit into 4; 9 stands alone; a user without events costs nothing
    assert list(user_ranges(np.array([2, 2, 9, 1, 0, 3]), 4)) == [(0, 2), (2, 3), (3, 6)]
    assert list(user_ranges(np.array([9, 9]), 4)) == [(0, 1), (1, 2)]
    assert list(user_ranges(np.array([], dtype=int), 4)) == []
