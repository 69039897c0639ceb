"""Reading of regular files within time limits: pipes, devices and files of the kernel are refused before any wait.

A disk that does not answer is an error, too.
"""

import errno
import io
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import BinaryIO, TypeVar, cast

ANSWER_SECONDS = 20.0  # for one read; a disk that has to wake up takes five
_MAX_WAITING_THREADS = 3  # on a disk that does not answer, a folder of a thousand files then fails within a minute
_abandoned_threads: list[threading.Thread] = []
T = TypeVar("T")
_FIRST_BYTES_SECONDS = 10.0  # a disk that has to wake up takes five
# Not every system has all of them.
_OPEN_FLAGS = sum(getattr(os, flag, 0) for flag in ("O_RDONLY", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_PIECE_BYTES = 1024**2  # read by one thread, whose start takes no time beside them
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a block device",
    stat.S_IFCHR: "a device",
}
_MOUNT_TABLE = "/proc/self/mountinfo"
_KERNEL_FOLDERS = ("/proc", "/sys")
_KERNEL_FILE_SYSTEMS = frozenset(
    {
        *("proc", "sysfs", "debugfs", "tracefs", "securityfs", "configfs", "cgroup", "cgroup2", "bpf", "pstore"),
        *("efivarfs", "binfmt_misc", "mqueue", "selinuxfs", "fusectl", "rpc_pipefs"),
    }
)


class IrregularFileError(ValueError):
    """A path leads to a pipe, a device, a folder or a file of the kernel, not to a regular file."""


def open_regular(path: str | os.PathLike[str], *, buffering: int = -1) -> BinaryIO:
    """Open a regular file for reading bytes. Opening it and each read have a time limit.

    Parameters
    ----------
    buffering : 0 for a raw file without time limits, if the caller has one

    Raises
    ------
    IrregularFileError
        It is a pipe, a socket, a device, a folder, or a file that the kernel makes up.
    OSError
        It cannot be opened; later, it cannot be read. A TimeoutError if the disk does not answer.
    """
    if buffering == 0:
        return cast(BinaryIO, io.FileIO(_open_descriptor(path), "rb"))
    return io.BufferedReader(_LimitedFile(in_time(lambda: _open_descriptor(path), path), path), _PIECE_BYTES)


def require_regular(path: str | os.PathLike[str]) -> None:
    """Refuse an irregular file before a library opens the path itself; raises as `open_regular` does."""
    _refuse_irregular(path, os.stat(path))


def irregular_kind(status: os.stat_result) -> str | None:
    """The kind of an irregular file, such as "a named pipe"; None for a regular one."""
    if not stat.S_ISREG(status.st_mode):
        return _KINDS.get(stat.S_IFMT(status.st_mode), "a special file")
    return "a file of the kernel's" if status.st_dev in _kernel_devices() else None


class _LimitedFile(io.RawIOBase):
    """A regular file with a time limit for each read; after one was exceeded, all others fail at once."""

    def __init__(self, descriptor: int, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._descriptor, self._path = descriptor, path
        self._is_silent = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        if self._is_silent:
            raise timed_out(self._path)
        n_bytes = min(len(buffer), _PIECE_BYTES)
        try:
            # Not into the buffer: an abandoned thread must not write to memory that has another use by then.
            content = in_time(lambda: os.read(self._descriptor, n_bytes), self._path)
        except TimeoutError:
            self._is_silent = True
            raise
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if not self.closed and not self._is_silent:  # closing may wait for the disk, too
            os.close(self._descriptor)
        super().close()


def _open_descriptor(path: str | os.PathLike[str]) -> int:
    """Open a regular file, and return its descriptor."""
    require_regular(path)
    # A pipe may have taken its place since: without O_NONBLOCK, opening it waits for a writer.
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        _refuse_irregular(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_irregular(path: str | os.PathLike[str], status: os.stat_result) -> None:
    kind = irregular_kind(status)
    if kind is not None:
        name = os.path.basename(os.fsdecode(path)) or os.fsdecode(path)
        cure = "" if kind == "a folder" else "; save what it gives to a file first"
        raise IrregularFileError(f"{name} is {kind}, not a regular file{cure}")


@cache
def _kernel_devices() -> frozenset[int]:
    """The devices of file systems made up by the kernel, whose files look regular but may never end or answer."""
    devices = {os.stat(folder).st_dev for folder in _KERNEL_FOLDERS if os.path.ismount(folder)}
    try:
        with open(_MOUNT_TABLE, encoding="utf-8", errors="replace") as file:
            mounts = [line.split() for line in file]
    except OSError:  # not Linux
        return frozenset(devices)
    for fields in mounts:  # id, id of the parent, device, three more, any number of options, a dash, type
        if "-" in fields and fields[fields.index("-") + 1] in _KERNEL_FILE_SYSTEMS:
            major, minor = fields[2].split(":")
            devices.add(os.makedev(int(major), int(minor)))
    return frozenset(devices)


def first_bytes(path: str, n_bytes: int) -> bytes:
    """Read at most so many bytes from the beginning of a regular file.

    Raises
    ------
    OSError
        The file cannot be read, or does not answer within ten seconds.
    """

    def read() -> bytes:
        with open_regular(path, buffering=0) as file:
            return file.read(n_bytes)

    try:
        return in_time(read, path, _FIRST_BYTES_SECONDS)
    except IrregularFileError as error:  # it has just taken the place of a regular file
        raise OSError(errno.EINVAL, str(error)) from None


def in_time(work: Callable[[], T], path: str | os.PathLike[str], seconds: float | None = None) -> T:
    """Do work on a file within a time limit, and return its result.

    The work runs in a thread, which is abandoned at the limit and ends with the process. While three abandoned threads
    wait, no more work is begun.

    Parameters
    ----------
    seconds : the limit; `ANSWER_SECONDS` if not given

    Raises
    ------
    TimeoutError
        The work did not end in time, or was not begun; the error names the file.
    OSError
        No thread can be started, or the work raised it. Other errors of the work are raised unchanged, too.
    """
    _abandoned_threads[:] = [thread for thread in _abandoned_threads if thread.is_alive()]
    if len(_abandoned_threads) >= _MAX_WAITING_THREADS:
        raise timed_out(path)
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # panics of polars are no Exception
            done.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    try:
        thread.start()
    except RuntimeError:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), os.fspath(path)) from None
    thread.join(ANSWER_SECONDS if seconds is None else seconds)
    if not done.done():
        _abandoned_threads.append(thread)
        raise timed_out(path)
    return done.result()


def timed_out(path: str | os.PathLike[str]) -> TimeoutError:
    """Make the error of a file that did not answer."""
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), os.fspath(path))
