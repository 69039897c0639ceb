"""JSON larger than memory: lists, read some entries at a time, and lines of one object each as tables."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO

import polars as pl

from earshot.data.tables.text_blocks import Member, json_value, line_blocks
from earshot.data.tables.utf8_text import as_utf8

MAX_COLUMNS = 10_000
HEAD_BYTES = 4 * 1024 * 1024  # of a file, from which its columns are known; longer than any header
_BLOCK_BYTES = 16 * 1024 * 1024  # of lines

_PIECE_BYTES = 4 * 1024 * 1024
_ENTRIES_AT_ONCE = 20_000  # each becomes some Python objects
_LETTERS_AT_ONCE = 64 * 1024 * 1024
_MAX_ENTRY_LETTERS = 16 * 1024 * 1024
_MAX_NUMBER_LETTERS = 64  # a number that ends this near to the end of the text may go on
_SPACE = re.compile(r"[ \t\n\r]*")


def json_entries(
    file: IO[bytes], name: str, key: str | None = None, facts: dict[str, object] | None = None
) -> Iterator[list[object]]:
    """Yield the entries of one list in their order, some at a time.

    Parameters
    ----------
    key : of the list in an object, of which the rest is not read; else the file is the list
    facts : filled with the values before that key

    Raises
    ------
    ValueError
        The file is no list or has none of that key, is not JSON, or nested too deeply.
    """
    text = _JsonReader(file)
    entries: list[object] = []
    n_entries = n_letters = 0
    try:
        if key is not None:
            _go_to(text, name, key, {} if facts is None else facts)
        if text.mark() != "[":
            raise ValueError(f"{name} is no list of streams" if _is_json(text) else f"{name} is not JSON")
        text.take()
        mark = text.take() if text.mark() == "]" else ","
        while mark == ",":
            value, n_value_letters = text.value()
            entries.append(value)
            n_entries, n_letters = n_entries + 1, n_letters + n_value_letters
            if len(entries) == _ENTRIES_AT_ONCE or n_letters >= _LETTERS_AT_ONCE:
                yield entries
                entries, n_letters = [], 0
            mark = text.take()
        if mark != "]":
            raise json.JSONDecodeError("Expecting ',' delimiter", "", 0)
        if key is None and text.mark():
            raise json.JSONDecodeError("Extra data", "", 0)
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is not JSON: {error.msg}, after {n_entries:,} entries") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    yield entries


def _go_to(text: "_JsonReader", name: str, key: str, facts: dict[str, object]) -> None:
    """Read the object that begins here up to the value of a key."""
    mark = text.take()
    if mark != "{":
        raise ValueError(f"{name} is no JSON object")
    while mark in ("{", ",") and text.mark() == '"':
        word, _ = text.value()
        if text.take() != ":":
            raise json.JSONDecodeError("Expecting ':' delimiter", "", 0)
        if word == key:
            return
        facts[str(word)], _ = text.value()
        mark = text.take()
    raise ValueError(f"{name} has no list {key!r}")


def _is_json(text: "_JsonReader") -> bool:
    try:
        text.value()
    except (ValueError, RecursionError):
        return False
    return not text.mark()


class _JsonReader:
    """JSON values and marks of a text, which is read from its file as needed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._decoder = file, codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()
        self._letters = ""
        self._is_whole = False
        self.position = 0

    def mark(self) -> str:
        """The next letter that is no space; "" at the end."""
        while True:
            match = _SPACE.match(self._letters, self.position)
            assert match is not None  # the pattern matches an empty text
            self.position = match.end()
            if self.position < len(self._letters) or self._is_whole:
                return self._letters[self.position : self.position + 1]
            self._read_on(_PIECE_BYTES)

    def take(self) -> str:
        """Read the next mark."""
        mark = self.mark()
        self.position += len(mark)
        return mark

    def value(self) -> tuple[object, int]:
        """Read the value that begins with the next mark; also its number of letters."""
        self.mark()
        n_bytes = _PIECE_BYTES
        while True:
            try:
                value, end = self._json.raw_decode(self._letters, self.position)
            except ValueError as error:  # also for a number of thousands of digits
                if self._is_whole or len(self._letters) - self.position > _MAX_ENTRY_LETTERS:
                    message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                    raise json.JSONDecodeError(message, "", 0) from None
            else:
                if self._is_whole or end + _MAX_NUMBER_LETTERS < len(self._letters):
                    n_letters, self.position = end - self.position, end
                    return value, n_letters
            self._read_on(n_bytes)
            n_bytes *= 2  # so that a long value is decoded from its beginning only a few times

    def _read_on(self, n_bytes: int) -> None:
        content = self._file.read(n_bytes)
        self._is_whole = not content
        self._letters = self._letters[self.position :] + self._decoder.decode(content, final=not content)
        self.position = 0


def json_columns(head: bytes, name: str) -> dict[str, pl.DataType]:
    """The keys of the first lines, as columns of text; of lists or structs if a value is one."""
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    schema: dict[str, pl.DataType] = {}
    for line in as_utf8(head).split(b"\n"):
        row = json_value(line) if line.strip() else None
        for key, value in row.items() if isinstance(row, dict) else ():
            nested = pl.List(pl.String()) if isinstance(value, list) else pl.Struct({})
            dtype = nested if isinstance(value, list | dict) else pl.String()
            if schema.setdefault(key, dtype) == pl.String():
                schema[key] = dtype
        if len(schema) > MAX_COLUMNS:
            raise ValueError(f"{name} has more than {MAX_COLUMNS:,} columns")
    return schema


def json_rows(member: Member, columns: Sequence[str], lost: Counter[str]) -> Iterator[pl.DataFrame]:
    """Read one object per line; a line that is none becomes a row of nulls."""
    schema = dict.fromkeys(columns, pl.String())
    with member.open_text() as file:
        for block in line_blocks(file, _BLOCK_BYTES, lost=lost):
            content = as_utf8(block)
            try:
                yield pl.read_ndjson(content, schema=schema)
            except pl.exceptions.PolarsError:  # one damaged line is enough
                rows = [json_value(line) for line in content.split(b"\n") if line.strip()]
                texts = [
                    {name: _text(row.get(name)) for name in columns} if isinstance(row, dict) else {} for row in rows
                ]
                yield pl.DataFrame(texts, schema=schema)


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
