"""Endpoints on playlists, and on the queue with which a listener goes on at another player."""

import json

from earshot.index.browsing.song_rows import Song, songs_by_id
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
from earshot.index.listens.play_queue import MAX_QUEUED, read_play_queue, save_play_queue
from earshot.web.subsonic.browse_endpoints import required_song
from earshot.web.subsonic.media_items import Item, song_items
from earshot.web.subsonic.player_requests import (
    PLAYLIST,
    TRACK,
    PlayerRequest,
    id_text,
    number_of,
    numbers_of,
    whole_number,
)
from earshot.web.subsonic.subsonic_answers import FORBIDDEN, GENERIC, MISSING, NOT_FOUND, SubsonicError

_SUMS = """
    SELECT playlist_id, count(*), total(duration_s) FROM playlist_tracks JOIN tracks ON tracks.id = track_id
    WHERE status = 'embedded' AND playlist_id IN (SELECT value FROM json_each(?)) GROUP BY playlist_id
"""


async def get_playlists(asked: PlayerRequest) -> Item:
    """List all playlists, those that were imported too."""

    def read(library: Library) -> list[Item]:
        found = stored_playlists(library)
        sums = _sums(library, found)
        return [_playlist_item(one, *sums.get(one.id, (0, 0.0)), asked.listener) for one in found]

    return {"playlists": {"playlist": await asked.library.read(read)}}


async def get_playlist(asked: PlayerRequest) -> Item:
    """Show a playlist with its songs."""
    playlist_id = number_of(asked.needed("id"), PLAYLIST)
    return {"playlist": await asked.library.read(lambda library: _with_songs(library, playlist_id, asked))}


async def create(asked: PlayerRequest) -> Item:
    """Make a playlist of songs, or put songs in place of those of one."""
    track_ids = numbers_of(asked.all("songId"), TRACK)
    known, name = asked.text("playlistId"), asked.text("name")
    if known is None and not (name or "").strip():
        raise SubsonicError(MISSING, "The parameter name is missing, or playlistId.")
    number = None if known is None else number_of(known, PLAYLIST)

    def write(library: Library) -> int:
        for track_id in track_ids:
            required_song(library, track_id)
        if number is not None:
            _require_own(library, number, asked.listener)
            change_playlist(library, number, name=name or None, track_ids=track_ids)
            return number
        return create_playlist(library, name or "", track_ids, owner_id=_user_id(library, asked.listener))

    made = await asked.library.write(write)
    return {"playlist": await asked.library.read(lambda library: _with_songs(library, made, asked))}


async def update(asked: PlayerRequest) -> Item:
    """Rename a playlist, comment on it, take songs out by their places, and add others at its end."""
    playlist_id = number_of(asked.needed("playlistId"), PLAYLIST)
    added = numbers_of(asked.all("songIdToAdd"), TRACK)
    removed = {whole_number("songIndexToRemove", text) for text in asked.all("songIndexToRemove")}

    def write(library: Library) -> None:
        _require_own(library, playlist_id, asked.listener)
        for track_id in added:
            required_song(library, track_id)
        track_ids = None
        if added or removed:
            shown = {song.id for song in songs_by_id(library, playlist_track_ids(library, playlist_id))}
            kept, place = [], 0
            for track_id in playlist_track_ids(library, playlist_id):
                # Places count what players see; a song whose file is away stays.
                if track_id not in shown or place not in removed:
                    kept.append(track_id)
                place += track_id in shown
            if removed and not removed <= set(range(place)):
                raise SubsonicError(NOT_FOUND, f"The playlist has {place:,} songs, and no other places.")
            track_ids = [*kept, *added]
        change_playlist(
            library, playlist_id, name=asked.text("name") or None, track_ids=track_ids, comment=asked.text("comment")
        )

    await asked.library.write(write)
    return {}


async def delete(asked: PlayerRequest) -> Item:
    """Delete a playlist."""
    playlist_id = number_of(asked.needed("id"), PLAYLIST)

    def write(library: Library) -> None:
        _require_own(library, playlist_id, asked.listener)
        delete_playlist(library, playlist_id)

    await asked.library.write(write)
    return {}


async def save_queue(asked: PlayerRequest) -> Item:
    """Keep the songs of a queue, with the one that plays by its id."""
    track_ids, current = numbers_of(asked.all("id"), TRACK), asked.text("current")
    place = 0
    if current is not None and track_ids:
        number = number_of(current, TRACK)
        if number not in track_ids:
            raise SubsonicError(NOT_FOUND, f"The song {current[:40]!r} is not in the queue.")
        place = track_ids.index(number)
    return await _save_queue(asked, track_ids, place)


async def save_queue_by_index(asked: PlayerRequest) -> Item:
    """Keep the songs of a queue, with the place of the one that plays."""
    track_ids = numbers_of(asked.all("id"), TRACK)
    place = whole_number("currentIndex", asked.needed("currentIndex")) if track_ids else 0
    if track_ids and place not in range(len(track_ids)):
        raise SubsonicError(MISSING, f"currentIndex is {place}; the queue has {len(track_ids):,} songs.")
    return await _save_queue(asked, track_ids, place)


