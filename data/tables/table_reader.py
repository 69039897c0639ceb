"""Tables as other programs write them: CSV, TSV, Parquet and JSON lines, with the columns that people name so."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from earshot.data.tables.table_blocks import SUFFIXES, open_table

N_EXAMPLES = 5  # malformed rows that are shown
_MAX_NAMES = 20  # columns that an error names
LONGEST_TEXT = 4_096  # bytes; a longer field is no name of anything, nor a path that a system opens


def read_table(path: Path, suffixes: Sequence[str] = SUFFIXES, what: str = "tables") -> pl.DataFrame:
    """Read a whole table, as `data.tables.table_blocks.open_table` says, without columns of lists and the like.

    Raises
    ------
    ValueError
        The suffix is not one of `suffixes`, or the file cannot be parsed or read.
    """
    return open_table(path, suffixes, what).whole()


def find_column(name: str, columns: Sequence[str], asked: str | None, known: Sequence[str]) -> str | None:
    """The column that was asked for, else the first well-known one, in the order of `known`.

    Raises
    ------
    ValueError
        The one asked for is not there.
    """
    if asked is not None and asked not in columns:
        raise ValueError(f"{name} has no column {asked!r}; it has {list_columns(columns)}")
    by_name = {given.lower(): given for given in reversed(columns)}
    return asked or next((by_name[wanted] for wanted in known if wanted in by_name), None)


def list_columns(columns: Sequence[str]) -> str:
    """The names of columns in a sentence, as people need them to see what a file is."""
    shown = ", ".join(name[:60] for name in columns[:_MAX_NAMES])
    return f"{shown} and {len(columns) - _MAX_NAMES:,} more" if len(columns) > _MAX_NAMES else shown


def stripped(name: str) -> pl.Expr:
    """A column as stripped text, null where it is empty or longer than any name."""
    given = pl.col(name).cast(pl.String, strict=False)
    text = pl.when(given.str.len_bytes() <= LONGEST_TEXT).then(given).str.strip_chars()
    return pl.when(text != "").then(text)


def malformed_examples(table: pl.DataFrame, is_whole: pl.Series, first: int = 0) -> tuple[str, ...]:
    """The first rows that are not whole, as a person can find them: their number and their fields.

    `first` rows came before this table's.
    """
    broken = table.with_row_index("__row").filter(~is_whole).head(N_EXAMPLES)
    return tuple(
        f"row {first + number + 1:,}: " + ", ".join("" if field is None else str(field)[:40] for field in fields)
        for number, *fields in broken.iter_rows()
    )
