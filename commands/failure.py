"""One true sentence for what a disk, a database or a lack of memory did to a command."""

import errno
import os
import re
import sqlite3
from pathlib import Path

_KEPT = "Nothing half-done was kept."
_AGAIN = "Then type the same command again: what was finished before is kept."
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ERRNO_IN_WORDS = re.compile(r"\(os error (\d+)\)")  # as Rust's libraries tell it: polars, safetensors
_NUMPY_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")  # it asks for no errno
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FEW_FILES = 8  # those that the failed command has taken back by now are free again
_FEW_BYTES = 64 * 1024  # free on a disk that just refused to take more


def failure_sentence(error: BaseException, library: Path) -> str | None:
    """What failed, where, and what to type; None for an error that is none of the environment but of the program."""
    if isinstance(error, sqlite3.Error):
        return _of_database(error, library)
    if isinstance(error, MemoryError):
        return f"There is not enough memory for this. {_KEPT} Close other programs, or ask for less at once."
    number, place = _errno(error), Path(getattr(error, "filename", None) or library)
    if number is None:
        return _full(library) if _is_full(library) and isinstance(error, RuntimeError) else None
    if number in _FULL:
        return _full(place)
    if number in (errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT):
        return f"The disk of {place} fails: {os.strerror(number)}. {_KEPT} Look after the disk. {_AGAIN}"
    if number == errno.EROFS:
        return f"The disk of {place} is mounted read-only; nothing was changed. Mount it for writing. {_AGAIN}"
    if number in (errno.EMFILE, errno.ENFILE):
        return f"Too many files are open ({os.strerror(number)}). Raise the limit with `ulimit -n 4096`. {_AGAIN}"
    if number == errno.ENOMEM:
        return f"There is not enough memory for this. {_KEPT} Close other programs, or ask for less at once."
    return f"{place}: {os.strerror(number)}."


def _errno(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if _NUMPY_SHORT_WRITE.search(str(error)):
        return errno.ENOSPC
    if told := _ERRNO_IN_WORDS.search(str(error)):
        return int(told[1])
    # A library that wrote for us may have wrapped what the disk said.
    return _errno(error.__cause__ or error.__context__) if error.__cause__ or error.__context__ else None  # type: ignore[arg-type]


def _full(place: Path) -> str:
    disk = _existing(place)
    return f"No space is left on the disk of {disk}. {_KEPT} Make room there. {_AGAIN}"


def _of_database(error: sqlite3.Error, library: Path) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    kind, path = code & 0xFF, library / "library.db"
    if kind == sqlite3.SQLITE_FULL or (kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(library)):
        return _full(library)
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"{path} is locked by another program (a `sqlite3` prompt with an open transaction, perhaps)."
            f" Nothing was changed. End that program's transaction. {_AGAIN}"
        )
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"{path} cannot be written: {error}. Nothing was changed. See to its permissions. {_AGAIN}"
    if kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOLFS):
        name = getattr(error, "sqlite_errorname", "")
        return f"The disk of {path} fails: {error} ({name}). {_KEPT} Look after the disk. {_AGAIN}"
    if kind == sqlite3.SQLITE_NOMEM:
        return f"There is not enough memory for this. {_KEPT} Close other programs, or ask for less at once."
    if kind in _DAMAGED:
        return (
            f"{path} is damaged: {error}.\n\nRestore it from a backup, or save what is left:"
            " sqlite3 library.db .recover | sqlite3 mended.db"
        )
    return None


def _is_full(place: Path) -> bool:
    """Whether its disk, or that of temporary files, has no room for a few bytes or for one more file."""
    try:
        disk = os.statvfs(_existing(place))
    except (AttributeError, OSError):  # Windows, or a disk that is gone
        return False
    return disk.f_bavail * disk.f_frsize < _FEW_BYTES or (disk.f_files > 0 and disk.f_favail < _FEW_FILES)


def _existing(place: Path) -> Path:
    """The place itself, or the nearest folder above it that is there."""
    place = place.absolute()
    return next((path for path in (place, *place.parents) if path.exists()), place)
