"""Reading of regular files only: pipes, devices and files of the kernel are refused before anything waits on them."""

import errno
import io
import os
import stat
from functools import cache
from typing import BinaryIO, cast

from earshot.data.files.time_limits import in_time, timed_out

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
    devices = set()
    for folder in _KERNEL_FOLDERS:
        if os.path.ismount(folder):
            devices.add(os.stat(folder).st_dev)
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
