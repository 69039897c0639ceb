"""Tables larger than memory, read in blocks: CSV, TSV, Parquet and JSON lines, packed or not.

Columns are found by well-known names.
"""

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
from earshot.data.tables.json_lists import HEAD_BYTES, json_columns, json_rows
from earshot.data.tables.parquet_blocks import parquet_blocks, parquet_schema, text_bytes
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.text_layouts import COMMENTS, Layout, after_comments, detect_separator, rows_of_layout

N_EXAMPLES = 5  # malformed rows in a report
_MAX_NAMES = 20  # columns in an error
LONGEST_TEXT = 4_096  # bytes; a longer field is no name, nor a path that a system opens
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".xlsx")
_NO_TABLE = re.compile(rb"[{\[<]|\x1f\x8b|PK\x03\x04|[^\n]*\0")  # JSON, XML, what is packed, and no text at all
COLUMN_TYPE = re.compile(r":(?:token|float)(?:_seq)?$")
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

    A file of a suffix that means nothing here, such as ``.dat``, is a table by its content.

    All fields of text files are text, in any encoding (`data.tables.utf8_text`). A text whose first line begins with
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
        The suffix means another kind of file, or the content is no table; or it cannot be read or parsed.
    """
    member = file if isinstance(file, Member) else Member(file)
    name = str(member).rsplit("/", 1)[-1]
    with table_errors(name):
        suffix = member.suffix if member.suffix in SUFFIXES else _suffix_by_content(member)
        if suffix not in suffixes:
            raise ValueError(f"{name}: {what} end in {', '.join(suffixes)}")
        if suffix == ".parquet":
            schema = parquet_schema(member)
            n_bytes = member.path.stat().st_size
            return Table(name, schema, lambda columns, _: parquet_blocks(member.path, columns), packed_bytes=n_bytes)
        if suffix == workbooks.SUFFIX:
            cells = workbooks.read_sheet(member, sheet)
            return Table(name, cells.schema, lambda columns, _: iter([cells.select(columns)]))
        with member.open_text() as text:
            head = text.read(HEAD_BYTES)
        refuse_packed(head, name)
        if suffix in (".jsonl", ".ndjson"):
            schema = json_columns(head, name)
            return Table(name, schema, lambda columns, lost: json_rows(member, columns, lost))
        layout = Layout.detect(head, name, has_header)
        schema = dict.fromkeys(layout.names, pl.String())
        rows = partial(rows_of_layout, member, layout)
        lost = Counter({COMMENTS: layout.n_comments}) if layout.n_comments else Counter[str]()
        return Table(name, schema, rows, lost, first_row=layout.first_row, encoding=layout.encoding)


def _suffix_by_content(member: Member) -> str | None:
    """The suffix that a table of an unknown one should have; None if it is no table."""
    with member.open_text() as text:
        head = text.read(HEAD_BYTES).lstrip()
    if head.startswith(b"PAR1"):
        return ".parquet" if member.name is None else None
    first = after_comments(head)[0].partition(b"\n")[0].decode("utf-8", "replace")
    return ".txt" if not _NO_TABLE.match(head) and detect_separator(first) in first else None


@contextmanager
def table_errors(name: str) -> Iterator[None]:
    """Turn errors of polars, codecs and the system into a ValueError of one sentence."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:  # a panic is no Exception at all
        reason = (str(error).splitlines() or ["a failure in polars"])[0]
        raise ValueError(f"{name} cannot be read as a table: {reason}") from None
    except UnicodeError as error:  # UTF-16 without a mark, where a person says that it is that
        raise ValueError(f"{name} cannot be read in this encoding: {error}") from None
    except MemoryError:
        raise ValueError(f"{name} cannot be read: it takes more memory than there is") from None
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror or error}") from None


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


def known_columns(columns: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Find the columns of a table by well-known names, as `find_column` does; without those that it lacks.

    >>> known_columns(["Artist Name", "Track"], {"artist": ("artist_name", "artist"), "album": ("album",)})
    {'artist': 'Artist Name'}
    """
    found = {ours: find_column("", columns, None, names) for ours, names in known.items()}
    return {ours: theirs for ours, theirs in found.items() if theirs is not None}


@lru_cache(maxsize=10_000)
def plain_column(name: str) -> str:
    """The name of a column without case, blanks, underscores and other signs, and without its type as RecBole has it.

    >>> {plain_column(name) for name in ("Track Name", "track_name", "trackName", "track_name:token")}
    {'trackname'}
    """
    return "".join(filter(str.isalnum, COLUMN_TYPE.sub("", name.strip()).casefold())) or name


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
