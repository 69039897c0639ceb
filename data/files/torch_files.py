"""Checkpoints, checked before torch reads them: uncompressed archives of tensors and plain values, nothing else.

`torch.load(weights_only=True)` runs no code, but it unpacks compressed members of any size, and can build tensors in
ways that our files never use. Read with `mmap=True`, a checked file takes no more memory than it has bytes.
"""

import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earshot.data.files.array_files import check_stored_archive
from earshot.data.files.atomic import atomic_path

_ALLOWED_OPCODES = re.compile(
    "APPENDS?|BINFLOAT|(LONG_)?BINGET|(LONG_)?BINPUT|BININT[12]?|BINPERSID|BINUNICODE|BUILD|EMPTY_(DICT|LIST|TUPLE)"
    "|GLOBAL|LONG1|MARK|NEWFALSE|NEWTRUE|NONE|PROTO|REDUCE|SETITEMS?|STOP|TUPLE[123]?"
)
_ALLOWED_GLOBALS = re.compile(r"torch \w+Storage|torch\._utils _rebuild_(tensor_v2|parameter)|collections OrderedDict")
_MAX_PICKLE_BYTES = 2**22  # names and shapes of tensors; their numbers are other members


def load_torch_file(path: Path) -> Any:
    """Load a file of `torch.save` to the CPU. Tensors are memory-mapped.

    Raises
    ------
    ValueError
        The file is damaged, or anything else.
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
    """Check that a file holds what `torch.save` writes for tensors and plain values.

    Raises
    ------
    ValueError
        It holds anything else; the message says what.
    OSError
        It cannot be read.
    """
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
