"""Files of arrays and tensors, which are read without trust in the types and sizes in their headers.

`torch.load(weights_only=True)` runs no code, but it unpacks compressed members of any size, and can build tensors in
ways that our files never use. Read with `mmap=True`, a checked file takes no more memory than it has bytes.
"""

import errno
import math
import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np

from earshot.data.files.atomic import atomic_path
from earshot.data.files.regular_files import require_regular

_ALLOWED_OPCODES = re.compile(
    "APPENDS?|BINFLOAT|(LONG_)?BINGET|(LONG_)?BINPUT|BININT[12]?|BINPERSID|BINUNICODE|BUILD|EMPTY_(DICT|LIST|TUPLE)"
    "|GLOBAL|LONG1|MARK|NEWFALSE|NEWTRUE|NONE|PROTO|REDUCE|SETITEMS?|STOP|TUPLE[123]?"
)
_ALLOWED_GLOBALS = re.compile(r"torch \w+Storage|torch\._utils _rebuild_(tensor_v2|parameter)|collections OrderedDict")
_MAX_PICKLE_BYTES = 2**22  # names and shapes of tensors; their numbers are other members
_END_RECORD = b"PK\5\6"
_END_RECORD_BYTES = 22  # of an archive without a comment
_ENCRYPTED_OR_PATCHED = 0x61  # flags of a member that zipfile cannot read as it is
_HEADER_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# RuntimeError: an encrypted member. MemoryError is no damage, since sizes are checked before anything is allocated.
_DAMAGE = (LookupError, EOFError, OverflowError, RuntimeError, SyntaxError, TokenError, TypeError, zipfile.BadZipFile)


def read_archive(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the arrays of these names from an .npz file.

    Raises
    ------
    ValueError
        The file is damaged, or no program of ours wrote it.
    OSError
        The file cannot be read.
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
    """Memory-map the one array of an .npy file, (n,) int64; raises as `read_archive` does."""
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
    """Refuse an archive with compressed members, or with members longer than the file: torch and numpy write neither.

    Raises as `read_archive` does.
    """
    require_regular(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _END_RECORD_BYTES, 0))
        if file.read(4) != _END_RECORD:  # two readers may find two tables of contents in front of a trailer
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
    """Refuse an array larger than its member of `size` bytes, since numpy allocates before it reads."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADER_READERS:
        raise ValueError(f"it holds an array of version {version}, which is never written here")
    shape, _, dtype = _HEADER_READERS[version](file)
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError("it is damaged (an array is longer than the file)")


def load_torch_file(path: Path) -> Any:
    """Load a file of `torch.save` to the CPU. Tensors are memory-mapped.

    Raises
    ------
    ValueError
        The file is damaged, or holds anything but tensors and plain values; the message says what.
    OSError
        The file cannot be read.
    """
    import torch

    check_torch_file(path)
    try:
        return torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def save_torch_file(path: Path, content: Any) -> None:
    """Write tensors and plain values with `torch.save`, whole or not at all."""
    import torch

    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        torch.save(content, file)


def check_torch_file(path: Path) -> None:
    """Check that a file holds tensors and plain values, as `torch.save` writes them; raises as `load_torch_file`."""
    check_stored_archive(path)
    with zipfile.ZipFile(path) as archive:
        pickles = [member for member in archive.infolist() if member.filename.endswith("data.pkl")]
        if len(pickles) != 1 or pickles[0].file_size > _MAX_PICKLE_BYTES:
            raise ValueError("it is no archive of tensors")
        try:
            pickled = archive.read(pickles[0])
        except (EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"its contents are damaged ({str(error)[:60]})") from None
    for code, argument in _operations(pickled):
        if not _ALLOWED_OPCODES.fullmatch(code) or (code == "GLOBAL" and not _ALLOWED_GLOBALS.fullmatch(str(argument))):
            raise ValueError(f"it holds something else than tensors and plain values ({code} {str(argument)[:60]!r})")


def _operations(pickled: bytes) -> Iterator[tuple[str, object]]:
    """Yield the operations of a pickle with their arguments; a list of them would take eighty times the file."""
    try:
        yield from ((code.name, argument) for code, argument, _ in pickletools.genops(pickled))
    except ValueError as error:  # also for text that is not UTF-8
        raise ValueError(f"its contents are damaged ({str(error)[:60]})") from None
