"""Folders of Parquet files, one per block of rows, so that a table of any size is written in bounded memory.

    FOLDER/part-00000.parquet
    FOLDER/part-00001.parquet

What reads columns reads such a folder as one table: Spark, polars and pyarrow by its name, DuckDB by
``FOLDER/*.parquet``.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

_ROW_GROUP = 2**16
TYPES = {"integer": pl.Int64, "real": pl.Float64, "float": pl.Float32, "text": pl.String, "blob": pl.Binary}


def write_parts(folder: Path, schema: Mapping[str, Any], blocks: Iterable[pl.DataFrame]) -> Iterator[int]:
    """Write each block as a file into a new folder; yield how many rows are written so far.

    A table without rows is one file without rows, which has the columns.

    Raises
    ------
    OSError
        The disk is full, or fails.
    """
    folder.mkdir()
    n_rows = n_parts = 0
    for block in blocks:
        _write(folder, n_parts, block)
        n_rows, n_parts = n_rows + len(block), n_parts + 1
        yield n_rows
    if not n_parts:
        _write(folder, 0, pl.DataFrame(schema=schema))


def row_block(rows: Sequence[tuple], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Make a block of rows as SQLite returns them, in the order of the columns."""
    return pl.DataFrame(rows, schema=schema, orient="row")


def vector_schema(dim: int) -> dict[str, Any]:
    """Columns of a table of vectors: `track_id`, and `vector` as a list of `dim` float32 numbers, always as many."""
    return {"track_id": pl.Int64, "vector": pl.Array(pl.Float32, dim)}


def vector_block(track_ids: Sequence[int] | np.ndarray, vectors: np.ndarray) -> pl.DataFrame:
    """Make a block of vectors, shape (n, dim) float32, from the ids of their tracks."""
    return pl.DataFrame({"track_id": track_ids, "vector": vectors}, schema=vector_schema(vectors.shape[1]))


def _write(folder: Path, number: int, block: pl.DataFrame) -> None:
    path = folder / f"part-{number:05}.parquet"
    with disk_errors(path):
        block.write_parquet(path, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP, statistics=True)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Raise the OSError behind an error of polars, which names a full disk in words only."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None
