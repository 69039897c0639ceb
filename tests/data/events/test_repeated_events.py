"""An event that two exports, or two parts of one, hold counts once; several at one time in one file all count."""

import polars as pl

from earshot.data.events.repeated_events import without_repeated_parts, without_repeats


def file(*rows):
    """Events as (user, item, time)."""
    schema = {"user_id": pl.Int64, "item_id": pl.Int64, "time_s": pl.Int64}
    return pl.LazyFrame(rows, schema, orient="row").with_columns(kind=pl.lit(0))


def test_a_later_file_repeats_an_earlier_one():
    first, second = file((1, 5, 10), (1, 5, 10), (1, 6, None)), file((1, 5, 10), (1, 7, 10), (1, 6, None))
    events = without_repeats([first, second]).collect()
    assert events.columns == ["user_id", "item_id", "time_s", "kind"]
    assert sorted(events.select("item_id", "time_s").rows(), key=str) == [
        (5, 10), (5, 10), (6, None), (6, None), (7, 10),
    ]  # fmt: skip


def test_one_file_keeps_all_its_events():
    assert without_repeats([file((1, 5, 10), (1, 5, 10))]).collect().height == 2


def test_parts_of_one_import_repeat_each_other():
    rows = [(0, 0, 10, 0), (0, 0, 10, 0), (0, 0, 10, 1), (0, 0, 11, 1), (0, 0, None, 0), (0, 0, None, 1)]
    schema = ["user_row", "item_row", "time_s", "part"]
    block = pl.DataFrame(rows, schema, orient="row").with_columns(kind=pl.lit(0))
    assert without_repeated_parts(block)["time_s"].to_list() == [10, 10, 11, None, None]
