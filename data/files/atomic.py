"""Files and folders that are there whole or not at all, also after a kill, a full disk or a power cut.

    write to a temporary name -> fsync -> rename -> fsync the folder -> then, the caller: COMMIT the row that names it

A kill leaves at most a temporary file, which the next writer of the library removes (`leftovers`). What a killed stage
goes on from is no leftover: its name ends with `RESUMABLE_SUFFIX`.
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
# In a library: only where nobody else keeps files, and in its own folder only names that no file of a person has.
_LEFTOVERS = (
    *(f"*.faiss{TEMPORARY_SUFFIX}", f"library*.db{TEMPORARY_SUFFIX}*", f"recommendations-*{RESUMABLE_SUFFIX}/*"),
    *(f"{folder}/*" for folder in ("checkpoints", "listens", "cache", "cache/pictures-*")),
)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF)  # as network and FUSE file systems say it
_STANDARD_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_JOURNAL = TEMPORARY_SUFFIX + "-journal"  # what SQLite lays beside a database that it writes
_EARLIER_SUFFIXES = (".part",)  # suffixes, and below prefixes, of temporary files before version 0.2
_EARLIER_PREFIXES = (".arrays-", ".import-")
# Before version 0.2, what stages go on from: where it lay, and how its name ended.
_EARLIER_RESUMABLE = (("checkpoints/*", ".unfinished.pt"), ("recommendations-*", TEMPORARY_SUFFIX))


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary name to write to; when the block ends the file takes its own name, and is on the disk.

    After an error nothing is left, and what had the name before is untouched.

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
    """Yield a name to write to, as `atomic_path` does, for a file that a person asked for.

    A symbolic link stays one, and what it leads to is written. Pipes, devices and ``/dev/stdout`` are written through.

    Raises
    ------
    OSError
        It cannot be written; the error names the path, or the temporary folder whose disk is full.
    """
    target = Path(os.path.realpath(path))
    is_device = str(path).startswith(("/dev/", "/proc/")) or (path.exists() and not path.is_file())
    if not is_device:
        if not target.parent.is_dir():  # a slip of the keyboard; such a folder is not made
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        temporary = target.with_name(f"{target.name[:40]}.{token_hex(8)}{TEMPORARY_SUFFIX}")  # as no file of theirs
        with _errors_name(path, temporary), _renamed(temporary, target):
            yield temporary
            with contextlib.suppress(OSError):  # it is new, or its file system knows no permissions
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        return
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "output")
        with _errors_name(Path(folder)):
            yield temporary
        with open(temporary, "rb") as written, _errors_name(path), open(_device_to_open(path), "wb") as device:
            shutil.copyfileobj(written, device)


def _device_to_open(path: Path) -> str | int:
    """Name what to open for a device; an open descriptor itself, whose name would be opened anew and truncated."""
    found = _DESCRIPTOR.fullmatch(str(path))
    descriptor = int(found[1]) if found else _STANDARD_STREAMS.get(str(path))
    return str(path) if descriptor is None else os.dup(descriptor)


@contextlib.contextmanager
def _errors_name(path: Path, temporary: Path | None = None) -> Iterator[None]:
    """Let an error of the system name the path, where it names nothing or a temporary file."""
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
        for file in temporary.iterdir():
            sync(file)
        sync(temporary)
        temporary.rename(path)
    sync(path.parent)


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder that is gone when the block ends, unless it was renamed; one that a kill leaves is a leftover.

    It is locked while the block lasts: readers of a library make such folders too, beside the one writer, who must not
    take them for leftovers.
    """
    folder = parent / f"{token_hex(8)}{TEMPORARY_SUFFIX}"
    folder.mkdir()  # mkdtemp's would be for its maker alone, whatever the umask
    lock = _locked(folder)
    try:
        yield folder
    finally:
        if lock is not None:
            os.close(lock)
        if folder.exists():  # not renamed
            remove(folder)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that it is still there after a power cut."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there, so that a power cut does not bring it back.

    What cannot be removed is left for the next that writes.
    """
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, are on the disk.

    Raises
    ------
    OSError
        The disk did not take them. What was written must count as lost.
    """
    if path.is_dir():
        _sync_folder(path)
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder, as far as its file system can."""
    if os.name == "nt":  # Windows opens no folders, and needs no fsync of them
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # who may write to a folder need not be one who may list it
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def leftovers(library_folder: Path) -> list[Path]:
    """Temporary files and folders that a killed command left in a library; none while another writes."""
    found = {path for pattern in _LEFTOVERS for path in library_folder.glob(pattern)}
    return sorted(path for path in found if _is_temporary(path.name) and not _is_in_use(path))


def remove_leftovers(library_folder: Path) -> None:
    """Remove what `leftovers` finds. Only for the one writer of the library."""
    _rename_resumable(library_folder)
    for path in leftovers(library_folder):
        remove(path)


def _rename_resumable(library_folder: Path) -> None:
    """Give what an earlier version left to go on from the name that is looked for today, where nothing else has it."""
    for pattern, suffix in _EARLIER_RESUMABLE:
        for path in library_folder.glob(pattern + suffix):
            renamed = path.with_name(path.name.removesuffix(suffix) + RESUMABLE_SUFFIX)
            if not os.path.lexists(renamed):
                path.rename(renamed)
                sync(path.parent)


def _locked(folder: Path) -> int | None:
    """Lock a folder; the descriptor that holds the lock, or None where folders cannot be locked.

    Raises
    ------
    BlockingIOError
        Another process, or another descriptor of this one, holds it.
    """
    if fcntl is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:  # some network file systems know no locks
        os.close(descriptor)
        return None
    return descriptor


def _is_in_use(path: Path) -> bool:
    if not path.is_dir():
        return False  # files are the writer's alone
    try:
        lock = _locked(path)
    except OSError:  # held, or gone by now
        return True
    if lock is not None:
        os.close(lock)
    return False


def _is_temporary(name: str) -> bool:
    return name.endswith((TEMPORARY_SUFFIX, _JOURNAL, *_EARLIER_SUFFIXES)) or name.startswith(_EARLIER_PREFIXES)
