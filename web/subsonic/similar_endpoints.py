"""Endpoints on what is similar by sound: songs, artists, and paths from one song to another."""

from collections.abc import Sequence

import numpy as np

from earshot.index.browsing.artist_rows import artist_named, artists_by_id
from earshot.index.browsing.song_rows import IN_ORDER, ONE_FILE, Song, songs_by_id, songs_of_album, songs_where
from earshot.index.library import Library
from earshot.web.subsonic.browse_endpoints import required_song
from earshot.web.subsonic.media_items import Item, artist_item, song_item, song_items
from earshot.web.subsonic.player_requests import ARTIST, TRACK, PlayerRequest, album_key_of, kind_of, number_of
from earshot.web.subsonic.subsonic_answers import NOT_FOUND, SubsonicError
from earshot.web.track_pools import pools_of

_MAX_SEEDS = 100  # songs of an artist or album
_LEAST_PER_ARTIST = 3
_SONGS_PER_ARTIST = 10  # that are looked at for each similar artist


async def get_similar_songs(asked: PlayerRequest) -> Item:
    """List the songs that sound most like a song, or like those of an album or artist."""
    return {"similarSongs": {"song": await _similar_songs(asked)}}


async def get_similar_songs2(asked: PlayerRequest) -> Item:
    """List the same under another name."""
    return {"similarSongs2": {"song": await _similar_songs(asked)}}


async def _similar_songs(asked: PlayerRequest) -> list[Item]:
    text, n = asked.needed("id"), asked.count("count", 50)

    def read(library: Library) -> list[Item]:
        found = _similar(library, asked.listener, _seeds(library, text), n)
        return song_items([song for song, _ in found], asked.state.facts(library, asked.listener))

    return await asked.library.read(read)


async def get_sonic_similar_tracks(asked: PlayerRequest) -> Item:
    """List the songs that sound most like a song, with how much they do."""
    track_id, n = number_of(asked.needed("id"), TRACK), asked.count("count", 10)

    def read(library: Library) -> list[Item]:
        facts = asked.state.facts(library, asked.listener)
        found = _similar(library, asked.listener, [required_song(library, track_id)], n)
        return [{"entry": song_item(song, facts), "similarity": _as_share(score)} for song, score in found]

    return {"sonicMatch": await asked.library.read(read)}


async def find_sonic_path(asked: PlayerRequest) -> Item:
    """List songs that lead from one to another, with how much each sounds like the first."""
    first, last = (number_of(asked.needed(name), TRACK) for name in ("startSongId", "endSongId"))
    n = max(asked.count("count", 25), 2)

    def read(library: Library) -> list[Item]:
        from earshot.stages.path import path_tracks

        for track_id in (first, last):
            required_song(library, track_id)
        pool = pools_of(asked.request).current(library)
        report = path_tracks(library, first, last, n, pool=pool, listener=asked.listener)
        songs = songs_by_id(library, [one.track.id for one in report.tracks])
        facts = asked.state.facts(library, asked.listener)
        scores = _likeness(library, [song.id for song in songs])
        return [
            {"entry": song_item(song, facts), "similarity": score} for song, score in zip(songs, scores, strict=True)
        ]

    return {"sonicMatch": await asked.library.read(read)}


async def get_top_songs(asked: PlayerRequest) -> Item:
    """List the songs of an artist, those that the listener played most first."""
    n, artist_id = asked.count("count", 50), None
    if asked.text("id") is not None:
        artist_id = number_of(asked.needed("id"), ARTIST)
    name = "" if artist_id is not None else asked.needed("artist")

    def read(library: Library) -> list[Item]:
        artist = artist_named(library, name) if artist_id is None else artist_id
        facts = asked.state.facts(library, asked.listener)
        songs = songs_where(library, f"t.artist_id = ? AND {ONE_FILE}", [artist], IN_ORDER)
        n_plays = {song.id: plays.n_plays for song in songs if (plays := facts.plays.get(song.recording_id))}
        songs.sort(key=lambda song: (-n_plays.get(song.id, 0), song.recording_id not in facts.starred))
        return song_items(songs[:n], facts)

    return {"topSongs": {"song": await asked.library.read(read)}}


async def get_artist_info2(asked: PlayerRequest) -> Item:
    """Tell the artists of whose songs some sound most like those of an artist."""
    return {"artistInfo2": {"similarArtist": await _similar_artists(asked)}}


async def get_artist_info(asked: PlayerRequest) -> Item:
    """Tell the same under another name."""
    return {"artistInfo": {"similarArtist": await _similar_artists(asked)}}


async def _similar_artists(asked: PlayerRequest) -> list[Item]:
    text, n = asked.needed("id"), asked.count("count", 20)

    def read(library: Library) -> list[Item]:
        seeds = _seeds(library, text)
        found = _similar(library, asked.listener, seeds, _SONGS_PER_ARTIST * n)
        own = {song.artist_id for song in seeds}
        ids = dict.fromkeys(song.artist_id for song, _ in found if song.artist_id is not None)
        facts = asked.state.facts(library, asked.listener)
        return [artist_item(one, facts) for one in artists_by_id(library, [one for one in ids if one not in own][:n])]

    return await asked.library.read(read)


def _seeds(library: Library, text: str) -> list[Song]:
    """The songs that an id means."""
    kind, number = kind_of(text)
    if kind == TRACK:
        return [required_song(library, number)]
    if kind == ARTIST:
        songs = songs_where(library, f"t.artist_id = ? AND {ONE_FILE}", [number], n=_MAX_SEEDS)
    else:
        songs = songs_of_album(library, album_key_of(text))[:_MAX_SEEDS]
    if not songs:
        raise SubsonicError(NOT_FOUND, f"There are no songs with the id {text[:40]!r}.")
    return songs


def _similar(library: Library, listener: str, seeds: Sequence[Song], n: int) -> list[tuple[Song, float]]:
    """Songs by falling similarity: each recording once, no seed, and nothing that the listener dislikes."""
    from earshot.index.search.filters import SearchFilters
    from earshot.stages.similar import similar_tracks

    if not n:
        return []
    filters = SearchFilters(k=n, max_per_artist=max(_LEAST_PER_ARTIST, n // 10))
    matches = similar_tracks(library, [song.id for song in seeds], filters, listener=listener).matches
    scores = {match.track.id: match.score for match in matches}
    songs = songs_by_id(library, [match.track.id for match in matches])
    return [(song, scores[song.id]) for song in songs]


def _likeness(library: Library, track_ids: Sequence[int]) -> list[float]:
    """The similarity of tracks to the first of them; -1, as players know it, where there is no vector."""
    from earshot.index.vectors.spaces import AUDIO, read_some_vectors

    ids, vectors = read_some_vectors(library, AUDIO, list(track_ids))
    rows = ids.find(np.array(track_ids))
    return [-1.0 if min(row, rows[0]) < 0 else _as_share(float(vectors[row] @ vectors[rows[0]])) for row in rows]


def _as_share(cosine: float) -> float:
    return round(min(max(cosine, 0.0), 1.0), 4)


endpoints = {
    "getSimilarSongs": get_similar_songs,
    "getSimilarSongs2": get_similar_songs2,
    "getSonicSimilarTracks": get_sonic_similar_tracks,
    "findSonicPath": find_sonic_path,
    "getTopSongs": get_top_songs,
    "getArtistInfo": get_artist_info,
    "getArtistInfo2": get_artist_info2,
}
