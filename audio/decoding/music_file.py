"""Music files, read so that an error of the disk is never mistaken for damage of the file; their hash, first checks.

FFmpeg reads through Python here. A read that fails ends the file for FFmpeg, which then calls it damaged or truncated;
the error is remembered, and overrides any result made from the bytes before it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from earshot.data.files.content_hash import hash_of
from earshot.data.files.cue_sheets import CueTrack, cue_track
from earshot.data.files.regular_files import IrregularFileError, irregular_kind, open_regular

Stamp = tuple[int, int]  # bytes, and nanoseconds of the last change; an unchanged file keeps its stamp
_HEAD_BYTES = 512


class Cause(Enum):
    """Kinds of reasons why a file was not embedded."""

    CONTENT = "content"  # its bytes, read without an error
    RULE = "rule"  # readable, but excluded
    ENVIRONMENT = "environment"  # the disk, the network, permissions, memory or time: no fact about the content
    PROGRAM = "program"  # an error in a program, of ours or of a library: no fact about the content either


class UndecodableError(Exception):
    """A file that cannot be decoded, with the reason in words."""

    def __init__(
        self, reason: str, cause: Cause = Cause.CONTENT, errno: int | None = None, duration: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.cause = reason, cause
        self.errno = errno  # of the system's error, if that is the reason
        self.duration = duration  # seconds, of a track that is excluded for it


class MusicFile:
    """A regular file, open for reading bytes. Reading never raises: it ends at the first error, kept in `error`."""

    def __init__(self, path: str) -> None:
        self.name = path  # FFmpeg looks at the suffix
        self._file = open_regular(path, buffering=0)
        self.stamp = self._stamp()
        self.error: OSError | None = None

    @property
    def size(self) -> int:
        return self.stamp[0]  # bytes

    def read(self, n_bytes: int) -> bytes:
        """Read at most so many bytes; none at the end, and after an error."""
        if self.error is None:
            try:
                return self._file.read(n_bytes) or b""
            except OSError as error:
                self.error = error
        return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position, and return it; for an invalid one return a negative error number, as FFmpeg does."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:  # which hostile files provoke
                self.error = self.error or error
            return -(error.errno or errno.EIO)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()

    def require_well_read(self, stamp: Stamp | None) -> None:
        """Raise as `reading` does, unless all was read without an error and the file has not changed."""
        try:
            has_changed = self._stamp() != self.stamp or stamp not in (None, self.stamp)
        except OSError as error:
            self.error = self.error or error
        if self.error is not None:
            reason = f"cannot be read: {self.error.strerror}"
            raise UndecodableError(reason, Cause.ENVIRONMENT, self.error.errno) from None
        if has_changed:
            raise UndecodableError("it was changed while it was read", Cause.ENVIRONMENT) from None

    def _stamp(self) -> Stamp:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns


@contextmanager
def reading(path: str, stamp: Stamp | None = None) -> Iterator[MusicFile]:
    """Open a music file, and raise at the end of the block unless all of it was read without an error.

    Parameters
    ----------
    stamp : of an earlier read
        The file must be unchanged since.

    Raises
    ------
    UndecodableError
        It cannot be opened or read, is no regular file, or changes while it is read.
    """
    file = open_music_file(path)
    try:
        try:
            yield file
        finally:
            file.require_well_read(stamp)
    finally:
        file.close()


def open_music_file(path: str) -> MusicFile:
    """Open a music file, for a caller that checks it by `require_well_read`; raises as `reading` does."""
    try:
        kind = irregular_kind(os.stat(path))
        if kind is not None:
            raise UndecodableError(f"not a regular file but {kind}", Cause.ENVIRONMENT)
        return MusicFile(path)
    except IrregularFileError as error:  # replaced since the check above
        raise UndecodableError(str(error), Cause.ENVIRONMENT) from None
    except OSError as error:
        raise UndecodableError(f"cannot be opened: {error.strerror}", Cause.ENVIRONMENT, error.errno) from None


@dataclass(frozen=True)
class HashedFile:
    """Content hash of a file, and the stamp that it had when it was read."""

    content_hash: str
    stamp: Stamp


def hash_file(path: str) -> HashedFile:
    """Hash a music file or a track of a cue sheet; raises as `source_of` and `reading` do."""
    source, track = source_of(path)
    with reading(source) as file:
        return HashedFile(hash_of(file, file.size, track), file.stamp)


def source_of(path: str) -> tuple[str, CueTrack | None]:
    """The path of the file to read for a track, and if a cue sheet names it, where in that file it lies.

    Raises
    ------
    UndecodableError
        The sheet cannot be read, or does not name it.
    """
    try:
        track = cue_track(path)
    except OSError as error:
        raise UndecodableError(
            f"its cue sheet cannot be read: {error.strerror}", Cause.ENVIRONMENT, error.errno
        ) from None
    except ValueError as error:
        raise UndecodableError(str(error), Cause.ENVIRONMENT) from None
    return (track.file if track else path), track


def check_is_audio(file: MusicFile) -> None:
    """Refuse files that are recognizably not audio, with a better reason than a decoder's. Rewinds the file.

    Raises
    ------
    UndecodableError
        It is empty, or a text file with the suffix of audio.
    """
    if file.size == 0:
        raise UndecodableError("the file is empty")
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs"):
        raise UndecodableError("a git-LFS pointer, not the audio itself; run `git lfs pull`")
    is_markup = text.startswith(b"<")
    if text.startswith((b"#extm3u", b"#extinf", b"ffconcat", b"[playlist]")) or (is_markup and b"<playlist" in text):
        raise UndecodableError("a playlist, not audio")
    if text.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise UndecodableError("a web page or XML document, not audio")
    if not head.strip(b"\0") and file.size <= len(head):
        raise UndecodableError("nothing but zero bytes")
