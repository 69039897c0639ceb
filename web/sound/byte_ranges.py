"""Answers with all bytes of a thing, or with the range that was asked for (RFC 9110, 14)."""

import re
from collections.abc import AsyncIterator
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_RANGE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)
_PART_BYTES = 2**17


class ByteSource(Protocol):
    """Bytes of a known number, which can be read from anywhere."""

    size: int  # bytes
    media_type: str
    etag: str  # in quotes; another one for other bytes

    async def read(self, start: int, n: int) -> bytes: ...

    def close(self) -> None: ...


class UnsatisfiableRangeError(ValueError):
    """A range that begins after the end."""


def requested_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte of a range and the one after its last; None for the whole.

    Several ranges in one header, which no player asks for, are answered with the whole, as the standard allows.

    >>> requested_range("bytes=2-4", 10), requested_range("bytes=-3", 10), requested_range("bytes=0-1,3-4", 10)
    ((2, 5), (7, 10), None)

    Raises
    ------
    UnsatisfiableRangeError
        It begins after the end.
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        begin, end = max(0, size - int(found[2])), size
    else:
        begin, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
        if found[2] and int(found[2]) < begin:
            return None
    if begin >= size or end <= begin:
        raise UnsatisfiableRangeError
    return begin, end


async def range_answer(request: Request, source: ByteSource) -> Response:
    """Answer a GET or HEAD with the bytes of a source, which is closed in any case.

    Errors of the first read are raised, before anything is answered.
    """
    try:
        headers = {"Accept-Ranges": "bytes", "ETag": source.etag}
        if source.etag in map(str.strip, request.headers.get("if-none-match", "").split(",")):
            source.close()
            return Response(None, 304, headers)
        is_same = request.headers.get("if-range", source.etag) == source.etag
        try:
            asked = requested_range(request.headers.get("range"), source.size) if is_same else None
        except UnsatisfiableRangeError:
            source.close()
            return Response(None, 416, headers | {"Content-Range": f"bytes */{source.size}"})
        begin, end = asked or (0, source.size)
        headers["Content-Length"] = str(end - begin)
        if asked is not None:
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{source.size}"
        status = 200 if asked is None else 206
        if request.method == "HEAD":
            source.close()
            return Response(None, status, headers, source.media_type)
        first = await source.read(begin, min(_PART_BYTES, end - begin))
        return _Sending(source, first, begin, end, status, headers)
    except BaseException:
        source.close()
        raise


class BrokenOffError(Exception):
    """An answer that had begun and cannot be finished; the connection is closed, and the player may ask again."""


class _Sending(StreamingResponse):
    """The bytes of a range, read as they are taken."""

    def __init__(
        self, source: ByteSource, first: bytes, begin: int, end: int, status: int, headers: dict[str, str]
    ) -> None:
        self._source = source
        super().__init__(self._parts(first, begin, end), status, headers, source.media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._source.close()

    async def _parts(self, first: bytes, begin: int, end: int) -> AsyncIterator[bytes]:
        content = first
        while content:
            yield content
            begin += len(content)
            if begin >= end:
                return
            try:
                content = await self._source.read(begin, min(_PART_BYTES, end - begin))
            except Exception as error:
                raise BrokenOffError(str(error)) from error
        raise BrokenOffError("it is shorter than it was")
