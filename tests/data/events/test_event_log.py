"""The event log is plain Parquet, and plays add up over files."""

import numpy as np
import polars as pl
import pytest

from earshot.data.events.event_log import schema, session_plays, session_rows, total_plays, write_events
from event_blocks import DISLIKE, LIKE, UNLIKE, block


def written(path, *rows, level="track"):
    write_events(path, [block(*rows, level=level)], level)
    return path


def test_events_are_rows_of_small_numbers(tmp_path):
    blocks = [block((1, 8, 10, 1, 0)), block((2, 9, 20, 3, LIKE), (2, 7, None, 2, 0))]
    assert write_events(tmp_path / "x.parquet", blocks, "track") == 3
    table = pl.read_parquet(tmp_path / "x.parquet")
    assert dict(table.schema) == {
        **{"user_id": pl.Int32, "track_id": pl.Int32, "time_s": pl.Int64, "plays": pl.Float32},
        **{"played_ms": pl.Int32, "ratio": pl.Float32, "kind": pl.UInt8, "split": pl.UInt8},
    }
    assert dict(table.schema) == schema("track")
    assert table.select(list(schema("track"))[:4]).rows() == [(1, 8, 10, 1.0), (2, 9, 20, 3.0), (2, 7, None, 2.0)]
    assert table["kind"].to_list() == [0, 1, 0] and table["split"].to_list() == [None] * 3


def test_an_id_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(pl.exceptions.PolarsError, match="conversion from `i64` to `i32` failed"):
        written(tmp_path / "x.parquet", (1, 2**31, 10, 1, 0))


def test_plays_of_a_pair_add_up_over_files(tmp_path):
    # user 1 plays item 5 in both files, at unknown times, and item 6 or 7 in one of them
    one = written(tmp_path / "1.parquet", (1, 5, None, 1, 0), (1, 6, None, 2, 0), level="artist")
    other = written(tmp_path / "2.parquet", (1, 5, None, 4, 0), (1, 7, None, 8, 0), level="artist")
    users, items, totals = total_plays([one, other], "artist")
    assert (users.tolist(), items.tolist(), totals.tolist()) == ([1, 1, 1], [5, 6, 7], [5.0, 2.0, 8.0])
    assert (users.dtype, items.dtype, totals.dtype) == ("int64", "int64", "float64")


def test_what_two_exports_know_counts_once(tmp_path):
    # the later export holds the first one's two plays at 10 again, and one more at 20
    one = written(tmp_path / "1.parquet", (1, 5, 10, 1, 0), (1, 5, 10, 1, 0))
    later = written(tmp_path / "2.parquet", (1, 5, 10, 1, 0), (1, 5, 10, 1, 0), (1, 5, 20, 1, 0))
    assert total_plays([one, later], "track")[2].tolist() == [3.0]
    assert total_plays([one, one], "track")[2].tolist() == [2.0]
    other_clock = written(tmp_path / "3.parquet", (1, 5, 15, 1, 0), (1, 5, 44, 1, 0))  # 24 s after the second one
    assert total_plays([later, other_clock], "track")[2].tolist() == [3.0]


def test_a_like_counts_and_a_dislike_does_not(tmp_path):
    path = written(tmp_path / "x.parquet", (1, 5, 10, 1, 0), (1, 5, 11, 1, LIKE), (1, 6, 12, 1, DISLIKE))
    users, items, totals = total_plays([path], "track")
    assert (users.tolist(), items.tolist(), totals.tolist()) == ([1], [5], [2.0])


def test_a_like_that_was_taken_back_does_not_count(tmp_path):
    likes = written(
        tmp_path / "1.parquet", (1, 5, 10, 1, LIKE), (1, 6, 10, 1, LIKE), (2, 5, 10, 1, LIKE), (2, 5, 9, 1, 0)
    )
    later = written(tmp_path / "2.parquet", (1, 5, 20, 1, UNLIKE), (1, 6, 5, 1, UNLIKE), (2, 5, 11, 1, DISLIKE))
    users, items, totals = total_plays([likes, later], "track")
    assert list(zip(users.tolist(), items.tolist(), totals.tolist(), strict=True)) == [(1, 6, 1.0), (2, 5, 1.0)]


def test_a_linked_track_counts_for_its_file(tmp_path):
    path = written(tmp_path / "x.parquet", (1, 5, 10, 1, 0), (1, 6, 11, 1, 0), (1, 7, 12, 1, 0))
    _, items, totals = total_plays([path], "track", {6: 5})
    assert (items.tolist(), totals.tolist()) == ([5, 7], [2.0, 1.0])


def test_no_files_no_plays():
    assert [len(column) for column in total_plays([], "track")] == [0, 0, 0]


def test_a_session_ends_with_half_an_hour_of_silence():
    times = np.array([100, 100, 1_900, 3_701, 3_702, 9_999])
    assert session_rows(times).tolist() == [0, 0, 0, 1, 1, 2]
    assert session_rows(times[:0]).tolist() == [] and session_rows(times[:1]).tolist() == [0]


def test_plays_of_one_listener_by_session(tmp_path):
    one = written(tmp_path / "1.parquet", (1, 5, 9_000, 1, 0), (1, 6, 9_100, 1, 0), (1, 5, None, 1, 0))
    other = written(
        tmp_path / "2.parquet", (1, 5, 9_000, 1, 0), (1, 7, 10, 2, 0), (1, 7, 20, 1, 0), (1, 6, 30, 1, LIKE)
    )
    sessions, items, plays = session_plays([one, other], "track")
    assert (sessions.tolist(), items.tolist(), plays.tolist()) == ([0, 1, 1], [7, 5, 6], [3.0, 1.0, 1.0])
    several = written(tmp_path / "3.parquet", (2, 5, 9_000, 1, 0))
    untimed = written(tmp_path / "4.parquet", (1, 5, None, 3, 0))
    for files in ([one, several], [untimed], []):
        assert session_plays(files, "track") is None
