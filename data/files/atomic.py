"""Atomic writes: after a kill, a full disk or a power cut a file or folder is complete, or not there.

    write to a temporary name -> fsync -> rename -> fsync the folder -> then, the caller: COMMIT the row that names it

A kill leaves at most a temporary file, which the next writer of the library removes (`leftovers`). State from which
the next run of a killed stage continues is no leftover: its name ends with `RESUMABLE_SUFFIX`.
"""

import contextlib
import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

TEMPORARY_SUFFIX = ".unfinished"
RESUMABLE_SUFFIX = ".resumable"
# In a library. Beside the database only names that no file of a person has, elsewhere any temporary name.
_LEFTOVERS = (
    *(f"*.faiss{TEMPORARY_SUFFIX}", f"library*.db{TEMPORARY_SUFFIX}*", f"recommendations-*{RESUMABLE_SUFFIX}/*"),
    *(f"{folder}/*" for folder in ("checkpoints", "listens", "cache", "cache/pictures-*")),
)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF)  # of network and FUSE file systems
_STANDARD_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_JOURNAL = TEMPORARY_SUFFIX + "-journal"  # of SQLite, beside a database that it writes
_EARLIER_SUFFIXES = (".part",)  # suffixes, and below prefixes, of temporary files before version 0.2
_EARLIER_PREFIXES = (".arrays-", ".import-")
# Resumable state before version 0.2: pattern of its place, and suffix.
_EARLIER_RESUMABLE = (("checkpoints/*", ".unfinished.pt"), ("recommendations-*", TEMPORARY_SUFFIX))


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name to write to; when the block ends, the file gets its final name and is on the disk.

    After an error the temporary file is removed, and an older file of that name is untouched.

    >>> with atomic_path(Path(tempfile.mkdtemp()) / "three.txt") as temporary:
    ...     _ = temporary.write_text("one two three")
    """
    make_folder(path.parent)
    with _renamed(path.with_name(path.name + TEMPORARY_SUFFIX), path) as temporary:
        yield temporary


@contextlib.contextmanager
def _renamed(temporary: Path, path: Path) -> Iterator[Path]:
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    except BaseException:  # a full disk, Ctrl-C
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


@contextlib.contextmanager
def output_path(path: Path) -> Iterator[Path]:
    """Yield a name to write to, as `atomic_path` does, for an output that a person named.

    A symbolic link stays, and its target is written. Pipes, devices and ``/dev/stdout`` are written through.

    Raises
    ------
    OSError
        The output cannot be written; the error names the path, or the temporary folder whose disk is full.
    """
    target = Path(os.path.realpath(path))
    is_device = str(path).startswith(("/dev/", "/proc/")) or (path.exists() and not path.is_file())
    if not is_device:
        if not target.parent.is_dir():  # a typing error; such a folder is not made
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        # No file of a person has such a name.
        temporary = target.with_name(f"{target.name[:40]}.{token_hex(8)}{TEMPORARY_SUFFIX}")
        with _path_in_errors(path, temporary), _renamed(temporary, target):
            yield temporary
            with contextlib.suppress(OSError):  # it is new, or its file system knows no permissions
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        return
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "output")
        with _path_in_errors(Path(folder)):
            yield temporary
        with open(temporary, "rb") as written, _path_in_errors(path), open(_device_to_open(path), "wb") as device:
            shutil.copyfileobj(written, device)


def _device_to_open(path: Path) -> str | int:
    """A device's path, or a copy of its descriptor if it is open already: opening the path would truncate a file."""
    match = _DESCRIPTOR.fullmatch(str(path))
    descriptor = int(match[1]) if match else _STANDARD_STREAMS.get(str(path))
    return str(path) if descriptor is None else os.dup(descriptor)


@contextlib.contextmanager
def _path_in_errors(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Put the path into an error of the system that names nothing, or the temporary file."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to write files into, as `atomic_path` does for one file. `path` must not exist yet."""
    make_folder(path.parent)
    with temporary_folder(path.parent) as temporary:
        yield temporary
        _sync_below(temporary)
        temporary.rename(path)
    sync(path.parent)


@contextlib.contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder as `atomic_folder` does, which takes the place of the folder at `path`, if there is one.

    After an error the earlier folder is untouched. A power cut between two renames leaves both, each whole, under
    temporary names.
    """
    make_folder(path.parent)
    with temporary_folder(path.parent) as temporary, contextlib.ExitStack() as undo:
        yield temporary
        _sync_below(temporary)
        earlier = path.with_name(f"{token_hex(8)}{TEMPORARY_SUFFIX}")
        if path.exists():
            path.rename(earlier)
            undo.callback(earlier.rename, path)
        temporary.rename(path)
        undo.pop_all()
    sync(path.parent)
    remove(earlier)


def _sync_below(folder: Path) -> None:
    """Wait until a folder is on the disk with all files and folders below."""
    for inner in folder.iterdir():
        _sync_below(inner) if inner.is_dir() else sync(inner)
    sync(folder)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder that is removed when the block ends, unless it was renamed.

    The folder is locked while the block lasts. Readers of a library make such folders too, and its one writer must not
    take them for leftovers.
    """
    folder = parent / f"{token_hex(8)}{TEMPORARY_SUFFIX}"
    folder.mkdir()  # mkdtemp ignores the umask
    with _lock(folder):
        try:
            yield folder
        finally:
            if folder.exists():  # not renamed
                remove(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents durably."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file or folder durably, if it exists. On an error it stays, for the next writer to remove."""
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk.

    Raises
    ------
    OSError
        The disk failed; what was written is lost.
    """
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":  # Windows cannot open folders, and need not
        return
    try:
        descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    except PermissionError:
        if is_folder:  # it may be writable and not readable
            return
        raise
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not is_folder or error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def leftovers(library_folder: Path) -> list[Path]:
    """Temporary files and folders that a killed command left in a library, sorted by path.

    While another process writes to the library, its temporary files are among them.
    """
    paths = {path for pattern in _LEFTOVERS for path in library_folder.glob(pattern)}
    return sorted(path for path in paths if _is_temporary(path.name) and not _is_in_use(path))


def remove_leftovers(library_folder: Path) -> None:
    """Remove all `leftovers`, and rename resumable state of earlier versions. For the one writer of the library."""
    _rename_resumable(library_folder)
    for path in leftovers(library_folder):
        remove(path)


def _rename_resumable(library_folder: Path) -> None:
    """Rename resumable state of earlier versions to today's suffix, unless that name is taken."""
    for pattern, suffix in _EARLIER_RESUMABLE:
        for path in library_folder.glob(pattern + suffix):
            renamed = path.with_name(path.name.removesuffix(suffix) + RESUMABLE_SUFFIX)
            if not os.path.lexists(renamed):
                path.rename(renamed)
                sync(path.parent)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, where its file system has locks.

    Raises
    ------
    BlockingIOError
        Another process, or another descriptor of this one, holds it.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # some network file systems have no locks
            pass
        yield
    finally:
        os.close(descriptor)


def _is_in_use(path: Path) -> bool:
    if not path.is_dir():
        return False  # only the writer makes files
    try:
        with _lock(path):
            return False
    except OSError:  # held, or removed by now
        return True


def _is_temporary(name: str) -> bool:
    return name.endswith((TEMPORARY_SUFFIX, _JOURNAL, *_EARLIER_SUFFIXES)) or name.startswith(_EARLIER_PREFIXES)
