"""Plays and thumbs that the page tells: they become listens at once."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import is_known, listener_of, thumbs_of
from earshot.web.pages.request_bodies import json_of
from earshot.web.pages.track_cards import ids_of

_THUMBS = ("", "like", "dislike", "never")
_MAX_SECONDS = 100 * 24 * 3_600  # of one play


async def play(request: Request) -> Response:
    """Keep a play: which track, when it began, and how many seconds were heard."""
    body, listener = await json_of(request), listener_of(request)
    (track_id,) = ids_of([body.get("track")])
    started, played = _seconds(body, "started_at", 2**33), _seconds(body, "played_s", _MAX_SECONDS)

    def write(library: Library) -> bool:
        from earshot.stages.playing.feedback import record_play

        return record_play(library, listener, track_id, started, played_s=played)

    return JSONResponse({"is_new": await library_of(request).write(write)})


async def thumb(request: Request) -> Response:
    """Keep what a listener says of a track, in place of what was said before: like, dislike, never, or nothing."""
    body, listener = await json_of(request), listener_of(request)
    (track_id,) = ids_of([body.get("track")])
    wanted = body.get("thumb")
    if wanted not in _THUMBS:
        raise HTTPException(400, f"thumb has to be one of {', '.join(map(repr, _THUMBS))}.")

    await library_of(request).write(lambda library: _change_thumb(library, listener, track_id, wanted))
    return JSONResponse({"thumb": wanted})


def _change_thumb(library: Library, listener: str, track_id: int, wanted: str) -> None:
    from earshot.stages.playing import feedback  # polars, for which the server's start does not wait

    def exclude(library: Library, listener: str, track_id: int) -> bool:
        return feedback.record_never(library, track_id, listener)

    def include(library: Library, listener: str, track_id: int) -> bool:
        return is_known(library, listener) and feedback.undo_never(library, track_id, listener)

    given = {"like": feedback.record_like, "dislike": feedback.record_dislike, "never": exclude}
    taken_back = {"like": feedback.record_unlike, "dislike": feedback.record_undislike, "never": include}
    before = thumbs_of(library, listener).get(recordings_of(library, [track_id])[0], "")
    if before == wanted:
        return
    if before and not taken_back[before](library, listener, track_id) and before == "never":
        raise HTTPException(409, f"It is left out for everybody. Take that back by `cli never {track_id} --undo`.")
    if wanted:
        given[wanted](library, listener, track_id)


def _seconds(body: dict[str, Any], name: str, most: float) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise HTTPException(400, f"{name} has to be a number of seconds from 0 to {most:g}.")
    return float(value)


routes = [Route("/feedback/play", play, methods=["POST"]), Route("/feedback/thumb", thumb, methods=["POST"])]
