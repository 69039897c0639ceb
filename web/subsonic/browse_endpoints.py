"""Endpoints to browse: artists, albums, songs and genres, one by one and by folders."""

import os
from typing import Any

from earshot.index.browsing.album_rows import albums_by_key, albums_of_artist
from earshot.index.browsing.artist_rows import Artist, artists, artists_by_id, by_initial, genres
from earshot.index.browsing.song_rows import Song, songs_by_id, songs_of_album
from earshot.index.library import DATABASE, Library
from earshot.web.subsonic.media_items import (
    FOLDER_ID,
    Item,
    album_folder,
    album_item,
    artist_folder,
    artist_item,
    genre_item,
    song_item,
    song_items,
)
from earshot.web.subsonic.player_requests import ARTIST, TRACK, PlayerRequest, album_key_of, kind_of, number_of
from earshot.web.subsonic.subsonic_answers import NOT_FOUND, SubsonicError

_IGNORED = "The"


async def get_music_folders(_asked: PlayerRequest) -> Item:
    """Tell the one folder there is: all of the library."""
    return {"musicFolders": {"musicFolder": [{"id": FOLDER_ID, "name": "Music"}]}}


async def get_artists(asked: PlayerRequest) -> Item:
    """List all artists below their letters."""
    return {"artists": {"ignoredArticles": _IGNORED, "index": await asked.library.read(_letters(asked))}}


async def get_indexes(asked: PlayerRequest) -> Item:
    """List all artists below their letters, unless the library is as the player knows it."""
    modified = int(1_000 * os.stat(asked.library.folder / DATABASE).st_mtime)
    is_known = modified <= asked.number("ifModifiedSince", 0)
    letters = [] if is_known else await asked.library.read(_letters(asked))
    return {"indexes": {"lastModified": modified, "ignoredArticles": _IGNORED, "index": letters}}


async def get_artist(asked: PlayerRequest) -> Item:
    """Show an artist with their albums."""
    artist_id = number_of(asked.needed("id"), ARTIST)

    def read(library: Library) -> Item:
        facts = asked.state.facts(library, asked.listener)
        artist = _required_artist(library, artist_id)
        return artist_item(artist, facts) | {
            "album": [album_item(album, facts) for album in albums_of_artist(library, artist_id)]
        }

    return {"artist": await asked.library.read(read)}


async def get_album(asked: PlayerRequest) -> Item:
    """Show an album with its songs."""
    key = album_key_of(asked.needed("id"))

    def read(library: Library) -> Item:
        facts = asked.state.facts(library, asked.listener)
        album = require_one(albums_by_key(library, [key]), asked.needed("id"))
        return album_item(album, facts) | {"song": song_items(songs_of_album(library, key), facts)}

    return {"album": await asked.library.read(read)}


async def get_song(asked: PlayerRequest) -> Item:
    """Show a song."""
    track_id = number_of(asked.needed("id"), TRACK)

    def read(library: Library) -> Item:
        return song_item(required_song(library, track_id), asked.state.facts(library, asked.listener))

    return {"song": await asked.library.read(read)}


async def get_genres(asked: PlayerRequest) -> Item:
    """List all genres."""
    found = await asked.library.read(lambda library: [genre_item(genre) for genre in genres(library)])
    return {"genres": {"genre": found}}


async def get_music_directory(asked: PlayerRequest) -> Item:
    """Show the music folder with its artists, an artist as a folder of albums, or an album as one of songs."""
    text = asked.needed("id")

    def read(library: Library) -> Item:
        facts = asked.state.facts(library, asked.listener)
        if text == str(FOLDER_ID):
            return {"id": text, "name": "Music", "child": [artist_folder(one) for one in artists(library)]}
        kind, number = kind_of(text)
        if kind == ARTIST:
            artist = _required_artist(library, number)
            children = [album_folder(album, facts) for album in albums_of_artist(library, number)]
            return {"id": text, "parent": str(FOLDER_ID), "name": artist.name, "child": children}
        album = album_folder(require_one(albums_by_key(library, [album_key_of(text)]), text), facts)
        songs = song_items(songs_of_album(library, album_key_of(text)), facts)
        return {"id": text, "parent": album["parent"], "name": album["name"], "child": songs}

    return {"directory": await asked.library.read(read)}


async def get_album_info(asked: PlayerRequest) -> Item:
    """Tell nothing of an album: nobody is asked over the network."""
    kind, number = kind_of(asked.needed("id"))

    def read(library: Library) -> Item:
        if kind == TRACK:
            required_song(library, number)
        else:
            require_one(albums_by_key(library, [album_key_of(asked.needed("id"))]), asked.needed("id"))
        return {}

    return {"albumInfo": await asked.library.read(read)}


def required_song(library: Library, track_id: int) -> Song:
    """A song by its id."""
    songs = songs_by_id(library, [track_id])
    if not songs:
        raise SubsonicError(NOT_FOUND, f"There is no song tr-{track_id}.")
    return songs[0]


def require_one(found: list[Any], text: str) -> Any:
    """The one that was found by an id."""
    if not found:
        raise SubsonicError(NOT_FOUND, f"There is nothing with the id {text[:40]!r}.")
    return found[0]


def _required_artist(library: Library, artist_id: int) -> Artist:
    artist: Artist = require_one(artists_by_id(library, [artist_id]), f"ar-{artist_id}")
    return artist


def _letters(asked: PlayerRequest) -> Any:
    """Work that reads all artists below their letters."""

    def read(library: Library) -> list[Item]:
        facts = asked.state.facts(library, asked.listener)
        return [
            {"name": letter, "artist": [artist_item(artist, facts) for artist in below]}
            for letter, below in by_initial(artists(library)).items()
        ]

    return read


endpoints = {
    "getMusicFolders": get_music_folders,
    "getIndexes": get_indexes,
    "getMusicDirectory": get_music_directory,
    "getArtists": get_artists,
    "getArtist": get_artist,
    "getAlbum": get_album,
    "getSong": get_song,
    "getGenres": get_genres,
    "getAlbumInfo": get_album_info,
    "getAlbumInfo2": get_album_info,
}
