"""The file, and the part of it, that plays as a track; only while it is the file that was heard."""

import os
from dataclasses import dataclass

from earshot.audio.decoding.music_file import Cause, Stamp, UndecodableError
from earshot.data.files.cue_sheets import read_cue_sheet, sheet_path
from earshot.data.files.regular_files import irregular_kind


@dataclass(frozen=True)
class SoundSource:
    """A track to play. Its file must still have the `stamp` when it is opened."""

    path: str  # of the file
    stamp: Stamp
    duration: float  # seconds, of the track
    codec: str | None  # by the name of FFmpeg
    begin: float | None = None  # seconds, of a track of a cue sheet in its file; None: the track is the file


def sound_source(path: str, size: int, mtime_ns: int, duration: float, codec: str | None) -> SoundSource:
    """Find the file of a track that was heard with this size, in bytes, and time of change.

    Raises
    ------
    UndecodableError
        It is gone, is no regular file, or was changed since.
    """
    if not os.path.isabs(path) or os.path.normpath(path) != path:
        raise UndecodableError("its path is none that a scan stores", Cause.ENVIRONMENT)
    if (sheet := sheet_path(path)) != path and not os.path.isdir(sheet):
        return _part(path, sheet, (size, mtime_ns), duration, codec)
    status = _status(path)
    if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
        raise _changed()
    return SoundSource(path, (size, mtime_ns), duration, codec)


def _part(path: str, sheet: str, stamp: Stamp, duration: float, codec: str | None) -> SoundSource:
    """The part of a file that a cue sheet makes a track: a scan gives it its share of the size, and the later time."""
    latest = _status(sheet).st_mtime_ns
    try:
        tracks = read_cue_sheet(sheet)
    except OSError as error:
        raise _away(error) from None
    track = next((track for track in tracks if track.path == path), None)
    if track is None:
        raise _changed()
    status = _status(track.file)
    n_parts = sum(other.file == track.file for other in tracks)
    if (status.st_size // n_parts, max(latest, status.st_mtime_ns)) != stamp:
        raise _changed()
    return SoundSource(track.file, (status.st_size, status.st_mtime_ns), duration, codec, track.begin)


def _status(path: str) -> os.stat_result:
    try:
        status = os.stat(path)
    except OSError as error:
        raise _away(error) from None
    if (kind := irregular_kind(status)) is not None:
        raise UndecodableError(f"not a regular file but {kind}", Cause.ENVIRONMENT)
    return status


def _changed() -> UndecodableError:
    return UndecodableError("its file was changed since it was heard", Cause.ENVIRONMENT)


def _away(error: OSError) -> UndecodableError:
    return UndecodableError(f"its file cannot be read: {error.strerror}", Cause.ENVIRONMENT, error.errno)
