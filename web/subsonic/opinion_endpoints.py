"""Endpoints by which a listener stars and rates. Of songs these are likes and dislikes, from which Earshot learns."""

from collections.abc import Callable

from earshot.index.browsing.album_rows import albums_by_key
from earshot.index.browsing.artist_rows import artists_by_id
from earshot.index.library import Library
from earshot.index.listens.favourites import ALBUM as ALBUM_LEVEL
from earshot.index.listens.favourites import ARTIST as ARTIST_LEVEL
from earshot.index.listens.favourites import rate_node, star_node
from earshot.web.subsonic.browse_endpoints import require_one, required_song
from earshot.web.subsonic.media_items import Item
from earshot.web.subsonic.player_requests import ALBUM, ARTIST, NAMELESS, TRACK, PlayerRequest, album_key_of, kind_of
from earshot.web.subsonic.subsonic_answers import GENERIC, MISSING, NOT_FOUND, SubsonicError

_LEVELS = {ALBUM: ALBUM_LEVEL, ARTIST: ARTIST_LEVEL}


async def star(asked: PlayerRequest) -> Item:
    """Star songs, albums and artists."""
    return await _star(asked, is_starred=True)


async def unstar(asked: PlayerRequest) -> Item:
    """Take stars back."""
    return await _star(asked, is_starred=False)


async def set_rating(asked: PlayerRequest) -> Item:
    """Rate a song, an album or an artist with 1 to 5 stars; 0 takes the rating back."""
    text, stars = asked.needed("id"), asked.number("rating", -1, -1, 9)
    asked.needed("rating")
    if stars not in range(6):
        raise SubsonicError(GENERIC, f"{asked.needed('rating')[:20]} is no rating; give 1 to 5 stars, or 0 for none.")
    kind, number = await _known(asked, text)

    def write(library: Library) -> None:
        from earshot.stages.playing.feedback import listener_id, record_rating

        if kind == TRACK:
            record_rating(library, asked.listener, number, stars)
            return
        with library.transaction():
            rate_node(library, listener_id(library, asked.listener), _LEVELS[kind], number, stars)

    await asked.library.write(write)
    return {}


async def _star(asked: PlayerRequest, *, is_starred: bool) -> Item:
    texts = [text for name in ("id", "albumId", "artistId") for text in asked.all(name)]
    if not texts:
        raise SubsonicError(MISSING, "One of the parameters id, albumId and artistId is needed.")
    items = [await _known(asked, text) for text in texts]  # all of them before anything is changed

    def write(library: Library) -> None:
        from earshot.stages.playing.feedback import listener_id, record_like, record_unlike

        change: Callable[..., bool] = record_like if is_starred else record_unlike
        nodes = [(kind, number) for kind, number in items if kind != TRACK]
        if nodes:
            with library.transaction():
                user_id = listener_id(library, asked.listener)
                for kind, number in nodes:
                    star_node(library, user_id, _LEVELS[kind], number, is_starred=is_starred)
        for kind, number in items:
            if kind == TRACK:
                change(library, asked.listener, number)

    await asked.library.write(write)
    return {}


async def _known(asked: PlayerRequest, text: str) -> tuple[str, int]:
    """The kind and number of something that can be starred and exists."""
    kind, number = kind_of(text)

    def read(library: Library) -> None:
        if kind == TRACK:
            required_song(library, number)
        elif kind == ALBUM:
            require_one(albums_by_key(library, [number]), text)
        elif kind == ARTIST:
            require_one(artists_by_id(library, [number]), text)
        elif kind == NAMELESS:
            require_one(albums_by_key(library, [album_key_of(text)]), text)
            raise SubsonicError(GENERIC, "Songs without an album are starred and rated one by one.")
        else:
            raise SubsonicError(NOT_FOUND, f"There is no song, album or artist with the id {text[:40]!r}.")

    await asked.library.read(read)
    return kind, number


endpoints = {"star": star, "unstar": unstar, "setRating": set_rating}
