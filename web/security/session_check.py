"""The check that a request belongs to a session, and that a change was asked for by a page of this server."""

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from earshot.web.security.sessions import Sessions

_READING = ("GET", "HEAD")
_CHANGING = ("POST", "PUT", "DELETE", "PATCH")


class SessionCheck:
    """Let requests through that read and have the cookie of an open session, or change and come from our own page too.

    Parameters
    ----------
    cookie : name of the session's cookie
    open_paths : paths, or beginnings of paths that end in a slash, which need no session
    key_paths : beginnings of paths that players ask for with a key in each request, and without a cookie; the routes
        below check it
    """

    def __init__(
        self, app: ASGIApp, sessions: Sessions, cookie: str, open_paths: Iterable[str], key_paths: Iterable[str] = ()
    ) -> None:
        self._app, self._sessions, self._cookie = app, sessions, cookie
        self._open_paths, self._key_paths = tuple(open_paths), tuple(key_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._key_paths):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        """The answer to a request that may not pass; None for one that may."""
        if method not in (*_READING, *_CHANGING):
            return PlainTextResponse("No such method.\n", 405)
        if method in _CHANGING and not is_from_own_page(headers):
            return PlainTextResponse("A change is asked for by a page of another site.\n", 403)
        if is_within_other_page(headers):
            return PlainTextResponse("This is shown in no page of another site.\n", 403)
        is_open = any(path == one or (one.endswith("/") and path.startswith(one)) for one in self._open_paths)
        cookie = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        if is_open or self._sessions.is_open(cookie):
            return None
        if method in _READING and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/sign-in", 303)
        return PlainTextResponse("Sign in first.\n", 401)


def is_from_own_page(headers: Headers) -> bool:
    """Tell by what a browser says of itself whether a request was made by a page of this server.

    `Sec-Fetch-Site` names that in its own words, and no script can set it; older browsers send the Origin with a
    change. A request with neither is no browser's, and has to have the cookie from somewhere.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    return origin.partition("://")[2].lower() == headers.get("host", "").lower()


def is_within_other_page(headers: Headers) -> bool:
    """Tell whether a page of another server loads this as a part: a picture, a frame, or what a script asks for.

    Cookies go to all ports of a host, so that a page of another server on this computer would get it with ours, and
    learn from its size and time what is here. A link to a page is none of these.
    """
    if headers.get("sec-fetch-site") not in ("cross-site", "same-site"):
        return False
    return (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != ("navigate", "document")
