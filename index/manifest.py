"""Manifest of the files that cannot be made again: their hashes, damage, and the commands that fix it."""

import os
import re
import shlex
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import xxhash

from earshot.data.files.atomic import remove
from earshot.data.files.path_encoding import is_bare_name, shell_word
from earshot.data.files.regular_files import IrregularFileError, open_regular
from earshot.index.database_checks import parsed_json, text_list

if TYPE_CHECKING:
    from earshot.index.library import Library

LISTENS, CHECKPOINTS = "listens", "checkpoints"  # folders in a library
_FEEDBACK = re.compile(r"([0-9a-f]+)\.(\d+)\.parquet")
_CHECKPOINT = "SELECT checkpoint FROM runs WHERE stage = 'train-audio' AND finished NOT NULL AND checkpoint NOT NULL"
_EAR = f"{_CHECKPOINT} ORDER BY id DESC LIMIT 1"
_TOWERS = "SELECT checkpoint FROM runs WHERE id = (SELECT run_id FROM spaces WHERE space = 'tower')"


@dataclass(frozen=True)
class KeptFile:
    """A file that the library needs."""

    name: str  # below the library folder
    purpose: str  # what does not work without it
    fix: str  # the command for when it is missing or damaged


def kept_files(library: "Library") -> Iterator[KeptFile]:
    """Yield the files that must exist: listens of every import, the latest trained encoder, the towers in use."""
    rows = library.db.execute("SELECT id, file, origin, options FROM listens ORDER BY id").fetchall()
    for number, file, origin, options in rows:
        purpose = f"its listens, for `cli train-tower`, `cli recommend` and `cli build-graph`, are those of {origin}"
        yield KeptFile(f"{LISTENS}/{file}", purpose, listens_fix(library, number, file, origin, options))
    for (file,) in library.db.execute(_EAR):
        purpose = "without it `cli embed-audio` and `cli similar FILE` cannot embed"
        yield KeptFile(f"{CHECKPOINTS}/{file}", purpose, "cli train-audio --start fresh && cli embed-audio")
    for (file,) in library.db.execute(_TOWERS):
        purpose = "without it `cli recommend` and `cli evaluate` do not work"
        yield KeptFile(f"{CHECKPOINTS}/{file}", purpose, "cli train-tower")


def listens_fix(library: "Library", number: int, file: str, origin: str, options: str | None) -> str:
    """The command for an import whose file is missing or damaged: rename its copy, if there is one.

    Else forget it, and import its origin again where that exists. The origin may hold more today; without forgetting,
    that would be a second import beside the lost one.
    """
    if copy := renamed_listens(library, file):
        return f"mv {shell_word(str(copy))} {shell_word(str(library.folder / LISTENS / file))}"
    forget = f"cli forget-listens {number}"
    if not os.path.isabs(origin) or not Path(origin).exists():  # the origin of feedback is no file
        return forget
    words = text_list(parsed_json(options or "[]")) or []  # none if damaged, or of a foreign library
    return f"{forget} && {shlex.join(['cli', 'import-listens', *words, origin])}"


def renamed_listens(library: "Library", file: str) -> Path | None:
    """Find the content of a missing file of listens under the name that the next or previous import of it used.

    Imports of the same content alternate between two names. With a library.db from a backup, the other one exists.
    """
    folder = library.folder / LISTENS
    if not is_bare_name(file) or (folder / file).exists():
        return None
    stem = file.removesuffix(".parquet").removesuffix(".2")
    copy = folder / (f"{stem}.parquet" if file == f"{stem}.2.parquet" else f"{stem}.2.parquet")
    row = _recorded(library, f"{LISTENS}/{file}")
    with suppress(OSError, IrregularFileError):
        if row is not None and copy.stat().st_size == row[0] and file_hash(copy) == row[1]:
            return copy
    return None


def file_problem(library: "Library", name: str, *, read: bool) -> str | None:
    """Describe the damage of a kept file, or None; with `read` compare its whole content."""
    path = library.folder / name
    if not is_bare_name(name.partition("/")[2]):
        return "is not the name of a file in the library"
    if not path.is_file():
        return "is missing"
    row = _recorded(library, name)
    try:
        n_bytes = path.stat().st_size
        if row is not None and n_bytes != row[0]:
            return f"is damaged: {n_bytes:,} bytes for {row[0]:,}"
        if not is_whole(path):
            return "is damaged"
        return "is damaged: its content is another" if read and row and file_hash(path) != row[1] else None
    except (OSError, IrregularFileError) as error:
        return f"cannot be read: {getattr(error, 'strerror', error)}"


def is_recorded(library: "Library", name: str) -> bool:
    """Tell whether the hash of a file is recorded; older versions recorded none."""
    return _recorded(library, name) is not None


