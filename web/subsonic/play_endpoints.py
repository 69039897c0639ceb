"""Endpoints that play: the sound of songs, covers, and what a player tells of its plays."""

import contextlib
import math
from dataclasses import replace
from time import time

from starlette.responses import Response

from earshot.index.browsing.song_rows import songs_by_id
from earshot.index.library import Library
from earshot.stages.shared.reports import StageError
from earshot.web.sound.cover_answers import DEFAULT_SIZE, cover_answer
from earshot.web.sound.sound_answers import RAW, sound_answer
from earshot.web.subsonic.browse_endpoints import required_song
from earshot.web.subsonic.media_items import Item, song_item
from earshot.web.subsonic.playbacks import STATES, Playback
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
_DRAWN = "image/svg+xml"
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
    picture = await cover_answer(asked.request, number, size)
    if picture.media_type == _DRAWN:  # most players cannot show it, and have a picture of their own
        raise SubsonicError(NOT_FOUND, f"There is no picture of {asked.needed('id')[:40]!r}.")
    return picture


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
    playbacks, now = asked.state.playbacks, time()
    if not asked.flag("submission", True):
        playbacks.begin(asked.listener, asked.client, songs[-1].id, songs[-1].duration_s or 0.0, now)
        return {}
    # Of a player that does not tell when a song began it is known from before, or it is now.
    begins = begins or [playbacks.begun(asked.listener, asked.client, one, now) or now for one in track_ids]

    def write(library: Library) -> None:
        from earshot.stages.playing.feedback import record_plays  # polars, for which the server's start does not wait

        record_plays(library, asked.listener, list(zip(track_ids, begins, strict=True)))

    await asked.library.write(write)
    return {}


async def report_playback(asked: PlayerRequest) -> Item:
    """Take a player's report of what it does, and keep plays that ended by it with what was heard of each."""
    track_id, state = number_of(asked.needed("mediaId"), TRACK), asked.needed("state")
    if asked.needed("mediaType") != "song" or state not in STATES:
        raise SubsonicError(GENERIC, f"A song is {', '.join(STATES)}; there are no podcasts.")
    position = max(0, whole_number("positionMs", asked.needed("positionMs"))) / 1_000
    song = await asked.library.read(lambda library: required_song(library, track_id))
    now, playbacks = time(), asked.state.playbacks
    playback = Playback(asked.listener, asked.client, track_id, song.duration_s or 0.0, now, now, state, position)
    is_kept = not asked.flag("ignoreScrobble", False)
    playbacks.report(replace(playback, rate=_rate(asked), is_kept=is_kept), now)
    if ended := list(playbacks.ended):
        await asked.library.write(lambda library: _keep(library, ended))
        playbacks.ended = [one for one in playbacks.ended if one not in ended]  # only now: writing may fail
    return {}


def _rate(asked: PlayerRequest) -> float:
    text = asked.text("playbackRate") or "1"
    try:
        return min(max(float(text), 0.1), 10.0) if math.isfinite(float(text)) else 1.0
    except ValueError:
        raise SubsonicError(GENERIC, f"playbackRate is {text[:20]!r}; it is a number.") from None


def _keep(library: Library, ended: list[Playback]) -> None:
    from earshot.stages.playing.feedback import record_play

    for one in ended:
        with contextlib.suppress(StageError):  # a song that has left the library meanwhile
            record_play(library, one.listener, one.track_id, one.since, one.heard_s)


async def get_now_playing(asked: PlayerRequest) -> Item:
    """List what plays now, of all listeners."""
    now = time()
    playing = asked.state.playbacks.playing(now)

    def read(library: Library) -> list[Item]:
        songs = {song.id: song for song in songs_by_id(library, [one.track_id for one in playing])}
        facts = asked.state.facts(library, asked.listener)
        return [
            song_item(songs[one.track_id], facts)
            | {"username": one.listener, "minutesAgo": int((now - one.since) // 60)}
            | {"playerId": place, "playerName": one.client, "state": one.state}
            | {"positionMs": round(1_000 * one.position_at(now)), "playbackRate": one.rate}
            for place, one in enumerate(playing)
            if one.track_id in songs
        ]

    return {"nowPlaying": {"entry": await asked.library.read(read)}}


endpoints = {
    "stream": stream,
    "download": download,
    "getCoverArt": get_cover_art,
    "scrobble": scrobble,
    "reportPlayback": report_playback,
    "getNowPlaying": get_now_playing,
}
