"""Tables larger than memory, read in blocks: CSV, TSV, Parquet and JSON lines, packed or not.

Columns are found by well-known names.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from earshot.data.tables import workbooks
from earshot.data.tables.archives import refuse_bomb, refuse_packed
from earshot.data.tables.encodings import as_utf8, likely_encoding
from earshot.data.tables.json_rows import HEAD_BYTES, MAX_COLUMNS, json_columns, json_rows
from earshot.data.tables.parquet_blocks import parquet_blocks, parquet_schema, text_bytes
from earshot.data.tables.quoted_lines import quoted_blocks
from earshot.data.tables.text_blocks import Member, line_blocks

N_EXAMPLES = 5  # malformed rows in a report
_MAX_NAMES = 20  # columns in an error
LONGEST_TEXT = 4_096  # bytes; a longer field is no name, nor a path that a system opens
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".xlsx")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*')  # a hint for Excel, which other programs write
_IN_QUOTES = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"-?\d+")
_CODE = re.compile(  # a hash, a MusicBrainz id or a time, which name no column
    r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|1\d{9}(?:\d{3})?(?:\.\d+)?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*"
)
Blocks = Iterator[pl.DataFrame]


@dataclass(frozen=True)
class Table:
    """A table that may be read in blocks, and more than once."""

    name: str
    schema: Mapping[str, pl.DataType]
    read: Callable[[Sequence[str], Counter[str]], Blocks] = field(repr=False)  # of these columns, in any order
    lost: Counter[str] = field(default_factory=Counter)  # lines that are no rows, by reason
    packed_bytes: int | None = None  # size of a file that may hold more text than it has bytes
    first_row: tuple[str, ...] = ()  # of a text without a header
    encoding: str | None = None  # guessed; None for UTF-8

    @property
    def columns(self) -> list[str]:
        return list(self.schema)

    @property
    def notes(self) -> list[str]:
        """Sentences on how its letters were read, for a person to check."""
        return [f"letters are read as {self.encoding}; --encoding names another"] if self.encoding else []

    def blocks(self, columns: Sequence[str] | None = None) -> Blocks:
        """Yield the given columns, else all of supported types, in at least one block.

        Raises
        ------
        ValueError
            A given column holds lists, structs or bytes; or the file is damaged.
        """
        if columns is None:
            columns = [name for name, dtype in self.schema.items() if not _unsupported_kind(dtype)]
        for name in columns:
            if kind := _unsupported_kind(self.schema[name]):
                raise ValueError(f"{self.name}: the column {name!r} holds {kind}; give one of texts or numbers")
        names = list(dict.fromkeys(columns))
        with table_errors(self.name):
            is_empty = True
            for block in self.read(names, self.lost):
                is_empty = False
                yield block.select(names)
            if is_empty:
                yield pl.DataFrame(schema={name: self.schema[name] for name in names})

    def whole(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read all blocks into one table; raises as `blocks` does, and for more text than such a file should hold."""
        blocks, n_bytes = [], 0
        with table_errors(self.name):
            for block in self.blocks(columns):
                if self.packed_bytes is not None:
                    n_bytes += text_bytes(block)
                    refuse_bomb(n_bytes, self.packed_bytes, self.name)
                blocks.append(block)
            return pl.concat(blocks, rechunk=False)


