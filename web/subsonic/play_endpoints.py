"""Endpoints that play: the sound of songs, covers, and what a player tells of its plays."""

from time import time

from starlette.responses import Response

from earshot.index.browsing.song_rows import Song, songs_by_id
from earshot.index.library import Library
from earshot.web.sound.cover_answers import DEFAULT_SIZE, cover_answer
from earshot.web.sound.sound_answers import RAW, sound_answer
from earshot.web.subsonic.browse_endpoints import required_song
from earshot.web.subsonic.media_items import Item, song_item
from earshot.web.subsonic.player_requests import (
    ALBUM,
    ARTIST,
    NAMELESS,
    PLAYLIST,
    TRACK,
    PlayerRequest,
    kind_of,
    number_of,
    numbers_of,
    whole_number,
)
from earshot.web.subsonic.subsonic_answers import GENERIC, NOT_FOUND, SubsonicError

_FORMS = {"raw": RAW, "mp3": "mp3", "opus": "opus", "ogg": "opus", "oga": "opus"}
_MAX_PLAYS = 1_000  # that are told at once
_DAY_SECONDS = 86_400  # by which the clock of a player may be ahead
_FIRST = "SELECT min(t.id) FROM tracks AS t LEFT JOIN albums ON albums.id = t.album_id WHERE t.status = 'embedded' AND "
_A_TRACK_OF = {
    ALBUM: f"{_FIRST} t.album_id = ?",
    NAMELESS: f"{_FIRST} t.album_id IS NULL AND coalesce(t.artist_id, 0) = ?",
    ARTIST: f"{_FIRST} t.artist_id = ?",
    PLAYLIST: "SELECT track_id FROM playlist_tracks JOIN tracks ON tracks.id = track_id"
    " WHERE status = 'embedded' AND playlist_id = ? ORDER BY position LIMIT 1",
}
_ON_ALBUMS_OF = f"{_FIRST} albums.artist_id = ?"


async def stream(asked: PlayerRequest) -> Response:
    """Send the sound of a song: of its file, or encoded anew for a format, a bit rate or a moment to begin at."""
    track_id = number_of(asked.needed("id"), TRACK)
    form, begin = _FORMS.get((asked.text("format") or "").lower()), asked.number("timeOffset", 0)
    if begin and form in (None, RAW):
        form = "mp3"  # a file has no other beginning
    return await sound_answer(asked.request, track_id, form, asked.number("maxBitRate", 0, 0, 10_000), float(begin))


async def download(asked: PlayerRequest) -> Response:
    """Send the file of a song as it is."""
    return await sound_answer(asked.request, number_of(asked.needed("id"), TRACK), RAW)


async def get_cover_art(asked: PlayerRequest) -> Response:
    """Send the picture of a song, or of a song of an album, an artist or a playlist."""
    kind, number = kind_of(asked.needed("id"))
    size = asked.number("size", DEFAULT_SIZE, 1, 10_000)
    if kind != TRACK:
        track_id = await asked.library.read(lambda library: _a_track_of(library, kind, number))
        if track_id is None:
            raise SubsonicError(NOT_FOUND, f"There is no picture of {asked.needed('id')[:40]!r}.")
        number = track_id
    return await cover_answer(asked.request, number, size)


def _a_track_of(library: Library, kind: str, number: int) -> int | None:
    query = _A_TRACK_OF.get(kind)
    found: int | None = None if query is None else library.value(query, [number])
    return library.value(_ON_ALBUMS_OF, [number]) if found is None and kind == ARTIST else found


async def scrobble(asked: PlayerRequest) -> Item:
    """Keep plays that are over; or show a song as playing now, of which nothing is kept."""
    track_ids, times = numbers_of(asked.all("id"), TRACK), asked.all("time")
    asked.needed("id")
    if len(track_ids) > _MAX_PLAYS or (times and len(times) != len(track_ids)):
        raise SubsonicError(GENERIC, f"{len(track_ids):,} songs were played at {len(times):,} times.")
    begins = [whole_number("time", text) / 1_000 for text in times]
    if not all(0 <= begin <= time() + _DAY_SECONDS for begin in begins):
        raise SubsonicError(GENERIC, "A song is played between 1970 and tomorrow; times are in milliseconds.")
    songs = await asked.library.read(lambda library: [required_song(library, one) for one in track_ids])
    if not asked.flag("submission", True):
        asked.state.begin(asked.listener, asked.client, songs[-1].id, songs[-1].duration_s)
        return {}
    begins = begins or [_begin(asked, song) for song in songs]
    await asked.library.write(lambda library: _record(library, asked.listener, track_ids, begins))
    return {}


def _begin(asked: PlayerRequest, song: Song) -> float:
    """The time at which a song began of which the player does not say it: as it told before, else now."""
    return asked.state.begun(asked.listener, asked.client, song.id) or time()


def _record(library: Library, listener: str, track_ids: list[int], begins: list[float]) -> None:
    from earshot.stages.playing.feedback import record_play  # polars

    for track_id, begin in zip(track_ids, begins, strict=True):
        record_play(library, listener, track_id, begin)


async def get_now_playing(asked: PlayerRequest) -> Item:
    """List what plays now, of all listeners."""
    playing = asked.state.playing()

    def read(library: Library) -> list[Item]:
        songs = {song.id: song for song in songs_by_id(library, [one.track_id for one in playing])}
        facts = asked.state.facts(library, asked.listener)
        return [
            song_item(songs[one.track_id], facts)
            | {"username": one.listener, "minutesAgo": int((time() - one.since) // 60)}
            | {"playerId": place, "playerName": one.client}
            for place, one in enumerate(playing)
            if one.track_id in songs
        ]

    return {"nowPlaying": {"entry": await asked.library.read(read)}}


endpoints = {
    "stream": stream,
    "download": download,
    "getCoverArt": get_cover_art,
    "scrobble": scrobble,
    "getNowPlaying": get_now_playing,
}
