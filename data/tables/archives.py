"""Reading of zip, tar and gzip with bounds on how much is unpacked.

A few kilobytes can unpack to terabytes. Listens pack to a fifth or a tenth of their size, so a large file packed to a
hundredth was made to do harm.
"""

import bz2
import errno
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, cast

from earshot.data.files.regular_files import open_regular

BOMB_BYTES = 1024**3  # less than this may have any ratio
BOMB_RATIO = 100  # unpacked bytes to packed ones
MAX_MEMBERS = 100_000  # files in an archive
_ENCRYPTED = 0x1  # in the flags of a zip entry
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 1024**2
_NESTED_BYTES = 2 * 1024**3  # of all archives in an archive, which are unpacked to a temporary file
_MAX_NESTED = 100  # archives in an archive, each of which stays open
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # for temporary files
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error, OverflowError),
    NotImplementedError,  # unknown compression, perhaps of a damaged entry
    RecursionError,  # nested headers of a tar archive
)


class BoundedReader(io.RawIOBase):
    """The content of a packed file, read forward; an error once it is far longer than the packed one."""

    def __init__(self, file: IO[bytes], packed_bytes: int, name: str) -> None:
        super().__init__()
        self._file, self._packed_bytes, self._name = file, packed_bytes, name
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._position += len(content)
        refuse_bomb(self._position, self._packed_bytes, self._name)
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position by unpacking everything before it, within the bounds of reading."""
        target = offset + (self._position if whence == os.SEEK_CUR else 0)
        if whence == os.SEEK_END:
            raise io.UnsupportedOperation("the end is not known before all is unpacked")
        if target < self._position:
            self._file.seek(0)
            self._position = 0
        piece = bytearray(_PIECE_BYTES)
        while self._position < target:
            if not self.readinto(memoryview(piece)[: target - self._position]):
                break
        return self._position

    def close(self) -> None:
        self._file.close()
        super().close()


def refuse_bomb(n_bytes: int, packed_bytes: int, name: str) -> None:
    """Raise a ValueError if so many bytes were packed into implausibly few."""
    if n_bytes > BOMB_BYTES and n_bytes > BOMB_RATIO * packed_bytes:
        raise ValueError(
            f"{name} unpacks to more than {n_bytes / 1024**3:.1f} GiB from {packed_bytes / 1024**2:,.1f} MiB, as no"
            " listens do; if it holds some all the same, unpack it yourself"
        )


def open_gzip(path: Path) -> io.BufferedReader:
    """Open the content of a gzipped file."""
    packed = open_regular(path)
    unpacked = BoundedReader(cast(IO[bytes], _Gzip(packed)), os.fstat(packed.fileno()).st_size, path.name)
    return io.BufferedReader(unpacked, _PIECE_BYTES)


class _Gzip(gzip.GzipFile):
    """A gzipped file that closes its packed file, too."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


