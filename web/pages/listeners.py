"""The listener whom a browser plays for: chosen once, else the only one, else `me`."""

from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.web.pages.request_bodies import text_of, values_of

COOKIE = "earshot_listener"
DEFAULT = "me"
_MAX_NAME = 200
_MAX_SHOWN = 500  # names to choose from
_A_YEAR = 365 * 24 * 3_600


def listener_of(request: Request) -> str:
    """The name under which this browser's plays and thumbs are kept."""
    return unquote(request.cookies.get(COOKIE, ""))[:_MAX_NAME].strip() or DEFAULT


def listeners(library: Library) -> list[str]:
    """The names of listeners to choose from, by name."""
    return library.column("SELECT name FROM users ORDER BY name LIMIT ?", [_MAX_SHOWN])


def is_known(library: Library, listener: str) -> bool:
    """Tell whether anything was played or liked under a name."""
    return library.value("SELECT 1 FROM users WHERE name = ?", [listener]) is not None


def thumbs_of(library: Library, listener: str) -> dict[int, str]:
    """Opinions of a listener on tracks: "like", "dislike" or "never" by track."""
    from earshot.stages.playing.feedback import never_recommended, opinions  # polars

    if not is_known(library, listener):
        return {one.track_id: "never" for one in never_recommended(library) if one.user_id is None}
    said = {one.track_id: "like" if one.is_like else "dislike" for one in opinions(library, listener)}
    return said | {one.track_id: "never" for one in never_recommended(library, listener)}


async def choose(request: Request) -> Response:
    """Keep the name of the listener in a cookie, and lead back to the page that asked."""
    values = await values_of(request)
    name, to = text_of(values, "name", _MAX_NAME), str(values.get("to", "/"))
    # Not to another site: two slashes begin the name of one.
    response = RedirectResponse(to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/", 303)
    response.set_cookie(COOKIE, quote(name), max_age=_A_YEAR, httponly=True, samesite="strict")
    return response


routes = [Route("/listener", choose, methods=["POST"])]
