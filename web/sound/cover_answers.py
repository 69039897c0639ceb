"""Pictures of tracks: within the file or beside it, else one that is drawn from the name of the album."""

import asyncio
import hashlib
from collections import OrderedDict
from time import monotonic
from xml.sax.saxutils import escape

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.cover_art import MAX_SIZE, MEDIA_TYPE, cover_picture
from earshot.index.library import Library
from earshot.web.library_access import library_of
from earshot.web.sound.played_tracks import played_source, playing_of

DEFAULT_SIZE = 300  # pixels
_SIZES = (64, 160, 300, 600, MAX_SIZE)  # the next larger one is made, so that few are kept
_KEPT_SECONDS = 3_600  # here and by a browser; by then a new picture in the folder is seen
_MAX_KEPT_BYTES = 32 * 2**20
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" role="img">
<linearGradient id="g" x2="1" y2="1">
<stop stop-color="hsl({hue} 46% 57%)"/><stop offset="1" stop-color="hsl({other_hue} 50% 36%)"/>
</linearGradient>
<rect width="100" height="100" fill="url(#g)"/>
<circle cx="{x}" cy="{y}" r="{wide}" fill="hsl({other_hue} 60% 72%)" fill-opacity=".3"/>
<circle cx="{y}" cy="{far}" r="{narrow}" fill="hsl({hue} 60% 18%)" fill-opacity=".32"/>
<text x="8" y="92" font-family="system-ui, sans-serif" font-size="13" fill="#fff" fill-opacity=".9">{letters}</text>
</svg>
"""


class CoverCache:
    """Pictures that were made before, up to so many bytes; those that were asked for least lately make room."""

    def __init__(self, max_bytes: int = _MAX_KEPT_BYTES) -> None:
        self._kept: OrderedDict[tuple[object, ...], tuple[bytes, float]] = OrderedDict()  # and when they were made
        self._max_bytes, self._n_bytes = max_bytes, 0

    def get(self, key: tuple[object, ...]) -> bytes | None:
        """The picture of a key; None if it is not kept, or not of the last hour."""
        if key not in self._kept:
            return None
        picture, made = self._kept[key]
        if monotonic() - made > _KEPT_SECONDS:
            return None
        self._kept.move_to_end(key)
        return picture

    def put(self, key: tuple[object, ...], picture: bytes) -> None:
        """Keep a picture."""
        self._n_bytes += len(picture) - len(self._kept.pop(key, (b"", 0.0))[0])
        self._kept[key] = picture, monotonic()
        while self._n_bytes > self._max_bytes:
            self._n_bytes -= len(self._kept.popitem(last=False)[1][0])


async def cover(request: Request) -> Response:
    """Answer `/cover/{id}` with the picture of a track, `size` pixels wide."""
    size = request.query_params.get("size", "")
    if size and not (size.isascii() and size.isdigit() and len(size) < 6):
        raise HTTPException(400, f"size is {size[:20]!r}; it is a number of pixels.")
    return await cover_answer(request, request.path_params["id"], int(size or DEFAULT_SIZE))


async def cover_answer(request: Request, track_id: int, size: int = DEFAULT_SIZE) -> Response:
    """Answer with the picture of a track, about `size` pixels wide; a drawn one where there is none.

    Raises
    ------
    HTTPException
        There is no such track.
    """
    names = await library_of(request).read(lambda library: _names(library, track_id))
    if names is None:
        raise HTTPException(404, f"There is no track {track_id}.")
    size = next((one for one in _SIZES if one >= size), MAX_SIZE)
    picture = await _picture(request, track_id, size)
    content, kind = (picture, MEDIA_TYPE) if picture else (drawn_cover(*names).encode(), "image/svg+xml")
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": f"private, max-age={_KEPT_SECONDS}"}
    if etag in map(str.strip, request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    return Response(content, 200, headers, kind)


def drawn_cover(album: str | None, artist: str | None) -> str:
    """An SVG with the first letters of two words, on a sheet of colors and circles that only this name has."""
    name = album or artist or ""
    letters = "".join(word[0] for word in name.split() if word[0].isalnum())[:2].upper() or "♪"
    first, second, *rest = hashlib.md5(name.encode("utf-8", "replace"), usedforsecurity=False).digest()
    hue = 360 * first // 256
    shape = {"x": 100 * rest[0] // 256, "y": 100 * rest[1] // 256, "far": 60 + 60 * rest[2] // 256}
    shape |= {"wide": 28 + 36 * rest[3] // 256, "narrow": 14 + 24 * rest[4] // 256}
    return _SVG.format(hue=hue, other_hue=(hue + 25 + second // 4) % 360, letters=escape(letters), **shape)


async def _picture(request: Request, track_id: int, size: int) -> bytes | None:
    try:
        source = await played_source(request, track_id)
    except HTTPException:  # a catalog item, or a file that is away
        return None
    cache: CoverCache = request.app.state.covers
    key = (source.path, source.stamp, size)
    picture = cache.get(key)
    if picture is None:
        playing = playing_of(request)
        try:
            made = await asyncio.get_running_loop().run_in_executor(
                playing.picture_threads, playing.pictures.result, cover_picture, source, size
            )
        except UndecodableError:  # a picture that ended the process
            made = None
        if made is None:
            return None
        cache.put(key, picture := made)
    return picture


def _names(library: Library, track_id: int) -> tuple[str | None, str | None] | None:
    if not -(2**63) <= track_id < 2**63:
        return None
    row: tuple[str | None, str | None] | None = library.db.execute(
        "SELECT album, coalesce(album_artist, artist) FROM tracks WHERE id = ?", [track_id]
    ).fetchone()
    return row


routes = [Route("/cover/{id:int}", cover)]