def record(library: "Library", path: Path, *, is_ours: bool = False) -> None:
    """Record the hash of a file that was just written; the caller holds the transaction that names it.

    `is_ours` says that this process has just written it: then it is no pipe, and needs no thread to be read in time.
    """
    if is_ours:
        with path.open("rb") as file:
            digest = _hash(file)
    else:
        digest = file_hash(path)
    library.insert(
        "kept_files", "name, n_bytes, hash", [(_name(library, path), path.stat().st_size, digest)], replace=True
    )


@contextmanager
def recorded_write(library: "Library", path: Path) -> Iterator[None]:
    """Record a file that the block writes or overwrites; a kill meanwhile does not look like damage later."""
    library.db.execute("DELETE FROM kept_files WHERE name = ?", [_name(library, path)])
    yield
    with library.transaction():
        record(library, path)


def record_unknown(library: "Library") -> None:
    """Record files that an older version or a killed command did not, where they look whole.

    Existing records stay. Files that cannot be read are skipped: no writing command should fail for them, and
    `cli check` reports them.
    """
    query = (
        f"SELECT ?, file FROM listens UNION SELECT ?, checkpoint FROM ({_EAR})"
        f" UNION SELECT ?, checkpoint FROM ({_TOWERS})"
    )
    named = library.db.execute(query, [LISTENS, CHECKPOINTS, CHECKPOINTS]).fetchall()
    paths = [library.folder / below / file for below, file in named if is_bare_name(file)]
    for path in (path for path in paths if not is_recorded(library, _name(library, path))):
        with suppress(OSError, IrregularFileError):
            if path.is_file() and is_whole(path):
                with library.transaction():
                    record(library, path)


def remove_unnamed(library: "Library") -> None:
    """Remove files of listens that were forgotten or replaced, also those that a killed command left.

    Only files that this database recorded: one from a backup knows nothing of newer imports. The last state but one of
    feedback stays, since somebody may be reading it.
    """
    query = "SELECT name FROM kept_files WHERE name LIKE ? AND name NOT IN (SELECT ? || file FROM listens)"
    unnamed = library.column(query, [f"{LISTENS}/%", f"{LISTENS}/"])
    if unnamed:
        told = library.column("SELECT file FROM listens WHERE listener_id NOT NULL")
        before = {f"{LISTENS}/{earlier_state(file)}" for file in told}
        unnamed = [name for name in unnamed if name not in before]
    for name in unnamed:
        if is_bare_name(name.removeprefix(f"{LISTENS}/")):
            remove(library.folder / name)
    if unnamed:
        with library.transaction():
            library.db.conn.executemany("DELETE FROM kept_files WHERE name = ?", [(name,) for name in unnamed])


def earlier_state(file: str) -> str | None:
    """The name that a file of feedback had before its last change, None if it is new.

    >>> earlier_state("0a1b.7.parquet")
    '0a1b.6.parquet'
    """
    stem, number = _state(file)
    return f"{stem}.{number - 1}.parquet" if number > 1 else None


def later_state(file: str) -> str:
    """The name that a file of feedback has after its next change."""
    stem, number = _state(file)
    return f"{stem}.{number + 1}.parquet"


def _state(file: str) -> tuple[str, int]:
    """The stem of a file of feedback, and the number of its state; 0 of a name that no such file has."""
    match = _FEEDBACK.fullmatch(file)
    return (match[1], int(match[2])) if match else (Path(file).stem, 0)


def is_whole(path: Path) -> bool:
    """Tell whether a Parquet, safetensors or torch file has its beginning and its end."""
    try:
        opened = open_regular(path)
    except IrregularFileError:
        return False
    with opened as file:
        n_bytes = file.seek(0, 2)
        if path.suffix == ".pt":
            return zipfile.is_zipfile(file)
        file.seek(0)
        first = file.read(8)
        if path.suffix == ".safetensors":
            return len(first) == 8 and 8 + int.from_bytes(first, "little") < n_bytes
        file.seek(max(n_bytes - 4, 0))
        return n_bytes >= 12 and first[:4] == file.read(4) == b"PAR1"


def file_hash(path: Path) -> str:
    """xxh3_128 of the content of a file, in hexadecimal.

    Raises
    ------
    IrregularFileError
        It has no end: a pipe, a device, a file of the kernel.
    OSError
        It cannot be read.
    """
    with open_regular(path) as file:
        return _hash(file)


def _hash(file: BinaryIO) -> str:
    digest = xxhash.xxh3_128()
    while block := file.read(1 << 22):
        digest.update(block)
    return digest.hexdigest()


def _recorded(library: "Library", name: str) -> tuple[int, str] | None:
    """The size and hash that are recorded of a file."""
    return library.db.execute("SELECT n_bytes, hash FROM kept_files WHERE name = ?", [name]).fetchone()


def _name(library: "Library", path: Path) -> str:
    return path.relative_to(library.folder).as_posix()
