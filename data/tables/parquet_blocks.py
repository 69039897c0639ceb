"""Parquet files, read some rows at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from earshot.data.files.regular_files import in_time, require_regular
from earshot.data.tables.text_blocks import Member

_ROWS_AT_ONCE = 1_000_000
_FIRST_ROWS = 1_000  # to measure how much text a row holds
_TEXT_BYTES_AT_ONCE = 128 * 1024**2  # a million listens hold about half
_BLOCK_SECONDS = 40.0  # to read a block from a slow disk
_UNCHECKED_ROWS = 50_000_000  # a file of no more may have any size
_MAX_ROWS_PER_BYTE = 100  # a million equal rows take a few bytes, but no two listens are equal


def parquet_schema(member: Member) -> dict[str, pl.DataType]:
    """Read the columns of a Parquet file, with their types.

    Raises
    ------
    ValueError
        It lies in an archive, is no regular file, or claims far more rows than its bytes can hold.
    PolarsError
        It is damaged.
    """
    if member.name is not None or member.path.name.endswith(".gz"):
        raise ValueError(f"{member} is Parquet inside an archive; unpack it first")
    schema = parquet_columns(member.path)
    n_rows, n_bytes = n_parquet_rows(member.path), member.path.stat().st_size
    if n_rows > _UNCHECKED_ROWS and n_rows > _MAX_ROWS_PER_BYTE * n_bytes:
        raise ValueError(f"{member.path.name} holds {n_rows:,} rows in {n_bytes:,} bytes, as no table of listens does")
    return schema


def parquet_columns(path: Path) -> dict[str, pl.DataType]:
    """Read the columns of a Parquet file without the check of its size; raises as `parquet_schema` does."""

    def read() -> dict[str, pl.DataType]:
        require_regular(path)
        return dict(pl.scan_parquet(path, glob=False).collect_schema())

    return in_time(read, path)


def n_parquet_rows(path: Path) -> int:
    """Read the number of rows of a Parquet file."""
    return int(in_time(pl.scan_parquet(path, glob=False).select(pl.len()).collect, path).item())


def parquet_blocks(path: Path, columns: Sequence[str], rows_at_once: int = _ROWS_AT_ONCE) -> Iterator[pl.DataFrame]:
    """Yield the rows of some columns in blocks of `rows_at_once`, or of `_TEXT_BYTES_AT_ONCE` bytes of text."""
    table = pl.scan_parquet(path, glob=False).select(columns)
    n_rows, first = n_parquet_rows(path), 0
    block = _rows(table, path, 0, _FIRST_ROWS)
    while first < n_rows:
        n_that_fit = len(block) * _TEXT_BYTES_AT_ONCE // max(text_bytes(block), 1)
        n_next = max(min(rows_at_once, n_that_fit), 1)
        block = _rows(table, path, first, n_next)
        first += n_next
        yield from _split_by_text(block)


def _rows(table: pl.LazyFrame, path: Path, first: int, n_rows: int) -> pl.DataFrame:
    return in_time(table.slice(first, n_rows).collect, path, _BLOCK_SECONDS)


def text_bytes(block: pl.DataFrame) -> int:
    """Count the bytes of text in all rows of a block.

    The block may take far less memory, since polars keeps a repeated text once.
    """
    return sum(
        int((column.str if column.dtype == pl.String else column.cat).len_bytes().cast(pl.Int64).sum())
        for column in block
        if column.dtype in (pl.String, pl.Categorical, pl.Enum)
    )


def _split_by_text(block: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Split a block into pieces with at most `_TEXT_BYTES_AT_ONCE` bytes of text, which later steps may copy."""
    if len(block) <= 1 or text_bytes(block) <= _TEXT_BYTES_AT_ONCE:
        yield block
    else:
        half = len(block) // 2
        yield from _split_by_text(block[:half])
        yield from _split_by_text(block[half:])
