"""Arrays that were kept as .npy and .npz, read without believing what their headers say of types and sizes."""

import errno
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np

from earshot.data.files.regular_files import require_regular

_END_RECORD = b"PK\5\6"
_END_RECORD_BYTES = 22  # bytes, of an archive without a comment
_ENCRYPTED_OR_PATCHED = 0x61  # flags of a member that zipfile cannot read as it is
_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# RuntimeError says of a member that it is encrypted. MemoryError is no damage: nothing is asked for that is not there.
_DAMAGE = (LookupError, EOFError, OverflowError, RuntimeError, SyntaxError, TokenError, TypeError, zipfile.BadZipFile)


def read_archive(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The arrays of these names in an .npz file.

    Raises
    ------
    ValueError
        It is none, or one that was not written here.
    OSError
        It cannot be read.
    """
    check_stored_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as opened:
                    _check_header(opened, member.file_size)
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except _DAMAGE as error:
        raise ValueError(f"it is damaged ({type(error).__name__})") from None


def read_ids(path: Path) -> np.ndarray:
    """The one array in an .npy file, (n,) int64, on the disk; raises as `read_archive` does."""
    require_regular(path)
    try:
        with np.errstate(over="ignore"):  # numpy multiplies the sizes before it looks at the file's
            ids = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as error:
        raise ValueError(f"it is damaged ({type(error).__name__})") from None
    if not isinstance(ids, np.ndarray) or ids.ndim != 1 or ids.dtype != np.int64:
        raise ValueError("it holds no ids")
    return ids


def check_stored_archive(path: Path) -> None:
    """Refuse an archive whose members are packed, or longer than it: what torch and numpy keep lies in it as it is.

    Raises
    ------
    ValueError
        It is no archive, or such a one.
    OSError
        It cannot be read.
    """
    require_regular(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _END_RECORD_BYTES, 0))
        if not file.read(4) == _END_RECORD:  # two readers may find two tables of contents where something follows
            raise ValueError("it is no archive, or cut short")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ValueError(f"it is a damaged archive ({str(error)[:60]})") from None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise ValueError("it is a damaged archive (its contents would begin before the file)") from None
    for member in members:
        is_stored = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
        is_stored = is_stored and not member.flag_bits & _ENCRYPTED_OR_PATCHED
        if not is_stored or not 0 <= member.header_offset <= size - member.file_size:
            raise ValueError(f"{member.filename[:60]!r} in it is packed, or longer than the file")


def _check_header(file: IO[bytes], size: int) -> None:
    """Refuse an array that is larger than its file says: numpy asks for the memory before it looks."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise ValueError(f"it holds an array of version {version}, which is never written here")
    shape, _, dtype = _HEADER_READERS[version](file)
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError("it is damaged (an array is longer than the file)")
