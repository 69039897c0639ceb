"""The door for music players: every endpoint of the OpenSubsonic API, its parameters, its key, and its failures.

GET or POST /rest/NAME, with or without `.view`; each request brings the key of a player, and no cookie counts here.
"""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earshot.index.database_checks import LibraryError, LockedError
from earshot.index.search.selected import AmbiguousError
from earshot.stages.shared.reports import StageError
from earshot.web.library_access import is_busy
from earshot.web.subsonic import (
    browse_endpoints,
    list_endpoints,
    opinion_endpoints,
    play_endpoints,
    playlist_endpoints,
    similar_endpoints,
    system_endpoints,
)
from earshot.web.subsonic.player_requests import Parameters, PlayerRequest, listener_of, read_parameters
from earshot.web.subsonic.player_state import PlayerState
from earshot.web.subsonic.subsonic_answers import GENERIC, NOT_FOUND, SubsonicError, answer, failure_answer

PATH = "/rest/"
Endpoint = Callable[[PlayerRequest], Awaitable[dict[str, Any] | Response]]
ENDPOINTS: dict[str, Endpoint] = {
    name.lower(): endpoint
    for part in (
        system_endpoints, browse_endpoints, list_endpoints, similar_endpoints, play_endpoints, opinion_endpoints,
        playlist_endpoints,
    )
    for name, endpoint in part.endpoints.items()
}  # fmt: skip
_OPEN = "getopensubsonicextensions"  # players ask for it before they have a key
_FORMS = ("xml", "json")


async def rest(request: Request) -> Response:
    """Answer one request of a player."""
    response = await _answered(request)
    response.headers.update(_sharing(request))
    return response


async def _answered(request: Request) -> Response:
    form = _form(request.query_params.get("f"))
    try:
        asked = await read_parameters(request)
        form = _form(asked.text("f"))
        if asked.text("f") not in (None, *_FORMS):
            raise SubsonicError(GENERIC, "Answers are in xml or json; jsonp, which runs as a script, is not spoken.")
        return await _ask(request, asked, form)
    except SubsonicError as error:
        return failure_answer(error, form)
    except HTTPException as error:  # of the sound and the covers
        code = NOT_FOUND if error.status_code == 404 else GENERIC
        return failure_answer(SubsonicError(code, error.detail), form)
    except LockedError as error:
        sentence = f"{error} Nothing was changed; try again when it has ended."
        return failure_answer(SubsonicError(GENERIC, sentence), form)
    except (StageError, AmbiguousError, LibraryError) as error:
        return failure_answer(SubsonicError(GENERIC, str(error)), form)
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
        return failure_answer(SubsonicError(GENERIC, "The library is busy. Try again in a moment."), form)


async def _ask(request: Request, asked: Parameters, form: str) -> Response:
    name = request.path_params["name"].removesuffix(".view").lower()
    if name == _OPEN:
        return answer(system_endpoints.extensions(), form)
    state: PlayerState = request.app.state.players
    listener = await listener_of(state.keys, asked, state.failures)
    client = asked.needed("c")[:100]
    endpoint = ENDPOINTS.get(name)
    if endpoint is None:
        unknown = SubsonicError(GENERIC, f"There is no endpoint {name[:40]!r} here.")
        return failure_answer(unknown, form, status=404)
    values = await endpoint(PlayerRequest(asked.values, request, listener, client))
    return values if isinstance(values, Response) else answer(values, form)


def _form(text: str | None) -> str:
    return text if text in _FORMS else "xml"


async def rest_options(request: Request) -> Response:
    """Tell a browser whether a player in a page of another site may ask."""
    sharing = _sharing(request)
    if not sharing:
        raise HTTPException(405, "Pages of other sites may not ask, but by --allow-origin of `cli serve`.")
    allowed = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "*"}
    return Response(None, 204, sharing | allowed)


def _sharing(request: Request) -> dict[str, str]:
    """The headers by which a browser shows an answer to a page of another site; none but for those allowed."""
    origin = request.headers.get("origin", "")
    if origin not in request.app.state.settings.allowed_origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", "Cross-Origin-Resource-Policy": "cross-origin"}


routes = [
    Route(f"{PATH}{{name}}", rest, methods=["GET", "POST"]),
    Route(f"{PATH}{{name}}", rest_options, methods=["OPTIONS"]),
]
