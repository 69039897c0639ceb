"""Playlists: listed, made, filled, reordered, renamed, deleted, and saved as files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from earshot.data.playlists.playlist_writer import playlist_text
from earshot.index.library import Library, LibraryError
from earshot.index.listens.made_playlists import (
    StoredPlaylist,
    change_playlist,
    create_playlist,
    delete_playlist,
    find_playlist,
    playlist_track_ids,
    stored_playlists,
)
from earshot.index.tracks.track_lookup import TrackRow, track_rows
from earshot.web.library_access import library_of
from earshot.web.pages.listeners import listener_of, thumbs_of
from earshot.web.pages.page_templates import page
from earshot.web.pages.request_bodies import json_of, text_of, values_of, wants_json
from earshot.web.pages.track_cards import PAGE_SIZE, cards, id_list, page_number, paging

_TYPES = {"m3u8": "audio/x-mpegurl", "xspf": "application/xspf+xml", "jspf": "application/json"}
_MAX_TRACKS = 10_000  # of a playlist that a page changes
_MAX_SHOWN = 1_000  # of one that is shown as a whole, to be reordered


async def playlists(request: Request) -> Response:
    """List the playlists of the library, made here and imported."""
    number = page_number(request)

    def read(library: Library) -> dict[str, Any]:
        every = stored_playlists(library)
        shown = every[(number - 1) * PAGE_SIZE :][: PAGE_SIZE + 1]
        return {
            "playlists": [(one, _cover_ids(library, one)) for one in shown[:PAGE_SIZE]],
            "paging": paging(request, len(shown), number),
        }

    return page(request, "playlists.html", **await library_of(request).read(read))


async def playlist_names(request: Request) -> Response:
    """The playlists that tracks can be added to, as JSON."""

    def read(library: Library) -> list[dict[str, Any]]:
        return [_facts(one) for one in stored_playlists(library) if one.path is None]

    return JSONResponse(await library_of(request).read(read))


async def playlist(request: Request) -> Response:
    """Show the tracks of a playlist."""
    listener = listener_of(request)

    def read(library: Library) -> dict[str, Any]:
        found = _found(library, request.path_params["id"])
        rows = _rows(library, found.id)
        return {
            "playlist": found,
            "tracks": cards(library, rows[:_MAX_SHOWN], thumbs_of(library, listener)),
            "seconds": sum(row.duration or 0 for row in rows),
            "cover_ids": _cover_ids(library, found),
            "n_hidden": len(rows[_MAX_SHOWN:]),
        }

    return page(request, "playlist.html", **await library_of(request).read(read))


async def make(request: Request) -> Response:
    """Make a playlist of a name and tracks."""
    values = await values_of(request)
    name, track_ids = text_of(values, "name"), id_list(values.get("tracks", []), _MAX_TRACKS)

    def write(library: Library) -> StoredPlaylist:
        with _refusals():
            return find_playlist(library, create_playlist(library, name, track_ids))

    return _changed(request, await library_of(request).write(write))


async def add(request: Request) -> Response:
    """Add tracks to the end of a playlist."""
    track_ids = id_list((await json_of(request)).get("tracks"), _MAX_TRACKS)

    def write(library: Library) -> StoredPlaylist:
        with _refusals():
            found = _found(library, request.path_params["id"])
            change_playlist(library, found.id, track_ids=[*playlist_track_ids(library, found.id), *track_ids])
            return find_playlist(library, found.id)

    return _changed(request, await library_of(request).write(write))


async def set_tracks(request: Request) -> Response:
    """Keep tracks, in their order, in place of those that a playlist had."""
    track_ids = id_list((await json_of(request)).get("tracks"), _MAX_TRACKS)

    def write(library: Library) -> StoredPlaylist:
        with _refusals():
            found = _found(library, request.path_params["id"])
            if found.n_tracks > _MAX_SHOWN:
                raise HTTPException(409, f"A playlist of more than {_MAX_SHOWN:,} tracks is not reordered by hand.")
            change_playlist(library, found.id, track_ids=track_ids)
            return find_playlist(library, found.id)

    return _changed(request, await library_of(request).write(write))


async def flow(request: Request) -> Response:
    """Reorder a playlist so that each track leads to the next."""
    playlist_id = request.path_params["id"]

    def read(library: Library) -> tuple[list[int], list[int]]:
        from earshot.stages.reorder import reorder_tracks  # polars, for which the server's start does not wait

        track_ids = playlist_track_ids(library, _found(library, playlist_id).id)
        return track_ids, reorder_tracks(library, track_ids)

    before, after = await library_of(request).read(read)  # seconds for thousands of tracks, without the writer's lock

    def write(library: Library) -> StoredPlaylist:
        if playlist_track_ids(library, playlist_id) != before:
            raise HTTPException(409, "The playlist was changed meanwhile. Try again.")
        with _refusals():
            change_playlist(library, playlist_id, track_ids=after)
            return find_playlist(library, playlist_id)

    return _changed(request, await library_of(request).write(write))


async def save(request: Request) -> Response:
    """Send a playlist as a file: extended M3U, XSPF or JSPF."""
    suffix = request.path_params["suffix"]
    if suffix not in _TYPES:
        raise HTTPException(404, f"Playlists are saved as {', '.join(_TYPES)}, not as {suffix[:20]}.")

    def read(library: Library) -> tuple[str, str]:
        found = _found(library, request.path_params["id"])
        tracks = [row.listed for row in _rows(library, found.id)]
        return found.name, playlist_text(tracks, Path("/"), relative=False, suffix=f".{suffix}", name=found.name)

    name, text = await library_of(request).read(read)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}.{suffix}"}
    return Response(text, media_type=_TYPES[suffix], headers=headers)


async def rename(request: Request) -> Response:
    """Give a playlist another name."""
    name = text_of(await values_of(request), "name")

    def write(library: Library) -> StoredPlaylist:
        with _refusals():
            found = _found(library, request.path_params["id"])
            change_playlist(library, found.id, name=name)
            return find_playlist(library, found.id)

    return _changed(request, await library_of(request).write(write))


async def delete(request: Request) -> Response:
    """Delete a playlist; its tracks stay."""

    def write(library: Library) -> None:
        with _refusals():
            delete_playlist(library, _found(library, request.path_params["id"]).id)

    await library_of(request).write(write)
    return JSONResponse({}) if wants_json(request) else RedirectResponse("/playlists", 303)


def _changed(request: Request, found: StoredPlaylist) -> Response:
    return JSONResponse(_facts(found)) if wants_json(request) else RedirectResponse(f"/playlists/{found.id}", 303)


def _facts(found: StoredPlaylist) -> dict[str, Any]:
    return {"id": found.id, "name": found.name, "n_tracks": found.n_tracks}


def _found(library: Library, playlist_id: int) -> StoredPlaylist:
    try:
        return find_playlist(library, playlist_id)
    except LibraryError as error:
        raise HTTPException(404, str(error)) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the library refuses to change into an answer; nothing was changed."""
    try:
        yield
    except LibraryError as error:
        raise HTTPException(409, str(error)) from None


