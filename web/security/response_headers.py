"""Headers of every response, by which a browser keeps what it shows to this server's own files."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # `no-referrer` would take the Origin from our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SHARED = "Cross-Origin-Resource-Policy"  # what players ask for, other sites may show
_CACHE = "no-cache"  # what is kept is asked for again, with its ETag


class ResponseHeaders:
    """Add these headers to every response; one that says itself how long it may be kept, or by whom, is believed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({name: value for name, value in _HEADERS.items() if name != _SHARED})
                headers.setdefault(_SHARED, _HEADERS[_SHARED])
                headers.setdefault("Cache-Control", _CACHE)
            await send(message)

        await self._app(scope, receive, send_with_headers)
