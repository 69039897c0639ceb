"""Pages to look around in the library: the first page, search, tracks, albums and artists."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from earshot.index.browsing.album_rows import Album, albums_by_key, albums_by_words, albums_of_artist
from earshot.index.browsing.artist_rows import artist_ids_by_words
from earshot.index.browsing.page_rows import (
    album_tracks,
    artist_rows,
    artist_tracks,
    list_albums,
    list_artists,
    owners_of,
)
from earshot.index.library import Library
from earshot.index.search.word_search import search_words
from earshot.index.tracks.track_lookup import track_rows
from earshot.index.vectors.spaces import TOWER, current_space
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import is_known, keep_the_only_one, listener_of, listeners, thumbs_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.track_cards import PAGE_SIZE, cards, ids_of, page_number, paging

_MAX_WORDS = 200  # letters of a search
_N_LATELY = 60  # plays that are looked at
_N_NAMES = 8
_N_BESIDE = 6  # albums and artists beside found tracks


async def home(request: Request) -> Response:
    """Show the albums that were played lately and the newest ones; in an empty library, what to type."""
    listener = listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        return {
            "n_tracks": library.value("SELECT count(*) FROM tracks WHERE status = 'embedded'"),
            "played": _played_lately(library, listener),
            "albums": list_albums(library, 18, order="newest"),
            "listeners": listeners(library),
        }

    facts = await library_of(request).read(read)
    response = page(request, "home.html" if facts["n_tracks"] else "first_run.html", **facts)
    keep_the_only_one(request, response, facts["listeners"])
    return response


def _played_lately(library: Library, listener: str) -> list[Album]:
    """The albums that a listener played here last, the latest first."""
    from earshot.stages.playing.feedback import recent_feedback  # polars, for which the server's start does not wait

    if not is_known(library, listener):
        return []
    played = [event.track_id for event in recent_feedback(library, listener, _N_LATELY)]
    owners = owners_of(library, played)
    albums = dict.fromkeys(owners[track_id][1] for track_id in played if track_id in owners)
    return albums_by_key(library, [album for album in albums if album is not None][:_N_BESIDE])


async def search(request: Request) -> Response:
    """Find tracks, albums and artists by words."""
    words = request.query_params.get("q", "").strip()[:_MAX_WORDS]

    def read(library: Library) -> dict[str, Any]:
        found = search_words(library, words, limit=PAGE_SIZE) if words else []
        return {
            "tracks": cards(library, found),
            "albums": albums_by_words(library, words, _N_BESIDE) if words else [],
            "artists": artist_rows(library, artist_ids_by_words(library, words, _N_BESIDE)) if words else [],
        }

    return page(request, "search.html", words=words, **await library_of(request).read(read))


async def track(request: Request) -> Response:
    """Show one track: what it is, and what can be asked about it."""
    track_id, listener = request.path_params["id"], listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        row = track_rows(library, [track_id]).get(track_id)
        if row is None:
            raise HTTPException(404, f"There is no track {track_id} with audio in this library.")
        thumbs = thumbs_of(library, listener)
        (card,) = cards(library, [row], thumbs)
        artist_id, album_id = card["artist_id"], card["album_id"]
        of_album = album_tracks(library, album_id, PAGE_SIZE) if album_id else []
        of_artist = _albums_of(library, artist_id)[:13] if artist_id else []
        return {
            "track": card,
            "album_tracks": cards(library, [other for other in of_album if other.id != track_id], thumbs),
            "albums": [album for album in of_artist if album.key != album_id],
            "path": row.path,
            "has_towers": current_space(library, TOWER) is not None,
        }

    return page(request, "track.html", **await library_of(request).read(read))


async def album(request: Request) -> Response:
    """Show the tracks of an album."""
    album_id, number, listener = request.path_params["id"], page_number(request), listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        found = albums_by_key(library, [album_id])
        if not found:
            raise HTTPException(404, f"There is no album {album_id} with audio in this library.")
        rows = album_tracks(library, album_id, PAGE_SIZE + 1, (number - 1) * PAGE_SIZE)
        others = _albums_of(library, found[0].artist_id) if found[0].artist_id else []
        return {
            "album": found[0],
            "tracks": cards(library, rows[:PAGE_SIZE], thumbs_of(library, listener)),
            "others": [other for other in others if other.key != album_id],
            "paging": paging(request, len(rows), number),
        }

    return page(request, "album.html", **await library_of(request).read(read))


async def artist(request: Request) -> Response:
    """Show the albums and tracks of an artist."""
    artist_id, number, listener = request.path_params["id"], page_number(request), listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        found = artist_rows(library, [artist_id])
        if not found:
            raise HTTPException(404, f"There is no artist {artist_id} with audio in this library.")
        rows = artist_tracks(library, artist_id, PAGE_SIZE + 1, (number - 1) * PAGE_SIZE)
        return {
            "artist": found[0],
            "albums": _albums_of(library, artist_id) if number == 1 else [],
            "tracks": cards(library, rows[:PAGE_SIZE], thumbs_of(library, listener)),
            "paging": paging(request, len(rows), number),
        }

    return page(request, "artist.html", **await library_of(request).read(read))


def _albums_of(library: Library, artist_id: int) -> list[Album]:
    """The albums of an artist and those with tracks of theirs, the latest first; not what lies in none."""
    return [one for one in albums_of_artist(library, artist_id) if one.key > 0][::-1][:PAGE_SIZE]


async def albums(request: Request) -> Response:
    """List all albums."""
    number = page_number(request)
    order = "newest" if request.query_params.get("order") == "newest" else "name"
    found = await library_of(request).read(
        lambda library: list_albums(library, PAGE_SIZE + 1, (number - 1) * PAGE_SIZE, order=order)
    )
    pages = paging(request, len(found), number)
    return page(request, "albums.html", albums=found[:PAGE_SIZE], order=order, paging=pages)


async def artists(request: Request) -> Response:
    """List all artists."""
    number = page_number(request)
    found = await library_of(request).read(
        lambda library: list_artists(library, PAGE_SIZE + 1, (number - 1) * PAGE_SIZE)
    )
    return page(request, "artists.html", artists=found[:PAGE_SIZE], paging=paging(request, len(found), number))


async def track_facts(request: Request) -> Response:
    """The facts of some tracks as JSON, for the player, the tray and the map."""
    ids = ids_of(request.query_params.getlist("id"))

    def read(library: Library) -> list[dict[str, Any]]:
        rows = track_rows(library, ids)
        return cards(library, [rows[track_id] for track_id in ids if track_id in rows])

    return JSONResponse(await library_of(request).read(read))


async def names(request: Request) -> Response:
    """The tracks that hold some words, as JSON, for fields that take the name of one."""
    words = request.query_params.get("q", "").strip()[:_MAX_WORDS]

    def read(library: Library) -> list[dict[str, Any]]:
        return cards(library, search_words(library, words, limit=_N_NAMES) if words else [])

    return JSONResponse(await library_of(request).read(read))


routes = [
    Route("/", home),
    Route("/search", search),
    Route("/track/{id:int}", track),
    Route("/album/{id:int}", album),
    Route("/artist/{id:int}", artist),
    Route("/albums", albums),
    Route("/artists", artists),
    Route("/tracks.json", track_facts),
    Route("/names.json", names),
]
