"""The layout of tables as text, detected from their beginning: columns, separator, quotes and comments."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from earshot.data.tables.json_lists import HEAD_BYTES, MAX_COLUMNS
from earshot.data.tables.quoted_lines import MAX_LINES, quoted_blocks
from earshot.data.tables.text_blocks import Member, line_blocks
from earshot.data.tables.utf8_text import as_utf8, encoding_of_text

COMMENTS = "lines of comments"  # a reason for which lines are lost
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_COMMENT_MARKS = (b"#", b"%")
_COMMENTS = re.compile(rb"(?:[#%][^\n]*+\n\s*+)*+")
_COLONS, _UNIT = "::", "\x1f"  # a separator of two letters is read as another of one
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # a hint for Excel, which other programs write
_TITLE_BYTES, _MIN_MARKS = 10_000, 3  # where a line above a header is looked for; separators in that header
_IN_QUOTES = re.compile(r'"[^"]*"')
_NUMBER = re.compile(r"-?\d+")
_CODE = re.compile(  # a hash, a MusicBrainz id or a time, which name no column
    r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|1\d{9}(?:\d{3})?(?:\.\d+)?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*"
)


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
    n_comments: int = 0  # lines before the header
    may_quote: bool = False  # whether a field without a `quote` may be in quotes, as Excel writes it

    @classmethod
    def detect(cls, head: bytes, name: str, has_header: bool | None = None) -> "Layout":
        """Detect the layout from the beginning of a file; raises a ValueError or a PolarsError if it is no table."""
        text, encoding = head.lstrip(b"\r\n"), encoding_of_text(head)
        text, n_comments = (text, 0) if has_header is False else after_comments(text)
        first, separator = _first_line(text, encoding), None
        if hint := _SEPARATOR_LINE.fullmatch(first):
            text, separator = text.partition(b"\n")[2], hint[1]
            first = _first_line(text, encoding)
        elif has_header is None and _is_title(text):
            text = text.partition(b"\n")[2]
            first = _first_line(text, encoding)
        if b"\n" not in text and len(head) == HEAD_BYTES:
            raise ValueError(f"{name} is no table: its first line is longer than {HEAD_BYTES // 1024**2} MiB")
        separator = separator or detect_separator(first)
        fields = [field.strip() for field in first.split(separator)]
        may_quote = separator in ("\t", _COLONS) and not any(map(_IN_QUOTES.fullmatch, fields))
        quote = None if may_quote else '"'
        record = _first_record(text, separator) if quote else text[: text.find(b"\n") + 1 or len(text)]
        has_header = not _is_data(fields) if has_header is None else has_header
        if (n_columns := record.count(separator.encode()) + 1) > MAX_COLUMNS:
            raise ValueError(f"{name} has {n_columns:,} columns; a table has at most {MAX_COLUMNS:,}")
        mark, record_text = _with_one_letter(separator, record)
        names = pl.read_csv(
            as_utf8(record_text, encoding), separator=mark, has_header=has_header, infer_schema=False, quote_char=quote,
            truncate_ragged_lines=True, encoding="utf8-lossy",
        ).columns  # fmt: skip
        n_before = len(head) - len(text) + (len(record) if has_header else 0)
        first_row = () if has_header else tuple(field.strip('"') for field in fields)
        return cls(
            names, separator, quote, n_before, first_row=first_row, encoding=encoding, n_comments=n_comments,
            may_quote=may_quote,
        )  # fmt: skip


def _is_title(text: bytes) -> bool:
    """Tell whether the first line is a title above a table of many columns, as Shazam writes it."""
    title, header, row = (*text[:_TITLE_BYTES].split(b"\n", 3), b"", b"", b"")[:3]
    marks = [mark for mark in (b"\t", b",", b";") if header.count(mark) >= _MIN_MARKS]
    return not any(mark in title for mark in (b"\t", b",", b";")) and any(
        row.count(m) >= header.count(m) for m in marks
    )


def after_comments(text: bytes) -> tuple[bytes, int]:
    """The text from its header on, and the number of comments before it.

    A comment with as many fields as the line behind it is the header, as in ``#id<tab>gender``.
    """
    match = _COMMENTS.match(text)
    n_bytes = match.end() if match else 0
    lines = [line for line in text[:n_bytes].split(b"\n") if line.strip()]
    first = text[n_bytes:].partition(b"\n")[0]
    if not lines or not first:
        return text, 0
    mark = detect_separator(first.decode("utf-8", "replace")).encode()
    if lines[-1].count(mark) != first.count(mark) or mark not in first:
        return text[n_bytes:], len(lines)
    header = text[text.rindex(lines[-1], 0, n_bytes) :]
    bare = header.lstrip(b"#% ")
    return header if bare.startswith(mark) else bare, len(lines) - 1  # a column may be called #


def _with_one_letter(separator: str, text: bytes) -> tuple[str, bytes]:
    """A separator of one letter, and the text with it."""
    return (_UNIT, text.replace(_COLONS.encode(), _UNIT.encode())) if separator == _COLONS else (separator, text)


def _is_data(fields: Sequence[str]) -> bool:
    """Tell whether the fields of a first line are data and not names: two numbers, or a hash, a code or a time."""
    plain = [field.strip('"') for field in fields]
    return all(map(_NUMBER.fullmatch, plain[:2])) or any(map(_CODE.fullmatch, plain))


def header_fields(line: str) -> list[str]:
    """Split the first line of a text file into fields."""
    mark = detect_separator(line)
    return line.split(mark) if mark == _COLONS else next(csv.reader([line], delimiter=mark), [])


def detect_separator(line: str) -> str:
    """Detect the separator of fields from the first line of a text file."""
    marks = ("\t", *([_COLONS] if line.count(_COLONS) > 1 else []), ",", ";", " ")
    return next((mark for mark in marks if mark in line.strip()), ",")


def _first_line(text: bytes, encoding: str | None) -> str:
    return as_utf8(text.partition(b"\n")[0], encoding).decode("utf-8", "replace")


def _first_record(text: bytes, separator: str) -> bytes:
    """The first line, or the first lines if a field that begins with a quote holds ends of lines."""
    mark = re.escape(separator.encode())
    quoted = rb' *"[^"]*+(?:""[^"]*+)*+'  # without the quote at its end
    fields = rb'(?:(?:%s" *|(?! *")[^%s]*+)%s)*+' % (quoted, mark, mark)
    is_open = re.compile(fields + quoted).fullmatch
    is_whole = re.compile(rb'%s(?:%s"\s*|(?! *")[^%s]*+)' % (fields, quoted, mark)).fullmatch
    first = end = text.find(b"\n") + 1 or len(text)
    for _ in range(MAX_LINES):
        if not is_open(text[:end]):
            return text[:end] if is_whole(text[:end]) else text[:first]
        end = text.find(b"\n", end) + 1 or len(text)
    return text[:first]


def rows_of_layout(
    member: Member, layout: Layout, columns: Sequence[str], lost: Counter[str]
) -> Iterator[pl.DataFrame]:
    """Yield columns of a text file as text; a blank line is a row of nulls.

    Lines that are too long and those of comments count in `lost`.
    """
    places = [place for place, name in enumerate(layout.names) if name in set(columns)]
    # polars takes the number of columns from the first line, and would unpack a block that begins like a packed file.
    mark, n_columns = _with_one_letter(layout.separator, b"")[0], len(layout.names)
    first = mark.join("x" * n_columns).encode() + b"\n"

    with member.open_text() as file:
        file.read(layout.n_before)
        blocks = _without_comments(line_blocks(file, lost=lost), layout.separator, n_columns, lost)
        blocks = (_with_one_letter(layout.separator, block)[1] for block in blocks)
        for block in quoted_blocks(blocks, mark, n_columns) if layout.quote else blocks:
            text = block if layout.is_utf8 else as_utf8(block, layout.encoding)
            frame = pl.read_csv(
                first + text, separator=mark, has_header=False, columns=places, infer_schema=False,
                truncate_ragged_lines=True, encoding="utf8-lossy", quote_char=layout.quote,
            )  # fmt: skip
            frame.columns = [layout.names[place] for place in places]
            if layout.may_quote and b'"' in block:
                frame = frame.with_columns(map(_out_of_quotes, frame.columns))
            yield frame.slice(1)


def _without_comments(blocks: Iterable[bytes], separator: str, n_columns: int, lost: Counter[str]) -> Iterator[bytes]:
    """Drop lines that begin with # or % and have fewer fields than the table; a title may begin so, too: #9 Dream."""
    mark = separator.encode()
    for block in blocks:
        # One letter is found in a tenth of the time of two; most blocks hold neither.
        if not any(mark in block and (block.startswith(mark) or b"\n" + mark in block) for mark in _COMMENT_MARKS):
            yield block
            continue
        lines = _LINE.findall(block)
        kept = [line for line in lines if not line.startswith(_COMMENT_MARKS) or line.count(mark) >= n_columns - 1]
        if len(kept) < len(lines):
            lost[COMMENTS] += len(lines) - len(kept)
        if kept:
            yield b"".join(kept)


def _out_of_quotes(name: str) -> pl.Expr:
    """A field as Excel means it, which encloses those with a comma or a quote in quotes also between tabs."""
    text = pl.col(name)
    inside = text.str.slice(1).str.head(-1)
    is_enclosed = (text.str.len_chars() >= 2) & text.str.starts_with('"') & text.str.ends_with('"')
    is_by_rule = inside.str.contains(",", literal=True) | inside.str.contains('""', literal=True)
    return pl.when(is_enclosed & is_by_rule).then(inside.str.replace_all('""', '"', literal=True)).otherwise(text)