async def _save_queue(asked: PlayerRequest, track_ids: list[int], place: int) -> Item:
    position = asked.number("position", 0, 0, 2**31 - 1)
    if len(track_ids) > MAX_QUEUED:
        raise SubsonicError(GENERIC, f"A queue has at most {MAX_QUEUED:,} songs.")

    def write(library: Library) -> None:
        known = set(
            library.ids("SELECT id FROM tracks WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(track_ids)])
        )
        if unknown := [one for one in track_ids if one not in known]:
            raise SubsonicError(NOT_FOUND, f"There is no song tr-{unknown[0]}.")
        user_id = _user_id(library, asked.listener)
        save_play_queue(library, user_id, track_ids, place=place, position_ms=position, changed_by=asked.client)

    await asked.library.write(write)
    return {}


async def get_queue(asked: PlayerRequest) -> Item:
    """Show the queue, with the id of the song that plays; nothing if none was kept."""
    queue = await _queue(asked)
    if queue is None:
        return {}
    place, songs, told = queue
    return {"playQueue": {**told, "current": songs[place]["id"] if songs else None, "entry": songs}}


async def get_queue_by_index(asked: PlayerRequest) -> Item:
    """Show the queue, with the place of the song that plays; nothing if none was kept."""
    queue = await _queue(asked)
    if queue is None:
        return {}
    place, songs, told = queue
    return {"playQueueByIndex": {**told, "currentIndex": place if songs else None, "entry": songs}}


async def _queue(asked: PlayerRequest) -> tuple[int, list[Item], Item] | None:
    """The place in the queue of a listener, its songs, and what else is told of it."""

    def read(library: Library) -> tuple[int, list[Item], Item] | None:
        from earshot.index.listens.stored_interactions import known_user

        user_id = known_user(library, asked.listener)
        queue = None if user_id is None else read_play_queue(library, user_id)
        if queue is None:
            return None
        shown = {song.id for song in songs_by_id(library, queue.track_ids)}
        place = sum(one in shown for one in queue.track_ids[: queue.place])
        songs = song_items(songs_by_id(library, queue.track_ids), asked.state.facts(library, asked.listener))
        told = {"position": queue.position_ms, "username": asked.listener, "changedBy": queue.changed_by or ""}
        return min(place, max(len(songs) - 1, 0)), songs, {**told, "changed": queue.changed.replace("+00:00", "Z")}

    return await asked.library.read(read)


def _with_songs(library: Library, playlist_id: int, asked: PlayerRequest) -> Item:
    playlist = _required_playlist(library, playlist_id)
    songs: list[Song] = songs_by_id(library, playlist_track_ids(library, playlist_id))
    seconds = sum(song.duration_s or 0 for song in songs)
    item = _playlist_item(playlist, len(songs), seconds, asked.listener)
    return item | {"entry": song_items(songs, asked.state.facts(library, asked.listener))}


def _playlist_item(playlist: StoredPlaylist, n_songs: int, seconds: float, listener: str) -> Item:
    owner = playlist.owner or listener  # what nobody owns is everybody's
    return {
        "id": id_text(PLAYLIST, playlist.id),
        "name": playlist.name,
        "comment": playlist.comment,
        "owner": owner,
        "public": True,
        "readonly": playlist.path is not None or owner != listener,
        "songCount": n_songs,
        "duration": round(seconds),
        "created": playlist.created.replace("+00:00", "Z"),
        "changed": (playlist.changed or playlist.created).replace("+00:00", "Z"),
        "coverArt": id_text(PLAYLIST, playlist.id) if n_songs else None,
    }


def _sums(library: Library, found: list[StoredPlaylist]) -> dict[int, tuple[int, float]]:
    rows = library.db.execute(_SUMS, [json.dumps([one.id for one in found])])
    return {playlist_id: (n, seconds) for playlist_id, n, seconds in rows}


def _required_playlist(library: Library, playlist_id: int) -> StoredPlaylist:
    try:
        return find_playlist(library, playlist_id)
    except LibraryError:
        raise SubsonicError(NOT_FOUND, f"There is no playlist pl-{playlist_id}.") from None


def _require_own(library: Library, playlist_id: int, listener: str) -> None:
    playlist = _required_playlist(library, playlist_id)
    if playlist.path is not None:
        raise SubsonicError(FORBIDDEN, f"The playlist {playlist.name!r} was imported: change its file, or make a copy.")
    if playlist.owner not in (None, listener):
        raise SubsonicError(FORBIDDEN, f"The playlist {playlist.name!r} belongs to {playlist.owner}.")


def _user_id(library: Library, listener: str) -> int:
    """The id of a listener, who may be new."""
    from earshot.stages.playing.feedback import listener_id

    with library.transaction():
        return listener_id(library, listener)


endpoints = {
    "getPlaylists": get_playlists,
    "getPlaylist": get_playlist,
    "createPlaylist": create,
    "updatePlaylist": update,
    "deletePlaylist": delete,
    "savePlayQueue": save_queue,
    "getPlayQueue": get_queue,
    "savePlayQueueByIndex": save_queue_by_index,
    "getPlayQueueByIndex": get_queue_by_index,
}
