"""Rows as text: a table for people; JSON and CSV for programs."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from earshot.commands.shared.console import CONTROLS_BEYOND_C0

_CONTROLS = re.compile(f"[{CONTROLS_BEYOND_C0}]")  # JSON leaves them unescaped, but not C0


def clock(seconds: float | None) -> str:
    """``3:05``, or ``1:02:03`` from an hour on."""
    if seconds is None:
        return ""
    minutes, second = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def table(rows: Sequence[Sequence[object]], header: Sequence[str], width: int | None = 100) -> str:
    """Align columns under a header, numbers to the right; cut the widest so that a line fits `width` cells, if any."""
    cells = [[one_line(value) for value in row] for row in rows]
    widths = [max(_cells(text) for text in column) for column in zip(header, *cells, strict=True)]
    while width is not None and sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    is_number = [bool(rows) and all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(header))]
    lines = [[str(text) for text in header], *cells]
    return "\n".join(
        "  ".join(_fit(text, widths[i], is_number[i]) for i, text in enumerate(line)).rstrip() for line in lines
    )


def json_text(value: object, indent: int | None = None, *, is_ascii: bool = False) -> str:
    """JSON with letters unescaped, except for characters that could move a terminal's cursor or are half a letter.

    With `is_ascii` all letters beyond ASCII are escaped: nothing is lost where an encoding lacks them.
    """
    text = json.dumps(value, ensure_ascii=is_ascii, indent=indent)
    return _CONTROLS.sub(lambda match: json.dumps(match[0])[1:-1], text)


def json_parts(rows: Iterable[Mapping[str, Any]], *, is_ascii: bool = False) -> Iterator[str]:
    """Yield the pieces of a JSON list of any length, an object a line."""
    before = "[\n"
    for row in rows:
        yield before + json_text(row, is_ascii=is_ascii)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def csv_parts(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a CSV table of any length; every row has the cells of the first."""
    for number, row in enumerate(rows):
        text = as_csv([row])
        yield text if number == 0 else text.partition("\n")[2]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a header; a cell that a spreadsheet would run as a formula begins with an apostrophe."""
    out = io.StringIO()
    if rows:
        names = dict.fromkeys(name for row in rows for name in row)  # not every row has every cell
        writer = csv.DictWriter(out, fieldnames=list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def one_line(value: object) -> str:
    """A value as text without characters that could move a terminal's cursor."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value}"
    return "".join(character if character.isprintable() else " " for character in str(value))


def _cells(text: str) -> int:
    """Count terminal cells: two for East Asian characters, none for marks that sit on the one before."""
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(text: str, width: int, right: bool) -> str:
    if _cells(text) > width:
        while _cells(text) > width - 1:
            text = text[:-1]
        text += "…"
    padding = " " * (width - _cells(text))
    return padding + text if right else text + padding


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.replace("\r\n", "\n").replace("\r", "\n")  # a bare one would end the row for many readers
    return "'" + value if value.startswith(("=", "+", "-", "@", "\t", "\n")) else value
