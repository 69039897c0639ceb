"""Tables of any kind become rows of text."""

import codecs

import polars as pl
import pytest

from earshot.data.tables.table_reader import read_table


def write(path, frame):
    {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".jsonl": frame.write_ndjson}[path.suffix](path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("name", ["best of *", "of [2023]", "who?"])
def test_a_name_is_no_pattern(tmp_path, name, suffix):
    for neighbour in ("best of 1999", "of 2", "whom"):
        write(tmp_path / f"{neighbour}{suffix}", pl.DataFrame({"x": ["another"]}))
    path = tmp_path / f"{name}{suffix}"
    write(path, pl.DataFrame({"x": ["mine"]}))
    assert read_table(path).rows() == [("mine",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl"])
def test_letters_are_what_was_meant(tmp_path, name, encoding):
    mark = {"x.csv": ";", "x.tsv": "\t"}.get(name)
    text = f"artist{mark}n\r\nBjörk{mark}1\r\nSigur Rós{mark}2\r\n"
    if mark is None:
        text = '{"artist": "Björk", "n": "1"}\n{"artist": "Sigur Rós", "n": "2"}\n'
    start = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / name).write_bytes(start + text.encode(encoding))
    assert read_table(tmp_path / name).rows() == [("Björk", "1"), ("Sigur Rós", "2")]


def test_of_damaged_utf8_only_the_damage_is_lost(tmp_path):
    text = "artist,n\nBjörk,1\nSigur Rós,2\nMú".encode()
    (tmp_path / "x.csv").write_bytes(text[:-1])
    assert read_table(tmp_path / "x.csv")["artist"].to_list() == ["Björk", "Sigur Rós", "M\ufffd"]
