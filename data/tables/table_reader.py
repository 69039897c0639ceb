"""Whole tables of other programs, and their columns by well-known names."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from earshot.data.tables.table_blocks import SUFFIXES, open_table

N_EXAMPLES = 5  # malformed rows in a report
_MAX_NAMES = 20  # columns in an error
LONGEST_TEXT = 4_096  # bytes; a longer field is no name, nor a path that a system opens


def read_table(path: Path, suffixes: Sequence[str] = SUFFIXES, what: str = "tables") -> pl.DataFrame:
    """Read a whole table without columns of lists, structs or bytes; see `data.tables.table_blocks.open_table`.

    Raises
    ------
    ValueError
        The suffix is not one of `suffixes`, or the file cannot be parsed or read.
    """
    return open_table(path, suffixes, what).whole()


def find_column(name: str, columns: Sequence[str], chosen: str | None, known: Sequence[str]) -> str | None:
    """Find a column: the `chosen` one, else the first of the `known` ones that exists, whatever its case; or None.

    Raises
    ------
    ValueError
        The chosen column does not exist.
    """
    if chosen is not None and chosen not in columns:
        raise ValueError(f"{name} has no column {chosen!r}; it has {list_columns(columns)}")
    by_name = {column.lower(): column for column in reversed(columns)}
    return chosen or next((by_name[column] for column in known if column in by_name), None)


def list_columns(columns: Sequence[str]) -> str:
    """Join the names of columns for an error, at most `_MAX_NAMES` of them."""
    shown = ", ".join(name[:60] for name in columns[:_MAX_NAMES])
    return f"{shown} and {len(columns) - _MAX_NAMES:,} more" if len(columns) > _MAX_NAMES else shown


def stripped(name: str) -> pl.Expr:
    """A column as stripped text; null if empty or longer than `LONGEST_TEXT`."""
    given = pl.col(name).cast(pl.String, strict=False)
    text = pl.when(given.str.len_bytes() <= LONGEST_TEXT).then(given).str.strip_chars()
    return pl.when(text != "").then(text)


def malformed_examples(table: pl.DataFrame, is_whole: pl.Series, first: int = 0) -> tuple[str, ...]:
    """Describe the first rows that are malformed, by their number and their fields, for a person to find them.

    Parameters
    ----------
    is_whole : False for malformed rows
    first : the number of rows before this table
    """
    broken = table.with_row_index("__row").filter(~is_whole).head(N_EXAMPLES)
    return tuple(
        f"row {first + number + 1:,}: " + ", ".join("" if field is None else str(field)[:40] for field in fields)
        for number, *fields in broken.iter_rows()
    )
