"""Parquet files, some rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from data.line_blocks import Member
from data.regular_files import require_regular

_ROWS_AT_ONCE = 1_000_000
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
    require_regular(member.path)
    table = pl.scan_parquet(member.path, glob=False)
    schema = dict(table.collect_schema())
    n_rows, n_bytes = n_parquet_rows(member.path), member.path.stat().st_size
    if n_rows > _MANY_ROWS and n_rows > _ROWS_A_BYTE * n_bytes:
        raise ValueError(f"{member.path.name} holds {n_rows:,} rows in {n_bytes:,} bytes, as no table of listens does")
    return schema


def n_parquet_rows(path: Path) -> int:
    return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())


def parquet_blocks(path: Path, columns: Sequence[str], rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """The rows of some columns, so many at a time."""
    table = pl.scan_parquet(path, glob=False).select(columns)
    for first in range(0, n_parquet_rows(path), rows_at_once):
        yield table.slice(first, rows_at_once).collect()
