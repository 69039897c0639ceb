"""Files with secrets that only this user may read: they are read if nobody else can, and written so."""

import os
import stat
from pathlib import Path

from earshot.data.files.atomic import atomic_path, make_folder
from earshot.data.files.regular_files import open_regular


def read_private(path: Path, max_bytes: int) -> bytes | None:
    """The first bytes of a file; None if there is no such file.

    Raises
    ------
    ValueError
        Others can read it.
    OSError
        It cannot be read.
    """
    try:
        with open_regular(path) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(max_bytes)
    except FileNotFoundError:
        return None
    if mode & 0o077:
        raise ValueError(f"{path} can be read by others (mode {mode:04o}); type `chmod 600` and its name")
    return content


def write_private(path: Path, text: str) -> None:
    """Write a text to a file, whole or not at all, that nobody else can read at any moment."""
    make_folder(path.parent)
    with atomic_path(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
