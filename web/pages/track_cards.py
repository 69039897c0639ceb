"""Facts of tracks as pages and scripts need them: for one row of a list, for the player, for the queue."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from starlette.exceptions import HTTPException
from starlette.requests import Request

from earshot.index.browsing.page_rows import owners_of
from earshot.index.library import Library
from earshot.index.recordings.recordings import recordings_of
from earshot.index.tracks.track_lookup import TrackRow

PAGE_SIZE = 60  # tracks or albums on a page
_MAX_PAGE = 1_000_000
_MAX_IDS = 500  # in one address
Card = dict[str, Any]


def cards(
    library: Library,
    tracks: Sequence[TrackRow],
    thumbs: Mapping[int, str] | None = None,
    extras: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[Card]:
    """Tracks in this order as dictionaries, ready for JSON.

    Parameters
    ----------
    thumbs : "like", "dislike" or "never" by recording
    extras : further facts by track, such as the reason why it is listed
    """
    ids = [track.id for track in tracks]
    owners = owners_of(library, ids)
    recordings = dict(zip(ids, recordings_of(library, ids) if thumbs else ids, strict=True))
    return [
        {
            "id": track.id,
            "title": track.title,
            "artist": track.artist,
            "album": track.album,
            "genre": track.genre,
            "year": track.year,
            "duration": track.duration,
            "artist_id": owners.get(track.id, (None, None))[0],
            "album_id": owners.get(track.id, (None, None))[1],
            "playable": track.path is not None,
            "thumb": (thumbs or {}).get(recordings[track.id], ""),
            "reason": None,
            "moment": None,
            "score": None,
            "number": None,
            **((extras or {}).get(track.id, {})),
        }
        for track in tracks
    ]


def page_number(request: Request) -> int:
    """The number of the page that is asked for, from 1."""
    return number_of(request, "page", 1, range(1, _MAX_PAGE))


def paging(request: Request, n_found: int, page: int) -> dict[str, Any]:
    """The links to the pages around one; a page that asked for one more than it shows knows whether another follows."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in kept)
    return {
        "page": page,
        "has_more": n_found > PAGE_SIZE,
        "address": f"{request.url.path}?{query}{'&' if query else ''}",
    }


def number_of(request: Request, name: str, default: int, allowed: range) -> int:
    """A whole number of the address.

    Raises
    ------
    HTTPException
        400: it is none, or not in the range.
    """
    text = request.query_params.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or int(text) not in allowed:
        raise HTTPException(400, f"{name}={text[:40]} is no number from {allowed.start} to {allowed.stop - 1:,}.")
    return int(text)


def ids_of(values: list[Any], most: int = _MAX_IDS) -> list[int]:
    """Ids of tracks as an address or a message names them, each once; the errors are those of `id_list`."""
    return list(dict.fromkeys(id_list(values, most)))


def id_list(values: object, most: int) -> list[int]:
    """Ids of tracks in their order, and as often as they are named.

    Raises
    ------
    HTTPException
        400: this is no list, one is no id, or there are too many.
    """
    if not isinstance(values, list):
        raise HTTPException(400, "Tracks are given as a list of ids.")
    if len(values) > most:
        raise HTTPException(400, f"{len(values):,} tracks at once; {most:,} is the most.")
    texts = [str(value).strip() for value in values if isinstance(value, int | str) and not isinstance(value, bool)]
    if len(texts) < len(values) or not all(text.isascii() and text.isdecimal() and len(text) <= 18 for text in texts):
        raise HTTPException(400, "A track is named by its id, a whole number.")
    return list(map(int, texts))
