"""Tables as folders of Parquet files."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from earshot.data.files.parquet_parts import TYPES, disk_errors, row_block, vector_block, vector_schema, write_parts

SCHEMA = {"id": TYPES["integer"], "name": TYPES["text"], "score": TYPES["float"]}


def test_a_file_for_each_block(tmp_path):
    blocks = (row_block(rows, SCHEMA) for rows in ([(1, "ä", 0.5), (2, None, 1.0)], [(3, "c", None)]))
    counts = write_parts(tmp_path / "table", SCHEMA, blocks)
    assert next(counts) == 2 and [path.name for path in (tmp_path / "table").iterdir()] == ["part-00000.parquet"]
    assert list(counts) == [3]
    table = pl.read_parquet(tmp_path / "table" / "*.parquet")
    assert table.rows() == [(1, "ä", 0.5), (2, None, 1.0), (3, "c", None)]
    assert dict(table.schema) == SCHEMA


def test_a_table_without_rows_has_its_columns(tmp_path):
    assert list(write_parts(tmp_path / "table", SCHEMA, [])) == []
    table = pl.read_parquet(tmp_path / "table" / "*.parquet")
    assert len(table) == 0 and dict(table.schema) == SCHEMA


def test_vectors_keep_every_bit_and_their_size(tmp_path, rng):
    vectors = rng.standard_normal((5, 3)).astype(np.float32)
    assert list(write_parts(tmp_path / "table", vector_schema(3), [vector_block([9, 7, 5, 3, 1], vectors)])) == [5]
    table = pl.read_parquet(tmp_path / "table" / "*.parquet")
    assert table.schema["vector"] == pl.Array(pl.Float32, 3)
    assert table["track_id"].to_list() == [9, 7, 5, 3, 1]
    np.testing.assert_array_equal(table["vector"].to_numpy(), vectors)


def test_a_full_disk_is_an_error_of_the_disk(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("only Linux has a disk that is always full")
    with pytest.raises(OSError, match="No space left on device") as failure, disk_errors(tmp_path / "x"):
        pl.DataFrame({"x": [1]}).write_parquet(full)
    assert failure.value.errno == 28 and failure.value.filename == str(tmp_path / "x")
    with pytest.raises(pl.exceptions.ColumnNotFoundError), disk_errors(tmp_path):
        pl.DataFrame({"x": [1]}).select("y")
