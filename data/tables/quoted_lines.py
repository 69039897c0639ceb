"""Fields in quotes, read line by line: a quote that is a letter, or is never closed, spoils no other line.

Programs that write CSV by hand quote only what holds a comma, and forget the quotes of `12" Mix`. Clean text, which
quotes by the rules, passes as it is.
"""

import re
from collections.abc import Iterable, Iterator

import numpy as np

_QUOTE, _END, _RETURN = b'"\n\r'
MAX_LINES, _MAX_BYTES = 20, 65_536  # of one field in quotes


def quoted_blocks(blocks: Iterable[bytes], separator: str, n_columns: int) -> Iterator[bytes]:
    """Turn blocks of whole lines into blocks of whole records whose quotes follow the rules of CSV."""
    lines = _QuotedLines(separator.encode(), n_columns)
    rest = b""
    for block in blocks:
        block = rest + block
        rest = b""
        if b'"' in block and not lines.are_clean(block):
            block, rest = lines.mended(block, is_last=False)
        if block:
            yield block
    if rest:
        yield lines.mended(rest, is_last=True)[0]


class _QuotedLines:
    """Lines of fields between one separator, some of them in quotes."""

    def __init__(self, separator: bytes, n_columns: int) -> None:
        mark = re.escape(separator)
        field = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n%s]*+)' % mark
        self._separator, self._n_columns = separator, n_columns
        self._is_clean = re.compile(rb"%s(?:%s%s)*+\r?" % (field, mark, field)).fullmatch
        self._in_quotes = re.compile(rb' *"([^"]*+(?:""[^"]*+)*+)" *(?=%s|$)' % mark).match
        self._till_a_quote_before_a_separator = re.compile(rb' *"(.*?)" *(?=%s|$)' % mark, re.DOTALL).match

    def are_clean(self, block: bytes) -> bool:
        """Tell whether every quote stands at the edge of a field or is doubled, and no line ends within quotes."""
        letters = np.frombuffer(b"\n" + block + b"\n", np.uint8)
        quotes = np.flatnonzero(letters == _QUOTE)
        n_before_ends = np.searchsorted(quotes, np.flatnonzero(letters == _END))
        if (n_before_ends % 2).any():
            return False
        before, behind = letters[quotes[::2] - 1], letters[quotes[1::2] + 1]
        mark = self._separator[0]
        return bool(
            np.isin(before, (mark, _END, _QUOTE)).all() and np.isin(behind, (mark, _END, _RETURN, _QUOTE)).all()
        )

    def mended(self, block: bytes, *, is_last: bool) -> tuple[bytes, bytes]:
        """Quote the fields of a block by the rules; also the rest that may be half a record."""
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        records: list[bytes] = []
        place = 0
        while place < len(lines):
            line = lines[place]
            if b'"' not in line or self._is_clean(line):
                records.append(line)
                place += 1
                continue
            n_lines, is_open = self._n_lines(lines, place)
            if is_open and not is_last:
                break
            if n_lines:
                records.append(b"\n".join(lines[place : place + n_lines]))
            else:
                records.append(self._record(line))
            place += max(n_lines, 1)
        return b"".join(record + b"\n" for record in records), b"".join(line + b"\n" for line in lines[place:])

    def _n_lines(self, lines: list[bytes], place: int) -> tuple[int, bool]:
        """The number of lines of a record with ends of lines in quotes, 0 for a mere line; and if it may go on."""
        if lines[place].count(b'"') % 2 == 0 or self._is_whole(self._fields(lines[place])):
            return 0, False
        n_quotes = n_bytes = 0
        for n_lines in range(1, MAX_LINES + 1):
            if place + n_lines > len(lines):
                return 0, True
            n_quotes += lines[place + n_lines - 1].count(b'"')
            n_bytes += len(lines[place + n_lines - 1])
            if n_bytes > _MAX_BYTES:
                break
            if n_quotes % 2 == 0:
                record = b"\n".join(lines[place : place + n_lines])
                if self._is_clean(record) and len(self._fields(record)) == self._n_columns:
                    return n_lines, False
        return 0, False

    def _is_whole(self, fields: list[bytes]) -> bool:
        return len(fields) == self._n_columns and not any(field.startswith(b'"') for field in fields)

    def _record(self, line: bytes) -> bytes:
        """The fields of a line, each in quotes."""
        line = line.removesuffix(b"\r")
        fields = self._fields(line)
        if len(fields) > self._n_columns:
            loosely = self._fields(line, loosely=True)
            fields = loosely if len(loosely) == self._n_columns else fields
        plain = [field[1:] if field.count(b'"') == 1 and field.startswith(b'"') else field for field in fields]
        return self._separator.join(b'"' + field.replace(b'"', b'""') + b'"' for field in plain)

    def _fields(self, line: bytes, *, loosely: bool = False) -> list[bytes]:
        """Split a line: a field is in quotes if they enclose it, else all its quotes are letters.

        Parameters
        ----------
        loosely : a field that begins with a quote ends at the first quote before a separator, whatever lies between
        """
        fields: list[bytes] = []
        place = 0
        while True:
            match = self._in_quotes(line, place) or (loosely and self._till_a_quote_before_a_separator(line, place))
            if match:
                fields.append(match[1].replace(b'""', b'"'))
                place = match.end()
            else:
                end = line.find(self._separator, place)
                end = len(line) if end < 0 else end
                fields.append(line[place:end])
                place = end
            if place >= len(line):
                return fields
            place += len(self._separator)
