"""Endpoints that list and search albums and songs."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable

from earshot.index.browsing.album_rows import (
    ORDERS,
    Album,
    album_keys_of,
    albums,
    albums_by_key,
    albums_by_words,
    albums_of_genre,
    albums_of_years,
)
from earshot.index.browsing.artist_rows import artists_by_id, artists_by_words
from earshot.index.browsing.song_rows import (
    OF_GENRE,
    ONE_FILE,
    genre_cells,
    songs_by_words,
    songs_of_genre,
    songs_of_recordings,
    songs_where,
)
from earshot.index.library import Library
from earshot.web.subsonic.listener_facts import ListenerFacts
from earshot.web.subsonic.media_items import Item, album_folder, album_item, artist_item, song_items
from earshot.web.subsonic.player_requests import PlayerRequest
from earshot.web.subsonic.subsonic_answers import GENERIC, SubsonicError

_OF_LISTENER = ("highest", "frequent", "recent", "starred")
_ANY_YEAR = (0, 9_999)


async def get_album_list2(asked: PlayerRequest) -> Item:
    """List albums of one of eleven kinds."""
    return {"albumList2": {"album": await _album_list(asked, album_item)}}


async def get_album_list(asked: PlayerRequest) -> Item:
    """List albums as folders."""
    return {"albumList": {"album": await _album_list(asked, album_folder)}}


async def _album_list(asked: PlayerRequest, shown: Callable[[Album, ListenerFacts], Item]) -> list[Item]:
    kind, n, offset = asked.needed("type"), asked.count("size", 10), asked.number("offset", 0)
    if kind not in (*ORDERS, *_OF_LISTENER, "byYear", "byGenre"):
        raise SubsonicError(GENERIC, f"There is no list of albums {kind[:40]!r}.")
    genre = asked.needed("genre") if kind == "byGenre" else ""
    years = _ANY_YEAR
    if kind == "byYear":
        asked.needed("fromYear"), asked.needed("toYear")
        years = asked.number("fromYear", 0, *_ANY_YEAR), asked.number("toYear", 0, *_ANY_YEAR)

    def read(library: Library) -> list[Item]:
        facts = asked.state.facts(library, asked.listener)
        if kind == "byYear":
            found = albums_of_years(library, *years, n, offset)
        elif kind == "byGenre":
            found = albums_of_genre(library, genre, n, offset)
        elif kind in _OF_LISTENER:
            found = albums_by_key(library, _keys_of_listener(library, facts, kind)[offset : offset + n])
        else:
            found = albums(library, kind, n, offset)
        return [shown(album, facts) for album in found]

    return await asked.library.read(read)


def _keys_of_listener(library: Library, facts: ListenerFacts, kind: str) -> list[int]:
    """Albums by what a listener says of them and of their songs, the first of the list first."""
    if kind == "starred":
        return [key for key, said in facts.albums.items() if said.starred]
    if kind == "highest":
        rated = {key: said.stars for key, said in facts.albums.items() if said.stars}
        of_songs = defaultdict(list)
        for song in songs_where(library, "t.id IN (SELECT value FROM json_each(?))", [json.dumps(list(facts.stars))]):
            of_songs[song.album_key].append(facts.stars[song.id])
        means = {key: sum(stars) / len(stars) for key, stars in of_songs.items()} | rated
        return sorted(means, key=lambda key: (-means[key], key))
    played: Counter[int] = Counter()
    keys = album_keys_of(library, list(facts.plays))
    for recording, key in keys.items():
        plays = facts.plays[recording]
        played[key] = max(played[key], plays.last_s) if kind == "recent" else played[key] + plays.n_plays
    return [key for key, n in played.most_common() if n]


async def get_random_songs(asked: PlayerRequest) -> Item:
    """List songs by lot, of a genre or of some years if it is asked for."""
    n, genre = asked.count("size", 10), asked.text("genre")
    years = asked.number("fromYear", 0, *_ANY_YEAR), asked.number("toYear", 9_999, *_ANY_YEAR)

    def read(library: Library) -> list[Item]:
        condition, values = ONE_FILE, []
        if genre:
            condition += f" AND {OF_GENRE}"
            values.append(json.dumps(genre_cells(library, genre)))
        if years != _ANY_YEAR:
            condition += " AND t.year BETWEEN ? AND ?"
            values += map(str, sorted(years))
        ids = library.column(
            "SELECT t.id FROM tracks AS t JOIN recordings AS r ON r.track_id = t.id"
            f" WHERE t.status = 'embedded' AND {condition} ORDER BY random() LIMIT ?",
            [*values, n],
        )
        songs = songs_where(library, "t.id IN (SELECT value FROM json_each(?))", [json.dumps(ids)], "random()")
        return song_items(songs, asked.state.facts(library, asked.listener))

    return {"randomSongs": {"song": await asked.library.read(read)}}


async def get_songs_by_genre(asked: PlayerRequest) -> Item:
    """List the songs of a genre."""
    genre, n, offset = asked.needed("genre"), asked.count("count", 10), asked.number("offset", 0)

    def read(library: Library) -> list[Item]:
        facts = asked.state.facts(library, asked.listener)
        return song_items(songs_of_genre(library, genre, n, offset), facts)

    return {"songsByGenre": {"song": await asked.library.read(read)}}


async def get_starred2(asked: PlayerRequest) -> Item:
    """List the songs that the listener likes, and the albums and artists that they starred."""
    return {"starred2": await asked.library.read(_starred(asked, album_item))}


async def get_starred(asked: PlayerRequest) -> Item:
    """List the same, albums as folders."""
    return {"starred": await asked.library.read(_starred(asked, album_folder))}


def _starred(asked: PlayerRequest, shown: Callable[[Album, ListenerFacts], Item]) -> Callable[[Library], Item]:
    def read(library: Library) -> Item:
        facts = asked.state.facts(library, asked.listener)
        artist_ids = [one for one, said in facts.artists.items() if said.starred]
        album_keys = [one for one, said in facts.albums.items() if said.starred]
        return {
            "artist": [artist_item(one, facts) for one in artists_by_id(library, artist_ids)],
            "album": [shown(one, facts) for one in albums_by_key(library, album_keys)],
            "song": song_items(songs_of_recordings(library, list(facts.starred)), facts),
        }

    return read


async def search3(asked: PlayerRequest) -> Item:
    """Search artists, albums and songs by words; an empty query finds all, page by page."""
    return {"searchResult3": await asked.library.read(_search(asked, album_item))}


async def search2(asked: PlayerRequest) -> Item:
    """Search the same, with albums as folders."""
    return {"searchResult2": await asked.library.read(_search(asked, album_folder))}


def _search(asked: PlayerRequest, shown: Callable[[Album, ListenerFacts], Item]) -> Callable[[Library], Item]:
    # Players write the empty query as two quotes, and the end of a word that is being typed as a star.
    text = asked.needed("query").strip().strip('"').rstrip("*").strip()
    pages = {
        kind: (asked.count(f"{kind}Count", 20), asked.number(f"{kind}Offset", 0))
        for kind in ("artist", "album", "song")
    }

    def read(library: Library) -> Item:
        facts = asked.state.facts(library, asked.listener)
        return {
            "artist": [artist_item(one, facts) for one in artists_by_words(library, text, *pages["artist"])],
            "album": [shown(one, facts) for one in albums_by_words(library, text, *pages["album"])],
            "song": song_items(songs_by_words(library, text, *pages["song"]), facts),
        }

    return read


endpoints = {
    "getAlbumList": get_album_list,
    "getAlbumList2": get_album_list2,
    "getRandomSongs": get_random_songs,
    "getSongsByGenre": get_songs_by_genre,
    "getStarred": get_starred,
    "getStarred2": get_starred2,
    "search2": search2,
    "search3": search3,
}
