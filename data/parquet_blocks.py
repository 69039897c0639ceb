"""Parquet files, some rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from data.line_blocks import Member
from data.regular_files import require_regular
from data.time_limits import in_time

_ROWS_AT_ONCE = 1_000_000
_BLOCK_SECONDS = 40.0  # for so many rows, of a slow disk
_MANY_ROWS = 50_000_000  # up to here a file may be as small as it likes
_ROWS_A_BYTE = 100  # a million equal rows take a few bytes, but no two listens are equal


def parquet_schema(member: Member) -> dict[str, pl.DataType]:
    """The columns of a Parquet file.

    Raises
    ------
    ValueError
        It is packed, no regular file, or of far more rows than its bytes can tell apart.
    PolarsError
        It is damaged.
    """
    if member.name is not None or member.path.name.endswith(".gz"):
        raise ValueError(f"{member} is Parquet inside an archive; unpack it first")
    schema = parquet_columns(member.path)
    n_rows, n_bytes = n_parquet_rows(member.path), member.path.stat().st_size
    if n_rows > _MANY_ROWS and n_rows > _ROWS_A_BYTE * n_bytes:
        raise ValueError(f"{member.path.name} holds {n_rows:,} rows in {n_bytes:,} bytes, as no table of listens does")
    return schema


def parquet_columns(path: Path) -> dict[str, pl.DataType]:
    """The columns of a Parquet file whatever it is for; raises as `parquet_schema` does."""

    def read() -> dict[str, pl.DataType]:
        require_regular(path)
        return dict(pl.scan_parquet(path, glob=False).collect_schema())

    return in_time(read, path)


def n_parquet_rows(path: Path) -> int:
    return int(in_time(pl.scan_parquet(path, glob=False).select(pl.len()).collect, path).item())


def parquet_blocks(path: Path, columns: Sequence[str], rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """The rows of some columns, so many at a time."""
    table = pl.scan_parquet(path, glob=False).select(columns)
    for first in range(0, n_parquet_rows(path), rows_at_once):
        yield in_time(table.slice(first, rows_at_once).collect, path, _BLOCK_SECONDS)
