"""Tables of JSON lines: one object a line, its keys the columns."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from earshot.data.tables.encodings import as_utf8
from earshot.data.tables.text_blocks import Member, json_value, line_blocks

MAX_COLUMNS = 10_000
HEAD_BYTES = 4 * 1024 * 1024  # of a file, from which its columns are known; longer than any header
_BLOCK_BYTES = 16 * 1024 * 1024


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
