"""Files that cannot be made again as they were: their hashes, so that damage is seen, and what to type then."""

import json
import shlex
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from earshot.data.files.atomic import remove
from earshot.data.files.path_encoding import is_bare_name, shell_word
from earshot.data.files.regular_files import IrregularFileError, open_regular

if TYPE_CHECKING:
    from earshot.index.library import Library

LISTENS, CHECKPOINTS = "listens", "checkpoints"  # folders in a library
_CHECKPOINT = "SELECT checkpoint FROM runs WHERE stage = 'train-audio' AND finished NOT NULL AND checkpoint NOT NULL"
_EAR = f"{_CHECKPOINT} ORDER BY id DESC LIMIT 1"
_TOWERS = "SELECT checkpoint FROM runs WHERE id = (SELECT run_id FROM spaces WHERE space = 'tower')"


@dataclass(frozen=True)
class KeptFile:
    """A file that the library needs."""

    name: str  # below the library folder
    purpose: str  # what does not work without it
    cures: tuple[str, ...]  # what to type, in this order, where it is missing or damaged


def kept_files(library: "Library") -> Iterator[KeptFile]:
    """The files that must be there: listens of every import, the encoder that was trained last, towers in use."""
    rows = library.db.execute("SELECT id, file, origin, options FROM listens ORDER BY id").fetchall()
    for number, file, origin, options in rows:
        lost = f"its listens, for `cli train-tower`, `cli recommend` and `cli build-graph`, are those of {origin}"
        cure = renaming(library, file) or listens_cure(number, origin, options)
        yield KeptFile(f"{LISTENS}/{file}", lost, (cure,))
    for (file,) in library.db.execute(_EAR):
        lost = "without it `cli embed-audio` and `cli similar FILE` cannot hear"
        yield KeptFile(f"{CHECKPOINTS}/{file}", lost, ("cli train-audio --start fresh", "cli embed-audio"))
    for (file,) in library.db.execute(_TOWERS):
        lost = "without it `cli recommend` and `cli evaluate` do not work"
        yield KeptFile(f"{CHECKPOINTS}/{file}", lost, ("cli train-tower",))


def listens_cure(number: int, origin: str, options: str | None) -> str:
    """The cure where the events of an import are lost: import them again as then, or else do without them.

    They are forgotten in any case, for the origin may hold more by now: that would be an import beside the lost one.
    """
    forget = f"cli forget-listens {number}"
    if not Path(origin).exists():
        return forget
    try:
        typed = json.loads(options or "[]")
    except (ValueError, RecursionError):  # of a damaged library, or a stranger's
        typed = []
    words = typed if isinstance(typed, list) and all(isinstance(word, str) for word in typed) else []
    return f"{forget} && {shlex.join(['cli', 'import-listens', *words, origin])}"


def renaming(library: "Library", file: str) -> str | None:
    """The cure where listens are missing, and the same lie there under another name."""
    copy = same_listens(library, file)
    if copy is None:
        return None
    return f"mv {shell_word(str(copy))} {shell_word(str(library.folder / LISTENS / file))}"


def same_listens(library: "Library", file: str) -> Path | None:
    """The very listens that are missing under the name `file`, as a later or earlier import of the same wrote them.

    Such imports take two names in turn, so the other one is there when library.db comes from a backup.
    """
    folder = library.folder / LISTENS
    if not is_bare_name(file) or (folder / file).exists():
        return None
    stem = file.removesuffix(".parquet").removesuffix(".2")
    copy = folder / (f"{stem}.parquet" if file == f"{stem}.2.parquet" else f"{stem}.2.parquet")
    row = library.db.execute("SELECT n_bytes, hash FROM kept_files WHERE name = ?", [f"{LISTENS}/{file}"]).fetchone()
    with suppress(OSError, IrregularFileError):
        if row is not None and copy.stat().st_size == row[0] and file_hash(copy) == row[1]:
            return copy
    return None


def file_problem(library: "Library", name: str, *, read: bool) -> str | None:
    """Describe the damage of a kept file, None where there is none; with `read` its whole content is compared."""
    path = library.folder / name
    if not is_bare_name(name.partition("/")[2]):
        return "is not the name of a file in the library"
    if not path.is_file():
        return "is missing"
    row = library.db.execute("SELECT n_bytes, hash FROM kept_files WHERE name = ?", [name]).fetchone()
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
    """Whether anybody knows what a file should hold. Older versions recorded nothing."""
    return library.db.execute("SELECT 1 FROM kept_files WHERE name = ?", [name]).fetchone() is not None


def record(library: "Library", path: Path) -> None:
    """Keep the hash of a file that was just written; the caller holds the transaction that names it."""
    _insert(library, [_row(library, path)])


@contextmanager
def keeping(library: "Library", path: Path) -> Iterator[None]:
    """Record a file that the block writes, perhaps anew; a kill in between must not look like damage later."""
    with library.transaction():
        library.db.execute("DELETE FROM kept_files WHERE name = ?", [_name(library, path)])
    yield
    with library.transaction():
        record(library, path)


def record_unknown(library: "Library") -> None:
    """Record what an older version, or a killed command, did not, where the file is whole by all that can be seen.

    What is recorded stays, whatever the file holds by now. What cannot be read waits for a better day: no command that
    writes should fail for it, and `cli check` tells of it.
    """
    query = (
        f"SELECT ?, file FROM listens UNION SELECT ?, checkpoint FROM ({_EAR})"
        f" UNION SELECT ?, checkpoint FROM ({_TOWERS})"
    )
    named = library.db.execute(query, [LISTENS, CHECKPOINTS, CHECKPOINTS]).fetchall()
    paths = [library.folder / below / file for below, file in named if is_bare_name(file)]
    rows = []
    for path in (path for path in paths if not is_recorded(library, _name(library, path))):
        with suppress(OSError, IrregularFileError):
            if path.is_file() and is_whole(path):
                rows.append(_row(library, path))
    if rows:
        with library.transaction():
            _insert(library, rows)


def remove_unnamed(library: "Library") -> None:
    """Remove files of listens that were forgotten or replaced, also where a kill came before their removal.

    Only such as this very database had recorded: one from a backup knows nothing of newer imports.
    """
    query = "SELECT name FROM kept_files WHERE name LIKE ? AND name NOT IN (SELECT ? || file FROM listens)"
    unnamed = [name for (name,) in library.db.execute(query, [f"{LISTENS}/%", f"{LISTENS}/"])]
    for name in unnamed:
        if is_bare_name(name.removeprefix(f"{LISTENS}/")):
            remove(library.folder / name)
    if unnamed:
        with library.transaction():
            library.db.conn.executemany("DELETE FROM kept_files WHERE name = ?", [(name,) for name in unnamed])


def is_whole(path: Path) -> bool:
    """Whether a Parquet file, safetensors or a torch file has its beginning and its end."""
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
    """xxh3_128 of a whole file.

    Raises
    ------
    IrregularFileError
        It is no file that has an end: a pipe, a device, a file of the kernel's.
    OSError
        It cannot be read.
    """
    digest = xxhash.xxh3_128()
    with open_regular(path) as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _row(library: "Library", path: Path) -> tuple[str, int, str]:
    return _name(library, path), path.stat().st_size, file_hash(path)


def _insert(library: "Library", rows: Sequence[tuple[str, int, str]]) -> None:
    library.db.conn.executemany("INSERT OR REPLACE INTO kept_files (name, n_bytes, hash) VALUES (?, ?, ?)", rows)


def _name(library: "Library", path: Path) -> str:
    return path.relative_to(library.folder).as_posix()