def open_table(
    file: Path | Member,
    suffixes: Sequence[str] = SUFFIXES,
    what: str = "tables",
    *,
    has_header: bool | None = None,
    sheet: str | None = None,
) -> Table:
    """Open a table, and detect its columns and layout from its beginning.

    All fields of text files are text, in any encoding (`data.tables.encodings`). A text whose first line begins with
    two numbers, or holds a hash or a time, has no header. Missing fields are null and surplus ones are dropped, so that
    a damaged line spoils only itself. Tab-separated files have no quoting unless their header has: titles hold quotes,
    and programs that write TSV seldom escape them; only what Excel encloses loses its quotes.

    Parameters
    ----------
    has_header : whether a text has one; else its first line tells
    sheet : of a workbook; else the first one

    Raises
    ------
    ValueError
        The suffix is not one of `suffixes`, or the file cannot be read or parsed.
    """
    member = file if isinstance(file, Member) else Member(file)
    name = str(member).rsplit("/", 1)[-1]
    if member.suffix not in suffixes:
        raise ValueError(f"{name}: {what} end in {', '.join(suffixes)}")
    with table_errors(name):
        if member.suffix == ".parquet":
            schema = parquet_schema(member)
            n_bytes = member.path.stat().st_size
            return Table(name, schema, lambda columns, _: parquet_blocks(member.path, columns), packed_bytes=n_bytes)
        if member.suffix == workbooks.SUFFIX:
            cells = workbooks.read_sheet(member, sheet)
            return Table(name, cells.schema, lambda columns, _: iter([cells.select(columns)]))
        with member.open_text() as text:
            head = text.read(HEAD_BYTES)
        refuse_packed(head, name)
        if member.suffix in (".jsonl", ".ndjson"):
            schema = json_columns(head, name)
            return Table(name, schema, lambda columns, lost: json_rows(member, columns, lost))
        layout = Layout.detect(head, name, has_header)
        schema = dict.fromkeys(layout.names, pl.String())
        rows = partial(rows_of_layout, member, layout)
        return Table(name, schema, rows, first_row=layout.first_row, encoding=layout.encoding)


