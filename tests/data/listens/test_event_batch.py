"""Rows of any table become valid events, or examples of malformed rows."""

from collections import Counter

import polars as pl
import pytest

from earshot.data.exports.services.spotify import read_spotify
from earshot.data.listens.event_batch import Batch, codes, json_text, refuse_malformed, valid_events
from earshot.data.tables.text_blocks import Member


def test_a_row_is_whole_or_an_example():
    raw = pl.DataFrame({"u": ["a", None, "a", "a"], "t": ["x"] * 4, "n": [1.0, 1.0, float("nan"), 0.0]})
    columns = {"user": pl.col("u"), "title": pl.col("t"), "plays": pl.col("n")}
    lost = Counter({"podcasts": 2})
    needed = ("user", "title")
    first, found = valid_events([raw[:1], raw[1:]], columns, needed=needed, lost=lost, shown=["u", "n"])
    assert first == Batch(first.events, left_out={"podcasts": 2}) and first.events.rows() == [("a", "x", 1.0)]
    assert found.events.is_empty() and found.n_malformed == 2
    assert found.malformed == ("row 2: , 1.0", "row 3: a, nan")
    assert found.left_out == {"tracks that were never played": 1}
    assert found.examples == {"tracks that were never played": "row 4: a, 0.0"}
    (none,) = valid_events([raw], columns, needed=needed, is_valid=pl.col("u").is_null())
    assert none.events.is_empty()


def test_words_for_kinds_and_splits():
    words = pl.DataFrame({"kind": ["Like", " scrobble", "unhate", "skip"], "split": ["train", "VAL", "test", None]})
    assert words.select(codes("kind", pl.col("kind")), codes("split", pl.col("split"))).rows() == [
        (1, 0), (0, 1), (4, 2), (None, None)
    ]  # fmt: skip


def test_a_longer_text_is_no_name():
    assert json_text("ä" * 2_048) == "ä" * 2_048 and json_text("ä" * 2_049) is None
    assert json_text(b"Air") is json_text(["Air"]) is None  # and bytes in a database are no text


def test_noise_ends_an_import(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.listens.event_batch._MAX_MALFORMED", 50)
    (tmp_path / "x.json").write_text('[{"msPlayed": 1}' + ", 0" * 90 + "]")
    with pytest.raises(ValueError, match=r"x\.json holds no listens: of the first 91 rows 91 are malformed"):
        list(refuse_malformed(read_spotify(Member(tmp_path / "x.json"), None), "x.json"))


def test_some_malformed_rows_are_no_noise(monkeypatch):
    monkeypatch.setattr("earshot.data.listens.event_batch._MAX_MALFORMED", 50)
    batches = [Batch(pl.DataFrame({"user": ["a"] * 10}), 999)]
    assert list(refuse_malformed(iter(batches), "x")) == batches
