"""The listener whom a browser plays for: chosen once, else the only one, else `me`."""

from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of, tracks_to_show
from earshot.web.library_access import library_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.request_bodies import text_of, values_of
from earshot.web.pages.track_cards import PAGE_SIZE, Card, cards, page_number, paging

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
    """Opinions of a listener: "like", "dislike" or "never" by recording, the latest first."""
    from earshot.stages.playing.feedback import never_recommended, opinions  # polars

    if not is_known(library, listener):
        return _never(library, [one.track_id for one in never_recommended(library) if one.user_id is None])
    said = {one.track_id: "like" if one.is_like else "dislike" for one in opinions(library, listener)}
    return said | _never(library, [one.track_id for one in never_recommended(library, listener)])


def _never(library: Library, track_ids: list[int]) -> dict[int, str]:
    return dict.fromkeys(recordings_of(library, track_ids), "never")


def keep_the_only_one(request: Request, response: Response, names: list[str]) -> None:
    """Take the only listener of a library for that of a browser which has none yet: they imported what they played."""
    if COOKIE not in request.cookies and len(names) == 1:
        _keep(response, names[0])


def _keep(response: Response, name: str) -> None:
    response.set_cookie(COOKIE, quote(name), max_age=_A_YEAR, httponly=True, samesite="strict")


async def choose(request: Request) -> Response:
    """Keep the name of the listener in a cookie, and lead back to the page that asked."""
    values = await values_of(request)
    name, to = text_of(values, "name", _MAX_NAME), str(values.get("to", "/"))
    # Not to another site: two slashes begin the name of one.
    response = RedirectResponse(to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/", 303)
    _keep(response, name)
    return response


async def liked(request: Request) -> Response:
    """List the tracks that a listener likes, the latest first, and those that are never to be suggested."""
    listener, number = listener_of(request), page_number(request)

    def read(library: Library) -> dict[str, Any]:
        thumbs = thumbs_of(library, listener)
        shown = {
            kind: [recording for recording, thumb in thumbs.items() if thumb == kind] for kind in ("like", "never")
        }
        likes = shown["like"][(number - 1) * PAGE_SIZE :][: PAGE_SIZE + 1]
        return {
            "liked": _cards(library, likes[:PAGE_SIZE], thumbs),
            "never": _cards(library, shown["never"][:PAGE_SIZE], thumbs) if number == 1 else [],
            "paging": paging(request, len(likes), number),
        }

    return page(request, "liked.html", **await library_of(request).read(read))


def _cards(library: Library, recordings: list[int], thumbs: dict[int, str]) -> list[Card]:
    shown = tracks_to_show(library, recordings)
    rows = [shown[recording][0] for recording in recordings if recording in shown]
    return cards(library, rows, thumbs)


routes = [Route("/liked", liked), Route("/listener", choose, methods=["POST"])]
