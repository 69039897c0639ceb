"""Text of files as UTF-8, whatever its encoding: UTF-16, or the likeliest of those of countries (`encoding_guess`)."""

import codecs
import io
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import IO

from earshot.data.encoding_guess import guess_encoding

_PIECE_BYTES = 1024 * 1024  # decoded at a time
_MANY_ZEROS = 0.02  # of all bytes: in UTF-16 each blank, dot, slash and end of a line has one
_BETWEEN_NAMES = re.compile(rb"[\r\n\t,;\"]+")
_N_NAMES = 200  # from which an encoding is guessed
_REPLACEMENT = "\ufffd"  # decoders put it for bytes that are no letter
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Utf8File(io.RawIOBase):
    """A file without its byte order mark; UTF-16 and a given encoding become UTF-8, other bytes are unchanged.

    Lines that end in a carriage return alone, as programs of the Macintosh write them, end as others do.
    """

    def __init__(self, file: IO[bytes], encoding: str | None = None) -> None:
        super().__init__()
        self._pieces = _utf8_pieces(file, encoding)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        if not self._ready:
            self._ready = next(filter(None, self._pieces), b"")
        content, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(content)] = content
        return len(content)


def _utf8_pieces(file: IO[bytes], encoding: str | None) -> Iterator[bytes]:
    head = file.read(_PIECE_BYTES)  # not the mark alone, so that `peek` of a buffer sees a whole piece
    pieces: Iterator[bytes] = chain([head.removeprefix(codecs.BOM_UTF8)], iter(partial(file.read, _PIECE_BYTES), b""))
    if encoding := encoding or _utf16_of(head):
        texts = codecs.iterdecode(pieces, encoding, "replace")
        pieces = (text.encode("utf-8", "replace") for text in texts)  # lone surrogates have no encoding
        head = next(pieces, b"")
        pieces = chain([head], pieces)
    if b"\r" in head and b"\n" not in head:
        return (piece.replace(b"\r", b"\n") for piece in pieces)
    return pieces


def as_utf8(content: bytes, encoding: str | None = None) -> bytes:
    """Convert text without a byte order mark to UTF-8, from a known encoding, else the likeliest.

    Of damaged UTF-8 only damaged letters are lost.
    """
    if content.isascii() or (encoding is None and _is_utf8(content)):
        return content
    encoding = encoding or encoding_of_text(content)
    return content.decode(encoding or "utf-8", "replace").encode()


def encoding_of_text(content: bytes) -> str | None:
    """The likeliest encoding of the names in a text, None for UTF-8.

    >>> encoding_of_text("Кино, Группа крови".encode("cp1251")), encoding_of_text("Кино".encode())
    ('cp1251', None)
    """
    if content.isascii() or _utf8_text(content) is not None:
        return None
    names = [name for name in _BETWEEN_NAMES.split(content) if not name.isascii()]
    return guess_encoding(list(dict.fromkeys(names))[:_N_NAMES])


def decoded(content: bytes) -> str:
    """Decode UTF-8, UTF-16 (its byte order mark may be missing) or Windows-1252.

    Of damaged UTF-8 only damaged letters are lost.

    >>> decoded("Björk".encode("cp1252")), decoded("Björk".encode("utf-16"))
    ('Björk', 'Björk')
    """
    text = unicode_text(content)
    return _western(content) if text is None else text


def unicode_text(content: bytes) -> str | None:
    """Decode UTF-8 or UTF-16; None for bytes that are neither.

    >>> unicode_text("Björk".encode()), unicode_text("Björk".encode("cp1252"))
    ('Björk', None)
    """
    if encoding := _utf16_of(content[:_PIECE_BYTES]):
        return content.decode(encoding, "replace")
    return _utf8_text(content.removeprefix(codecs.BOM_UTF8))


def _utf16_of(content: bytes) -> str | None:
    """The encoding of text in UTF-16: zeros are frequent at even places alone, or at odd ones; None for other text."""
    if content.startswith(_UTF16_MARKS):
        return "utf-16"
    n_even, n_odd = content[::2].count(0), content[1::2].count(0)
    is_frequent = max(n_even, n_odd) > _MANY_ZEROS * len(content)
    if not is_frequent or min(n_even, n_odd) * 10 >= max(n_even, n_odd):
        return None
    return "utf-16-le" if n_odd > n_even else "utf-16-be"


def _utf8_text(content: bytes) -> str | None:
    text = content.decode("utf-8", "replace")
    n_lost = text.count(_REPLACEMENT) - content.count(_REPLACEMENT.encode())  # others were lost before
    n_beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    # Two letters of another encoding hardly look like one of UTF-8.
    return None if n_lost > n_beyond_ascii / 2 else text


def _western(content: bytes) -> str:
    return content.decode("cp1252", "replace")


def _is_utf8(content: bytes) -> bool:
    pieces = (content[place : place + _PIECE_BYTES] for place in range(0, len(content), _PIECE_BYTES))
    try:
        for _ in codecs.iterdecode(pieces, "utf-8"):
            pass
    except UnicodeDecodeError:
        return False
    return True
