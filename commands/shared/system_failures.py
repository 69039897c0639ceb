"""One sentence for an error of a disk or a database, or a lack of memory: what failed, where, and what to type."""

import contextlib
import errno
import os
import re
import sqlite3
import tempfile
from pathlib import Path

from earshot.data.files.path_encoding import shown_path

_NOTHING_PARTIAL = "Nothing half-done was kept."
_TYPE_AGAIN = "Then type the same command again: what was finished before is kept."
_NO_MEMORY = f"There is not enough memory for this. {_NOTHING_PARTIAL} Close other programs, or ask for less at once."
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FAILING = (errno.EIO, errno.ESTALE, errno.ENXIO, errno.ENODEV, errno.ETIMEDOUT)
_ERRNO_IN_WORDS = re.compile(r"\(os error (\d+)\)")  # in messages of Rust libraries: polars, safetensors
_NUMPY_SHORT_WRITE = re.compile(r"^\d+ requested and \d+ written$")  # NumPy drops the errno
# RuntimeErrors without an errno: torch's, FAISS's and libsndfile's.
_WRITERS = re.compile("PytorchStreamWriter|inline_container|iostream error|write error|close error|System error")
_ALLOCATORS = re.compile("can't allocate memory|out of memory|bad_alloc", re.IGNORECASE)  # torch's and FAISS's
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_MIN_FREE_FILES = 8  # more than the failed command has removed again by now
_MIN_FREE_BYTES = 64 * 1024  # a disk that refused a write may still have a few


def failure_sentence(error: BaseException, library: Path) -> str | None:
    """Say what failed, where, and what to type; None for an error of the program itself."""
    if isinstance(error, sqlite3.Error):
        return _database_sentence(error, library)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _ALLOCATORS.search(str(error))):
        return _NO_MEMORY
    if isinstance(error, EOFError):
        reason = f" ({error})" if str(error) else ""
        return (
            f"A file is cut short, or a process of this command ended too soon{reason}. {_NOTHING_PARTIAL}"
            " `cli check --read-data` finds such a file of the library; one that was given has to be fetched again."
        )
    system = _system_error(error)
    if system is not None:
        return _errno_sentence(*system, library)
    disk = _full_disk(library) if isinstance(error, RuntimeError) and _WRITERS.search(str(error)) else None
    return None if disk is None else _full(disk)


def _system_error(error: BaseException) -> tuple[int, str | None] | None:
    """The errno behind an error, and the file that the system named."""
    if isinstance(error, OSError) and error.errno is not None:
        name = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else None
        return error.errno, os.fsdecode(name) if name else None
    if _NUMPY_SHORT_WRITE.search(str(error)):
        return errno.ENOSPC, None
    if match := _ERRNO_IN_WORDS.search(str(error)):
        return int(match[1]), None
    # A library that wrote for us may have wrapped the error of the disk.
    if error.__cause__ is not None:
        return _system_error(error.__cause__)
    is_hidden = error.__suppress_context__ and not _WRITERS.search(str(error))
    cause = None if is_hidden or error.__context__ is None else _system_error(error.__context__)
    # Any other error of the system was being handled when the program made one of its own.
    return cause if cause is not None and cause[0] in (*_FULL, *_FAILING, errno.EROFS) else None


def _errno_sentence(number: int, name: str | None, library: Path) -> str:
    """The sentence for an errno; `name` is the file, or None if the system named none."""
    place = f"{library} or of a file that was given" if name is None else shown_path(name)
    if number in _FULL:
        return _full(_full_disk(library) or library if name is None else Path(name))
    if number in _FAILING:
        return (
            f"The disk of {place} fails: {os.strerror(number)}. {_NOTHING_PARTIAL} Look after the disk. {_TYPE_AGAIN}"
        )
    if number == errno.EROFS:
        return f"The disk of {place} is mounted read-only. {_NOTHING_PARTIAL} Mount it for writing. {_TYPE_AGAIN}"
    if number in (errno.EMFILE, errno.ENFILE):
        return f"Too many files are open ({os.strerror(number)}). Raise the limit with `ulimit -n 4096`. {_TYPE_AGAIN}"
    if number == errno.ENOMEM:
        return _NO_MEMORY
    return f"{library if name is None else place}: {os.strerror(number)}."


def _full(place: Path) -> str:
    disk = shown_path(str(_existing(place)))
    return f"No space is left on the disk of {disk}. {_NOTHING_PARTIAL} Make room there. {_TYPE_AGAIN}"


def _database_sentence(error: sqlite3.Error, library: Path) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    kind, path = code & 0xFF, library / "library.db"
    disk = _full_disk(library)
    if kind == sqlite3.SQLITE_FULL or (kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and disk):
        return _full(disk or library)
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"{path} is locked by another program (a `sqlite3` prompt with an open transaction, perhaps)."
            f" {_NOTHING_PARTIAL} End that program's transaction. {_TYPE_AGAIN}"
        )
    if kind in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"{path} cannot be written: {error}. {_NOTHING_PARTIAL} See to its permissions. {_TYPE_AGAIN}"
    if kind in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOLFS):
        name = getattr(error, "sqlite_errorname", "")
        return f"The disk of {path} fails: {error} ({name}). {_NOTHING_PARTIAL} Look after the disk. {_TYPE_AGAIN}"
    if kind == sqlite3.SQLITE_NOMEM:
        return _NO_MEMORY
    if kind in _DAMAGED:
        from earshot.index.database_checks import recovery

        return f"{path} is damaged: {error}.\n\nRestore it from a backup, or save what is left: {recovery(path)}"
    return None


def _full_disk(library: Path) -> Path | None:
    """The library or the folder of temporary files, if its disk is full; None if both have room."""
    places = [library]
    with contextlib.suppress(OSError):  # no folder takes temporary files
        places.append(Path(tempfile.gettempdir()))
    return next((place for place in places if _is_full(place)), None)


def _is_full(place: Path) -> bool:
    """Whether the disk of a place has no room for a few bytes or for one more file."""
    try:
        disk = os.statvfs(_existing(place))
    except (AttributeError, OSError):  # Windows, or a disk that is gone
        return False
    return disk.f_bavail * disk.f_frsize < _MIN_FREE_BYTES or (disk.f_files > 0 and disk.f_favail < _MIN_FREE_FILES)


def _existing(place: Path) -> Path:
    """The place itself, or the nearest folder above it that exists."""
    place = place.absolute()
    return next((path for path in (place, *place.parents) if path.exists()), place)