@contextmanager
def table_errors(name: str) -> Iterator[None]:
    """Turn errors of polars and the system into a ValueError of one sentence."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # a panic is no Exception at all
        reason = (str(error).splitlines() or ["a failure in polars"])[0]
        raise ValueError(f"{name} cannot be read as a table: {reason}") from None
    except MemoryError:
        raise ValueError(f"{name} cannot be read: it takes more memory than there is") from None
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror or error}") from None


@dataclass(frozen=True)
class Layout:
    """Columns, separator and quote of a text file."""

    names: list[str]
    separator: str
    quote: str | None
    n_before: int  # bytes before the first row
    is_utf8: bool = False  # known to be UTF-8; other bytes are damage, not another encoding
    first_row: tuple[str, ...] = ()  # of a table without a header
    encoding: str | None = None  # guessed; None for UTF-8
    may_quote: bool = False  # whether a field without a `quote` may be in quotes, as Excel writes it

    @classmethod
    def detect(cls, head: bytes, name: str, has_header: bool | None = None) -> "Layout":
        """Detect the layout from the beginning of a file; raises a ValueError or a PolarsError if it is no table."""
        text, encoding = head.lstrip(b"\r\n"), likely_encoding(head)
        first, separator = _first_line(text, encoding), None
        if hint := _SEPARATOR_LINE.fullmatch(first):
            text, separator = text.partition(b"\n")[2], hint[1]
            first = _first_line(text, encoding)
        if b"\n" not in text and len(head) == HEAD_BYTES:
            raise ValueError(f"{name} is no table: its first line is longer than {HEAD_BYTES // 1024**2} MiB")
        separator = separator or detect_separator(first)
        fields = [field.strip() for field in first.split(separator)]
        quote = '"' if separator != "\t" or any(_IN_QUOTES.fullmatch(field) for field in fields) else None
        record = _first_record(text, quote)
        has_header = not _is_data(fields) if has_header is None else has_header
        if record.count(separator.encode()) >= MAX_COLUMNS:
            n_columns = record.count(separator.encode()) + 1
            raise ValueError(f"{name} has {n_columns:,} columns; a table has at most {MAX_COLUMNS:,}")
        names = pl.read_csv(
            as_utf8(record, encoding), separator=separator, has_header=has_header, infer_schema=False, quote_char=quote,
            truncate_ragged_lines=True, encoding="utf8-lossy",
        ).columns  # fmt: skip
        n_before = len(head) - len(text) + (len(record) if has_header else 0)
        first_row = () if has_header else tuple(field.strip('"') for field in fields)
        return cls(names, separator, quote, n_before, first_row=first_row, encoding=encoding, may_quote=quote is None)


def _is_data(fields: Sequence[str]) -> bool:
    """Tell whether the fields of a first line are data and not names: two numbers, or a hash, a code or a time."""
    plain = [field.strip('"') for field in fields]
    return all(map(_NUMBER.fullmatch, plain[:2])) or any(map(_CODE.fullmatch, plain))


def header_fields(line: str) -> list[str]:
    """Split the first line of a text file into fields."""
    return next(csv.reader([line], delimiter=detect_separator(line)), [])


def detect_separator(line: str) -> str:
    """Detect the separator of fields from the first line of a text file."""
    return next((mark for mark in ("\t", ",", ";", " ") if mark in line.strip()), ",")


def _first_line(text: bytes, encoding: str | None) -> str:
    return as_utf8(text.partition(b"\n")[0], encoding).decode("utf-8", "replace")


def _first_record(text: bytes, quote: str | None) -> bytes:
    """The first line, or the first lines if a quoted field holds ends of lines."""
    end = first = text.find(b"\n") + 1 or len(text)
    n_quotes = text.count(b'"', 0, end)
    while quote and n_quotes % 2 and end < len(text):
        following = text.find(b"\n", end) + 1 or len(text)
        n_quotes, end = n_quotes + text.count(b'"', end, following), following
    return text[:first] if quote and n_quotes % 2 else text[:end]


def rows_of_layout(member: Member, layout: Layout, columns: Sequence[str], lost: Counter[str]) -> Blocks:
    """Yield columns of a text file as text; a blank line is a row of nulls. Lines that are too long count in `lost`."""
    places = [place for place, name in enumerate(layout.names) if name in set(columns)]
    # polars takes the number of columns from the first line, and would unpack a block that begins like a packed file.
    first = layout.separator.join("x" * len(layout.names)).encode() + b"\n"

    with member.open_text() as file:
        file.read(layout.n_before)
        blocks = line_blocks(file, lost=lost)
        for block in quoted_blocks(blocks, layout.separator, len(layout.names)) if layout.quote else blocks:
            text = block if layout.is_utf8 else as_utf8(block, layout.encoding)
            frame = pl.read_csv(
                first + text, separator=layout.separator, has_header=False, columns=places, infer_schema=False,
                truncate_ragged_lines=True, encoding="utf8-lossy", quote_char=layout.quote,
            )  # fmt: skip
            frame.columns = [layout.names[place] for place in places]
            if layout.may_quote and b'"' in block:
                frame = frame.with_columns(map(_out_of_quotes, frame.columns))
            yield frame.slice(1)


def _out_of_quotes(name: str) -> pl.Expr:
    """A field as Excel means it, which encloses those with a comma or a quote in quotes also between tabs."""
    text = pl.col(name)
    inside = text.str.slice(1).str.head(-1)
    is_enclosed = (text.str.len_chars() >= 2) & text.str.starts_with('"') & text.str.ends_with('"')
    is_by_rule = inside.str.contains(",", literal=True) | inside.str.contains('""', literal=True)
    return pl.when(is_enclosed & is_by_rule).then(inside.str.replace_all('""', '"', literal=True)).otherwise(text)


def _unsupported_kind(dtype: pl.DataType) -> str | None:
    """The plural for values that are neither text nor numbers nor times, such as "lists"; None for those."""
    if dtype.is_nested():
        return "structs" if isinstance(dtype, pl.Struct) else "lists"
    return {pl.Binary: "bytes", pl.Object: "objects"}.get(type(dtype))


def find_column(name: str, columns: Sequence[str], chosen: str | None, known: Sequence[str]) -> str | None:
    """Find a column: the `chosen` one, else the first of the `known` ones that exists; or None.

    Names are compared by `plain_column`.

    Raises
    ------
    ValueError
        The chosen column does not exist.
    """
    by_name = {plain_column(column): column for column in reversed(columns)}
    if chosen is not None:
        found = chosen if chosen in columns else by_name.get(plain_column(chosen))
        if found is None:
            raise ValueError(f"{name} has no column {chosen!r}; it has {list_columns(columns)}")
        return found
    return next((by_name[plain_column(name)] for name in known if plain_column(name) in by_name), None)


@lru_cache(maxsize=10_000)
def plain_column(name: str) -> str:
    """The name of a column without case, blanks, underscores and other signs.

    >>> {plain_column(name) for name in ("Track Name", "track_name", "trackName")}
    {'trackname'}
    """
    return "".join(filter(str.isalnum, name.casefold())) or name


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
