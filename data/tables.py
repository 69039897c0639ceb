"""Tables as other programs write them: CSV, TSV, Parquet and JSON lines, with the columns that people name so."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from data.encodings import decoded, is_utf8

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson")
N_EXAMPLES = 5  # malformed rows that are shown


def read_table(path: Path, suffixes: Sequence[str] = SUFFIXES, what: str = "tables") -> pl.DataFrame:
    """Read a whole table; the fields of a text file stay text. It need not be UTF-8 (`data.encodings.decoded`).

    A text file whose first line holds two numbers has no header. Missing fields are null and surplus ones are
    dropped, so that a damaged line costs only itself. Tab-separated files are read without quoting: titles hold
    quotes, and what writes TSV seldom escapes them.

    Raises
    ------
    ValueError
        The suffix is not one of `suffixes`, or the file cannot be parsed or read.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise ValueError(f"{path.name}: {what} end in {', '.join(suffixes)}")
    try:
        if suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        if suffix in (".jsonl", ".ndjson"):
            return _read_json_lines(path)
        return _read_text(path)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path.name} cannot be read as a table: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror or error}") from None


def column(path: Path, columns: Sequence[str], asked: str | None, known: Sequence[str]) -> str | None:
    """The column that was asked for, else the first well-known one, in the order of `known`.

    Raises
    ------
    ValueError
        The one asked for is not there.
    """
    if asked is not None and asked not in columns:
        raise ValueError(f"{path.name} has no column {asked!r}; it has {', '.join(columns)}")
    by_name = {name.lower(): name for name in reversed(columns)}
    return asked or next((by_name[name] for name in known if name in by_name), None)


def text(name: str) -> pl.Expr:
    """A column as stripped text, null where it is empty."""
    stripped = pl.col(name).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def examples(table: pl.DataFrame, is_whole: pl.Series, first: int = 0) -> tuple[str, ...]:
    """The first rows that are not whole, as a person can find them: their number and their fields.

    `first` rows came before this table's.
    """
    broken = table.with_row_index("__row").filter(~is_whole).head(N_EXAMPLES)
    return tuple(
        f"row {first + number + 1:,}: " + ", ".join("" if field is None else str(field)[:40] for field in fields)
        for number, *fields in broken.iter_rows()
    )


def header(line: str) -> list[str]:
    """The fields of a text file's first line."""
    return next(csv.reader([line], delimiter=_separator(line)), [])


def _separator(line: str) -> str:
    return next((mark for mark in ("\t", ",", ";", " ") if mark in line.strip()), ",")


def _read_text(path: Path) -> pl.DataFrame:
    content: Path | bytes = path if is_utf8(path) else decoded(path.read_bytes()).encode()
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        first = file.readline().decode("utf-8-sig")
    separator = _separator(first)
    has_header = not all(field.strip().lstrip("-").isdigit() for field in first.split(separator)[:2])

    def read(quote: str | None) -> pl.DataFrame:
        return pl.read_csv(
            content, separator=separator, has_header=has_header, infer_schema=False, truncate_ragged_lines=True,
            encoding="utf8-lossy", quote_char=quote, glob=False,
        )  # fmt: skip

    if separator == "\t":
        return read(None)
    try:
        return read('"')
    except pl.exceptions.ComputeError:  # a quote that is never closed
        return read(None)


def _read_json_lines(path: Path) -> pl.DataFrame:
    """One object per line; a line that is none becomes a row of nulls."""
    try:
        if is_utf8(path):
            with path.open("rb") as file:  # of a path, polars takes brackets and stars for a pattern
                return pl.read_ndjson(file, infer_schema_length=None)
        return pl.read_ndjson(io.StringIO(decoded(path.read_bytes())), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        rows = [_json_object(line) for line in decoded(path.read_bytes()).split("\n") if line.strip()]
        return pl.DataFrame(rows, infer_schema_length=None, strict=False)


def _json_object(line: str) -> dict[str, object]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}
