"""Rows of any table become valid events, or examples of malformed rows."""

import polars as pl

from earshot.data.listens.event_batch import kind_codes, split_codes, valid_events


def test_a_row_is_whole_or_an_example():
    raw = pl.DataFrame({"u": ["a", None, "a", "a"], "t": ["x"] * 4, "n": [1.0, 1.0, float("nan"), 0.0]})
    columns = {"user": pl.col("u"), "title": pl.col("t"), "plays": pl.col("n")}
    found = valid_events(raw, columns, first=100, shown=["u", "n"])
    assert found.events.rows() == [("a", "x", 1.0)] and found.n_malformed == 3
    assert found.malformed == ("row 102: , 1.0", "row 103: a, nan", "row 104: a, 0.0")
    assert valid_events(raw, columns, is_valid=pl.col("u").is_null()).events.is_empty()


def test_words_for_kinds_and_splits():
    words = pl.DataFrame({"kind": ["Like", " scrobble", "unhate", "skip"], "split": ["train", "VAL", "test", None]})
    assert words.select(kind_codes(pl.col("kind")), split_codes(pl.col("split"))).rows() == [
        (1, 0), (0, 1), (4, 2), (None, None)
    ]  # fmt: skip