class ZipArchive:
    """The files of a zip archive, whose directory is read once."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(open_regular(path))
        except zipfile.BadZipFile as error:
            if isinstance(error.__context__, OSError):  # zipfile takes an error of the disk for damage
                raise error.__context__ from None
            raise
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise ValueError(f"{path.name} is encrypted; unpack it, and import the folder")
        if any(entry.compress_type not in _PACKINGS for entry in entries):
            raise ValueError(f"{path.name} is packed in a way that is not read here; unpack it, and import the folder")
        # No member unpacks to more bytes than the directory says. Overlapping members all count.
        self.n_bytes = sum(entry.file_size for entry in entries)
        refuse_bomb(self.n_bytes, path.stat().st_size, path.name)
        _refuse_too_many(len(entries), path)
        self.names = list(dict.fromkeys(entry.filename for entry in entries))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        entry = self._zip.getinfo(name)
        if entry.compress_type != zipfile.ZIP_BZIP2:
            with self._zip.open(entry) as member:
                yield member
            return
        # zipfile would unpack all of a few kilobytes of bzip2 at once, so it only reads them.
        packed = copy(entry)
        packed.compress_type, packed.file_size = zipfile.ZIP_STORED, entry.compress_size
        del packed.CRC  # of the unpacked content; bzip2 has its own checksum
        with self._zip.open(packed) as stored, io.BufferedReader(_BzippedMember(stored, entry), _PIECE_BYTES) as member:
            yield member


class _BzippedMember(BoundedReader):
    """A file in a zip, packed with bzip2; damaged unless it is exactly as long as its entry says."""

    def __init__(self, stored: IO[bytes], entry: zipfile.ZipInfo) -> None:
        super().__init__(cast(IO[bytes], bz2.BZ2File(stored)), entry.compress_size, entry.filename)
        self._n_bytes = entry.file_size

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # any writable buffer
        n_read = super().readinto(buffer)
        if self._position > self._n_bytes or (len(buffer) and not n_read and self._position < self._n_bytes):
            raise zipfile.BadZipFile(f"{self._name} is not as long as the archive says")
        return n_read


class TarArchive:
    """The files of a tar archive, gzipped or not. Reading them in their order is fastest."""

    def __init__(self, path: Path) -> None:
        with open_regular(path) as file:
            is_gzipped = file.read(2) == _GZIP_MAGIC
            self._size = os.fstat(file.fileno()).st_size
        self._name = path.name
        raw = open_gzip(path) if is_gzipped else open_regular(path)
        self._tar = tarfile.TarFile(fileobj=raw)
        self._members: dict[str, tarfile.TarInfo] = {}
        for member in self._tar:
            if member.isfile():
                self._members.pop(member.name, None)  # the last of a name counts, and its position
                self._members[member.name] = member
                _refuse_too_many(len(self._members), path)
        while is_gzipped and raw.read(_PIECE_BYTES):  # tarfile takes damage for the end; gzip checks its very end
            pass
        self.n_bytes = sum(member.size for member in self._members.values())
        self.names = list(self._members)

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        member = self._tar.extractfile(self._members[name])
        assert member is not None, name  # names are of files alone
        # A sparse file is longer than the archive.
        with io.BufferedReader(BoundedReader(member, self._size, f"{name} in {self._name}"), _PIECE_BYTES) as bounded:
            yield bounded


class NestedArchive:
    """An archive, in which other archives are folders, down to one level.

    One of them stays the file that it is if it is damaged, encrypted or too large, if there are very many or no room to
    unpack them, or if all together hold far more than the archive has bytes.
    """

    def __init__(self, path: Path) -> None:
        self._packed_bytes = path.stat().st_size
        self._outer = _archive(path)
        self._inner: dict[str, ZipArchive | TarArchive] = {}
        self._place: dict[str, tuple[str, str]] = {}  # the archive in this one, and the name in that one
        n_unpacked = n_bytes = 0
        n_names = len(self._outer.names)
        self.names: list[str] = []
        for name in self._outer.names:
            self.names.append(name)
            if not name.lower().endswith(ARCHIVES) or len(self._inner) >= _MAX_NESTED:
                continue
            try:
                inner, n_own = self._unpacked(name, _NESTED_BYTES - n_unpacked)
                refuse_bomb(n_bytes + inner.n_bytes, self._packed_bytes, name)
                _refuse_too_many(n_names + len(inner.names), path)
            except (*DAMAGE, ValueError):
                continue
            except OSError as error:
                if error.errno in _NO_ROOM:
                    continue
                raise
            n_unpacked, n_bytes, n_names = n_unpacked + n_own, n_bytes + inner.n_bytes, n_names + len(inner.names)
            self._inner[name] = inner
            self._place |= {f"{name}/{one}": (name, one) for one in inner.names}
            self.names[-1:] = [f"{name}/{one}" for one in inner.names]

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        archive, inside = self._place.get(name, ("", name))
        with (self._inner[archive] if archive else self._outer).open(inside) as member:
            yield member

    def _unpacked(self, name: str, max_bytes: int) -> tuple[ZipArchive | TarArchive, int]:
        """Open an archive in this one, and tell its size. Its temporary file is gone once it is closed."""
        with TemporaryDirectory() as folder:
            copy = Path(folder, "archive.zip" if name.lower().endswith(".zip") else "archive.tar")
            with self._outer.open(name) as packed, copy.open("wb") as file:
                n_bytes = copy_bounded(packed, file, max_bytes, name)
            return _archive(copy), n_bytes


def copy_bounded(source: IO[bytes], target: IO[bytes], max_bytes: int, name: str) -> int:
    """Copy all of a file, and return its size; raises a ValueError that names it once it is larger than that."""
    n_bytes = 0
    while piece := source.read(_PIECE_BYTES):
        n_bytes += len(piece)
        if n_bytes > max_bytes:
            raise ValueError(f"{name} is larger than {max_bytes / 1024**3:.0f} GiB; unpack it, and import the file")
        target.write(piece)
    return n_bytes


# First bytes of packed files.
_MAGIC = {
    _GZIP_MAGIC: "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x04\x22\x4d\x18": "lz4",
}  # fmt: skip


_WORKBOOKS = (".xlsm", ".ods")


def refuse_packed(head: bytes, name: str) -> None:
    """Raise a ValueError if a text file begins like a packed one, which polars would unpack without bounds."""
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if kind == "zip" and name.lower().endswith(_WORKBOOKS):
        raise ValueError(f"{name} is a workbook; open it, and save its sheet as CSV")
    if kind:
        raise ValueError(f"{name} is packed ({kind}); unpack it first")


def open_archive(path: Path) -> NestedArchive:
    """Open an archive. The last two stay open, so that reading twenty thousand members opens it once."""
    status = path.stat()
    return _cached_archive(path, status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=2)
def _cached_archive(path: Path, _mtime_ns: int, _size: int, _inode: int) -> NestedArchive:
    return NestedArchive(path)


def _archive(path: Path) -> ZipArchive | TarArchive:
    return ZipArchive(path) if path.suffix.lower() == ".zip" else TarArchive(path)


def _refuse_too_many(n_members: int, path: Path) -> None:
    if n_members > MAX_MEMBERS:
        raise ValueError(
            f"{path.name} holds more than {MAX_MEMBERS:,} files; unpack it, and import the folder of the listens alone"
        )
