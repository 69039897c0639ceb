"""Tables of any kind become rows of text."""

import polars as pl
import pytest

from data.tables import read_table


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
