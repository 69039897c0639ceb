"""The track that a request wants to hear or see: its row in the library, and its file while that is unchanged."""

import asyncio
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.sound_source import SoundSource, sound_source
from earshot.data.files.path_encoding import path_from_columns
from earshot.data.files.regular_files import in_time
from earshot.index.library import Library
from earshot.web.library_access import library_of
from earshot.web.sound.playing import Playing

_FILE = "SELECT path, path_bytes, size, mtime_ns, duration_s, codec, status FROM tracks WHERE id = ?"


async def played_source(request: Request, track_id: int) -> SoundSource:
    """Find the file of a track, which must be the one that was heard.

    Raises
    ------
    HTTPException
        There is no such track; or it has no file, or not the one that was heard.
    """
    row = await library_of(request).read(lambda library: _row(library, track_id))
    if row is None:
        raise HTTPException(404, f"There is no track {track_id}.")
    path, raw, size, mtime_ns, duration, codec, status = row
    if status != "embedded" or path is None or not duration:
        raise HTTPException(404, f"Track {track_id} has no file here.")
    playing = playing_of(request)
    try:
        path = path_from_columns(path, raw)
        look = partial(sound_source, path, size, mtime_ns, duration, codec)
        return await asyncio.get_running_loop().run_in_executor(playing.threads, in_time, look, path)
    except UndecodableError as error:
        raise unplayable(track_id, error.reason) from None
    except OSError as error:
        raise unplayable(track_id, f"its disk does not answer ({error.strerror})") from None


def playing_of(request: Request) -> Playing:
    """The means to play of the server that was asked."""
    playing: Playing = request.app.state.playing
    return playing


def unplayable(track_id: int, reason: str) -> HTTPException:
    """The answer for a track whose file cannot be played now."""
    return HTTPException(404, f"Track {track_id} cannot be played: {reason}. Run `cli embed-audio` to look again.")


def _row(library: Library, track_id: int) -> tuple | None:
    if not -(2**63) <= track_id < 2**63:
        return None
    row: tuple | None = library.db.execute(_FILE, [track_id]).fetchone()
    return row
