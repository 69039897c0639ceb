"""Sound of a track: its file where a browser plays it, else decoded as it is asked for, or encoded anew as a stream."""

import asyncio
import math
import secrets
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.direct_play import open_direct
from earshot.audio.playback.encoded_stream import FORMATS
from earshot.audio.playback.open_sounds import encoded_part, end_stream, sound_shape
from earshot.audio.playback.sound_source import SoundSource
from earshot.web.sound.byte_ranges import BrokenOffError, range_answer
from earshot.web.sound.played_tracks import played_source, playing_of, unplayable
from earshot.web.sound.playing import Playing
from earshot.web.sound.sound_files import FileBytes, WavBytes

RAW = "raw"  # the file as it is, whatever a browser makes of it
_BIT_RATE = 192  # kbit/s, where none is asked for


async def sound(request: Request) -> Response:
    """Answer `/sound/{id}`, with `format` and `maxBitRate` as OpenSubsonic names them."""
    bit_rate = request.query_params.get("maxBitRate", "0")
    if not (bit_rate.isascii() and bit_rate.isdigit() and len(bit_rate) < 6):
        raise HTTPException(400, f"maxBitRate is {bit_rate[:20]!r}; it is a number of kbit/s, 0 for any.")
    return await sound_answer(request, request.path_params["id"], request.query_params.get("format"), int(bit_rate))


async def sound_answer(
    request: Request, track_id: int, form: str | None = None, max_bit_rate: int = 0, begin: float = 0.0
) -> Response:
    """Answer with the sound of a track.

    Parameters
    ----------
    form : ``raw``, ``mp3`` or ``opus``; None: whatever a browser plays, of which any range can be asked for
    max_bit_rate : kbit/s; 0 for any. More than a file has is no reason to encode it
    begin : seconds, of a stream that is encoded

    Raises
    ------
    HTTPException
        There is no such track, its file is not the one that was heard, nothing can be decoded, or no such format.
    """
    if form and form not in (RAW, *FORMATS):
        raise HTTPException(400, f"There is no format {form[:20]!r}; there are {', '.join((RAW, *FORMATS))}.")
    source = await played_source(request, track_id)
    try:
        if form in FORMATS or (form != RAW and 0 < max_bit_rate < _kbits(source)):
            return await _stream(request, source, form or "mp3", max_bit_rate or _BIT_RATE, begin)
        return await _whole(request, source, is_raw=form == RAW)
    except UndecodableError as error:
        raise unplayable(track_id, error.reason) from None


async def _whole(request: Request, source: SoundSource, *, is_raw: bool) -> Response:
    """The file of a track, or a wav file of its sound; of both any range can be asked for."""
    playing, loop = playing_of(request), asyncio.get_running_loop()
    opened = await loop.run_in_executor(playing.threads, partial(open_direct, source, is_raw=is_raw))
    if opened is not None:
        file, kind = opened
        return await range_answer(request, FileBytes(file, source, kind, playing.threads))
    shape = await loop.run_in_executor(playing.threads, playing.sounds.result, sound_shape, source)
    return await range_answer(request, WavBytes(source, shape, playing.sounds, playing.threads))


def _kbits(source: SoundSource) -> float:
    """The bit rate of a file; a part of one is taken to be lossless."""
    return math.inf if source.begin is not None else 8 * source.stamp[0] / source.duration / 1_000


async def _stream(request: Request, source: SoundSource, form: str, bit_rate: int, begin: float) -> Response:
    """A track encoded anew: it begins at once, and nobody knows how long it will be."""
    kind = FORMATS[form].media_type
    if request.method == "HEAD":
        return Response(None, 200, media_type=kind)
    place = ExitStack()
    place.enter_context(playing_of(request).stream_place())
    stream = _Stream(playing_of(request), place, source, form, bit_rate, begin)
    try:
        first = await stream.part()
    except BaseException:
        stream.close()
        raise
    return _SendingStream(stream, first, kind)


class _Stream:
    """A stream that is encoded part by part in the process that plays, and its place among those at once."""

    def __init__(
        self, playing: Playing, place: ExitStack, source: SoundSource, form: str, bit_rate: int, begin: float
    ) -> None:
        self._playing, self._place = playing, place
        self._name, self._number = secrets.token_hex(8), 0
        self._what = source, form, bit_rate, begin

    async def part(self) -> bytes:
        """Encode the next part; no bytes at the end. Raises as `PlaybackPool.result`."""
        number, self._number = self._number, self._number + 1
        return await asyncio.get_running_loop().run_in_executor(
            self._playing.threads, self._playing.sounds.result, encoded_part, self._name, number, *self._what
        )

    def close(self) -> None:
        """Give up the place, and close the file in the process that plays, without waiting for it."""
        self._place.close()
        with suppress(RuntimeError):  # the server ends
            self._playing.threads.submit(self._playing.sounds.result, end_stream, self._name)


class _SendingStream(StreamingResponse):
    """The parts of a stream, encoded as they are taken."""

    def __init__(self, stream: _Stream, first: bytes, kind: str) -> None:
        self._stream = stream
        super().__init__(self._parts(first), 200, {"Accept-Ranges": "none", "Cache-Control": "no-store"}, kind)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()

    async def _parts(self, first: bytes) -> AsyncIterator[bytes]:
        content = first
        while content:
            yield content
            try:
                content = await self._stream.part()
            except Exception as error:
                raise BrokenOffError(str(error)) from error


routes = [Route("/sound/{id:int}", sound)]
