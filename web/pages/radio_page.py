"""Radio for the player: the server chooses songs, and the browser keeps the state of the session."""

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import listener_of, thumbs_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.request_bodies import json_of
from earshot.web.pages.track_cards import Card, cards, id_list, ids_of
from earshot.web.track_pools import pools_of

if TYPE_CHECKING:
    from earshot.index.playlists.continuation import Radio
    from earshot.stages.radio import RadioTrack

_KINDS = ("play", "skip", "like", "dislike", "never")  # of events
_MAX_SEEDS = 50
_N_AHEAD = 3  # songs that a queue shows before they play
_MAX_EVENTS = 20_000  # of a session: weeks of songs
_MAX_NEW_EVENTS = 10


async def radio_page(request: Request) -> Response:
    """Explain radio, and begin one from what is picked or was played."""
    return page(request, "radio.html")


async def start(request: Request) -> Response:
    """Begin a session from some tracks; the answer has its state, and what would come first."""
    seeds = ids_of((await json_of(request)).get("seeds", []))
    if not 0 < len(seeds) <= _MAX_SEEDS:
        raise HTTPException(400, f"A radio begins with 1 to {_MAX_SEEDS} tracks; these are {len(seeds)}.")
    pools, listener = pools_of(request), listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        from earshot.stages.radio import start_radio  # polars, for which the server's start does not wait

        pool, towers = pools.current(library), pools.towers(library)
        radio = start_radio(library, seeds, pool=pool, listener=listener, towers=towers)
        return _answer(library, radio, None, listener)

    return JSONResponse(await library_of(request).read(read))


async def go_on(request: Request) -> Response:
    """Note what happened to songs of a session; with `advance` also choose the one that plays now.

    The body has the `state` of the last answer and `events`, each a kind and the id of a track: play, skip, like,
    dislike or never.
    """
    body, pools, listener = await json_of(request), pools_of(request), listener_of(request)
    events, state = _events(body.get("events", [])), body.get("state")
    if not isinstance(state, dict) or not isinstance(state.get("events"), list) or len(state["events"]) > _MAX_EVENTS:
        raise HTTPException(400, "This is no state of a radio. Begin a new one.")

    def read(library: Library) -> dict[str, Any]:
        from earshot.stages.radio import next_songs, resume_radio

        recordings = recordings_of(library, [track_id for _, track_id in events])
        new = [[kind, recording] for (kind, _), recording in zip(events, recordings, strict=True)]
        space = state.get("settings", {}).get("space") if isinstance(state.get("settings"), dict) else None
        pool = pools.current(library, space) if isinstance(space, str) else None
        state_now = state | {"events": [*state["events"], *new]}
        radio = resume_radio(library, state_now, pool, listener, towers=pools.towers(library))
        now = next_songs(library, radio)[:1] if body.get("advance") is True else []
        return _answer(library, radio, now, listener)

    return JSONResponse(await library_of(request).read(read))


def _events(values: object) -> list[tuple[str, int]]:
    if not isinstance(values, list) or len(values) > _MAX_NEW_EVENTS:
        raise HTTPException(400, f"Events are a list of at most {_MAX_NEW_EVENTS}.")
    if not all(isinstance(one, list) and len(one) == 2 and one[0] in _KINDS for one in values):
        raise HTTPException(400, f"An event is a kind ({', '.join(_KINDS)}) and the id of a track.")
    return list(
        zip([kind for kind, _ in values], id_list([track for _, track in values], _MAX_NEW_EVENTS), strict=True)
    )


def _answer(library: Library, radio: "Radio", now: "list[RadioTrack] | None", listener: str) -> dict[str, Any]:
    from earshot.stages.radio import next_songs

    state = radio.state.to_json()
    songs = [*(now or []), *next_songs(library, radio, _N_AHEAD, peek=True)]
    shown: list[Card] = cards(library, [song.track for song in songs], thumbs_of(library, listener))
    for card in shown:
        card["from_radio"] = True
    n_now = len(now or [])
    return {"state": state, "now": shown[0] if n_now else None, "tracks": shown[n_now:]}


routes = [
    Route("/radio", radio_page),
    Route("/radio/start", start, methods=["POST"]),
    Route("/radio/next", go_on, methods=["POST"]),
]