def _rows(library: Library, playlist_id: int) -> list[TrackRow]:
    """The tracks of a playlist in order; those whose file is gone are left out."""
    ids = playlist_track_ids(library, playlist_id)
    rows = track_rows(library, ids)
    return [rows[track_id] for track_id in ids if track_id in rows]


def _cover_ids(library: Library, found: StoredPlaylist) -> list[int]:
    """Four tracks of different albums, whose covers stand for a playlist; one of fewer."""
    query = (
        "SELECT min(t.id) FROM playlist_tracks AS p JOIN tracks AS t ON t.id = p.track_id WHERE p.playlist_id = ?"
        " AND p.position <= 100 GROUP BY coalesce(t.album_id, -t.id) ORDER BY min(p.position) LIMIT 4"
    )
    covers = library.column(query, [found.id])
    return covers if len(covers) == 4 else covers[:1]


routes = [
    Route("/playlists", playlists),
    Route("/playlists", make, methods=["POST"]),
    Route("/playlists.json", playlist_names),
    Route("/playlists/{id:int}", playlist),
    Route("/playlists/{id:int}.{suffix}", save),
    Route("/playlists/{id:int}/flow", flow, methods=["POST"]),
    Route("/playlists/{id:int}/add", add, methods=["POST"]),
    Route("/playlists/{id:int}/tracks", set_tracks, methods=["POST"]),
    Route("/playlists/{id:int}/name", rename, methods=["POST"]),
    Route("/playlists/{id:int}/delete", delete, methods=["POST"]),
]
