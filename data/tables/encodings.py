"""Text that other programs wrote, in the letters that they meant."""

import codecs
import io
from typing import IO

_PIECE_BYTES = 1024 * 1024  # bytes that are looked at together
_REPLACEMENT = "\ufffd"  # stands where bytes are no letter
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Utf8File(io.RawIOBase):
    """A file from behind its byte order mark; one of UTF-16 as UTF-8, any other in its own bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._ready = file.read(_PIECE_BYTES)  # not the mark alone: who peeks sees one piece
        self._decoder: codecs.IncrementalDecoder | None = None
        if self._ready.startswith(_UTF16_MARKS):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
            self._ready = self._decoded(self._ready)
        self._ready = self._ready.removeprefix(codecs.BOM_UTF8)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        while not self._ready:
            content = self._file.read(len(buffer))
            self._ready = self._decoded(content) if self._decoder else content
            if not content:
                break
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _decoded(self, content: bytes) -> bytes:
        assert self._decoder is not None
        text = self._decoder.decode(content, final=not content)
        return text.encode("utf-8", "replace")  # halves of letters are none


def as_utf8(content: bytes) -> bytes:
    """Text without a byte order mark as UTF-8, as `decoded` understands it."""
    return content if content.isascii() or _is_utf8(content) else _western(content).encode()


def decoded(content: bytes) -> str:
    """UTF-8; or UTF-16, which says so at its beginning; or what Windows wrote before either, in western languages.

    Of UTF-8 that is damaged only the damaged letters are lost.

    >>> decoded("Björk".encode("cp1252")), decoded("Björk".encode("utf-16"))
    ('Björk', 'Björk')
    """
    if content.startswith(_UTF16_MARKS):
        return content.decode("utf-16", "replace")
    return _western(content.removeprefix(codecs.BOM_UTF8))


def _western(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    n_lost = text.count(_REPLACEMENT)
    n_beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if n_lost > n_beyond_ascii / 2:  # hardly two letters of another encoding look like one of UTF-8
        return content.decode("cp1252", "replace")
    return text


def _is_utf8(content: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for place in range(0, len(content), _PIECE_BYTES):
            decoder.decode(content[place : place + _PIECE_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
