"""The event log is plain Parquet, and plays add up over files."""

import numpy as np
import polars as pl

from data.events import total_plays, write_events


def test_events_lie_in_order_of_user_and_time(tmp_path):
    write_events(
        tmp_path / "x.parquet",
        np.array([2, 1, 2]),
        np.array([7, 8, 9]),
        np.array([50, 10, 20]),
        np.array([1, 2, 3], dtype=np.float32),
    )
    table = pl.read_parquet(tmp_path / "x.parquet")
    assert table.schema == {"user_id": pl.Int64, "item_id": pl.Int64, "time_s": pl.Int64, "plays": pl.Float32}
    assert table.rows() == [(1, 8, 10, 2.0), (2, 9, 20, 3.0), (2, 7, 50, 1.0)]


def test_unknown_times_are_null(tmp_path):
    write_events(tmp_path / "x.parquet", np.array([1]), np.array([2]), None, np.array([3.0], dtype=np.float32))
    assert pl.read_parquet(tmp_path / "x.parquet").rows() == [(1, 2, None, 3.0)]


def test_plays_of_a_pair_add_up_over_files(tmp_path):
    for name, plays in (("a", [1.0, 2.0]), ("b", [4.0, 8.0])):
        # user 1 plays item 5 in both files, and item 6 or 7 in one of them
        items = np.array([5, 6 if name == "a" else 7])
        write_events(tmp_path / f"{name}.parquet", np.array([1, 1]), items, None, np.array(plays, dtype=np.float32))
    users, items, totals = total_plays([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert (users.tolist(), items.tolist(), totals.tolist()) == ([1, 1, 1], [5, 6, 7], [5.0, 2.0, 8.0])


def test_no_files_no_plays():
    assert [len(column) for column in total_plays([])] == [0, 0, 0]
