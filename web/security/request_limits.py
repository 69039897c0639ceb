"""Limits of a request: the letters of its path, the bytes of its body, and the seconds that its sender may take."""

import asyncio
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, ImmutableMultiDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2**20  # a playlist of ten thousand tracks
BODY_SECONDS = 30.0
_MAX_FIELDS = 20_000
MAX_PATH_LETTERS = 1_000  # an id of more digits than these is an error of Python's
_TOO_LONG = f"A request has at most {MAX_BODY_BYTES:,} bytes."


class RequestLimits:
    """Refuse a path that is too long, and a body that is, by what it says or by what comes, or does not end in time."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if len(scope["path"]) > MAX_PATH_LETTERS:
            await PlainTextResponse("There is no address as long as this.\n", 414)(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or int(declared) > MAX_BODY_BYTES:
            await PlainTextResponse(f"{_TOO_LONG}\n", 413)(scope, receive, send)
            return
        n_bytes, is_whole = 0, False
        until = asyncio.get_running_loop().time() + self._seconds

        async def limited_receive() -> Message:
            nonlocal n_bytes, is_whole
            if is_whole:
                return await receive()  # which waits for the end of the connection
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The request did not end in time.") from None
            n_bytes += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if n_bytes > MAX_BODY_BYTES:
                raise HTTPException(413, _TOO_LONG)
            return message

        await self._app(scope, limited_receive, send)


async def read_form(request: Request) -> ImmutableMultiDict[str, str]:
    """Read the fields of a form from the body of a request, in their order.

    Raises
    ------
    HTTPException
        It has too many fields, or is of the type that uploads files.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise HTTPException(415, f"A form is of the type application/x-www-form-urlencoded, not {kind[:80]}.")
    text = (await request.body()).decode("utf-8", "replace")
    try:
        return ImmutableMultiDict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        raise HTTPException(413, f"A form has at most {_MAX_FIELDS:,} fields.") from None
