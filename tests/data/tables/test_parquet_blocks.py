"""Parquet in blocks is the table that it is whole; more text or rows than its bytes can hold are refused."""

import gzip

import polars as pl
import pytest

from earshot.data.tables import parquet_blocks
from earshot.data.tables.table_blocks import open_table
from earshot.data.tables.text_blocks import Member


def test_some_columns_in_blocks_of_rows(tmp_path):
    frame = pl.DataFrame({"n": range(7), "artist": list("abcdefg"), "plays": [1.0] * 7})
    frame.write_parquet(tmp_path / "x.parquet")
    blocks = list(parquet_blocks.parquet_blocks(tmp_path / "x.parquet", ["artist", "n"], rows_at_once=3))
    assert [len(block) for block in blocks] == [3, 3, 1]
    assert pl.concat(blocks).equals(frame.select("artist", "n"))
    assert parquet_blocks.n_parquet_rows(tmp_path / "x.parquet") == 7
    frame[:0].write_parquet(tmp_path / "x.parquet")
    assert list(parquet_blocks.parquet_blocks(tmp_path / "x.parquet", ["n"])) == []


def test_columns_and_their_types(tmp_path):
    pl.DataFrame({"n": [1], "artist": ["a"]}).write_parquet(tmp_path / "x.parquet")
    assert parquet_blocks.parquet_schema(Member(tmp_path / "x.parquet")) == {"n": pl.Int64, "artist": pl.String}
    (tmp_path / "x.parquet.gz").write_bytes(gzip.compress((tmp_path / "x.parquet").read_bytes()))
    with pytest.raises(ValueError, match=r"x\.parquet\.gz is Parquet inside an archive; unpack it first"):
        parquet_blocks.parquet_schema(Member(tmp_path / "x.parquet.gz"))


def test_text_is_counted_once_for_each_row():
    block = pl.DataFrame({"artist": ["Air", "Björk", None], "kind": pl.Series(["a"] * 3, dtype=pl.Categorical)})
    assert parquet_blocks.text_bytes(block) == 3 + 6 + 3  # ö is two bytes


def test_parquet_of_more_rows_than_its_bytes_tell_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_blocks, "_UNCHECKED_ROWS", 1_000)
    pl.DataFrame({"n": [1] * 1_000_000}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=r"x\.parquet holds 1,000,000 rows in [\d,]+ bytes"):
        open_table(tmp_path / "x.parquet")
    pl.DataFrame({"n": range(5_000)}).write_parquet(tmp_path / "x.parquet")
    assert len(open_table(tmp_path / "x.parquet").whole()) == 5_000


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["short", "x" * 1_000])])
def test_blocks_hold_so_much_text_whatever_the_file_takes(tmp_path, monkeypatch, dtype):
    """A text that a file holds once stands in a thousand rows, and in the last of many short ones."""
    monkeypatch.setattr(parquet_blocks, "_TEXT_BYTES_AT_ONCE", 10_000)
    texts = ["short"] * 3_000 + ["x" * 1_000] * 1_000
    frame = pl.DataFrame({"artist": pl.Series(texts, dtype=dtype), "n": range(4_000)})
    frame.write_parquet(tmp_path / "x.parquet")
    assert (tmp_path / "x.parquet").stat().st_size < 30_000
    blocks = list(open_table(tmp_path / "x.parquet").blocks())
    assert pl.concat(blocks).equals(frame)
    assert max(parquet_blocks.text_bytes(block) for block in blocks) <= 10_000
    assert len(blocks) < 4_000


def test_one_row_of_more_text_than_a_block_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_blocks, "_TEXT_BYTES_AT_ONCE", 10)
    pl.DataFrame({"artist": ["a", None, "x" * 50, "b"]}).write_parquet(tmp_path / "x.parquet")
    blocks = list(open_table(tmp_path / "x.parquet").blocks())
    assert pl.concat(blocks)["artist"].to_list() == ["a", None, "x" * 50, "b"]
