"""SQLite databases of other programs, read as they lie, also while the program runs, and never written to."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from earshot.data.files.path_encoding import is_bare_name
from earshot.data.files.regular_files import require_regular
from earshot.data.tables.archives import copy_bounded
from earshot.data.tables.text_blocks import Member

MAGIC = b"SQLite format 3\0"
_WAL_PLACES = slice(18, 20)  # of the header: 2 in a database with a write-ahead log
_HEADER_BYTES = 100
_PATIENCE_S = 10  # while the program writes
_MAX_CELL_BYTES = 16 * 1024 * 1024
_MAX_TABLES = 1_000
_MAX_UNPACKED_BYTES = 8 * 1024**3  # of a database in an archive
_BESIDE = ("-wal", "-journal")  # behind its name: what is written, but not yet in it, or perhaps to be undone
Tables = Mapping[str, frozenset[str]]  # the columns of each table


def is_database(member: Member) -> bool:
    """Tell whether a file begins as a database does."""
    try:
        with member.open() as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def log_of(path: Path) -> Path | None:
    """The file in which a program keeps what it has written to a database but not yet moved there, if any."""
    log = Path(f"{path}-wal")
    return log if log.is_file() and log.stat().st_size else None


@contextmanager
def open_database(file: Path | Member) -> Iterator[sqlite3.Connection]:
    """Open a database in one state, that of now. No file is made beside it; one in an archive is unpacked elsewhere.

    A reader of a write-ahead log takes part in its index, a file that only a running program has. Without one nobody
    has the database open: then a log is read in a copy of both, and a database without one as it lies.

    Raises
    ------
    ValueError
        It is no database, damaged, locked, or was written to in the meantime without a lock; or it is packed, and too
        large.
    """
    member = file if isinstance(file, Member) else Member(file)
    if member.name is None and not member.path.name.endswith(".gz"):
        with _opened(member.path) as connection:
            yield connection
        return
    with TemporaryDirectory() as folder:
        unpacked = Path(folder, member.title if is_bare_name(member.title) else "database")
        try:
            _unpack(member, unpacked)
            for end in _BESIDE if member.name is not None else ():
                if (log := member.beside(f"{member.title}{end}")) is not None:
                    _unpack(log, Path(f"{unpacked}{end}"))
        except OSError as error:
            raise ValueError(f"{member} cannot be unpacked: {error.strerror}; unpack it, and import the file") from None
        with _opened(unpacked) as connection:
            yield connection


def _unpack(member: Member, place: Path) -> None:
    with member.open() as source, place.open("wb") as target:
        copy_bounded(source, target, _MAX_UNPACKED_BYTES, str(member))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    require_regular(path)
    try:
        with path.open("rb") as file:
            has_log = 2 in file.read(_HEADER_BYTES)[_WAL_PLACES]
        log = log_of(path)
        is_open = Path(f"{path}-wal").exists() and Path(f"{path}-shm").exists()
        if has_log and log is not None and not is_open:
            with TemporaryDirectory() as folder:
                copy = Path(folder, "copy.db")
                shutil.copyfile(path, copy)
                shutil.copyfile(log, f"{copy}-wal")
                with _connected(copy, "mode=ro") as connection:
                    yield connection
        elif has_log and not is_open:
            changed = path.stat().st_mtime_ns
            with _connected(path, "mode=ro&immutable=1") as connection:
                yield connection
            if path.stat().st_mtime_ns != changed:
                raise ValueError(f"{path.name} was written to while it was read; try again")
        else:
            with _connected(path, "mode=ro") as connection:
                yield connection
    except sqlite3.Error as error:
        raise ValueError(f"{path.name} cannot be read as a database: {error}{_advice(error)}") from None


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", timeout=_PATIENCE_S, uri=True)
    with closing(connection):
        connection.isolation_level = None
        connection.text_factory = lambda text: text.decode("utf-8", "replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
        for setting in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("BEGIN")
        yield connection


def database_tables(connection: sqlite3.Connection) -> Tables:
    """The tables of a database, views left out."""
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' LIMIT ?",
            [_MAX_TABLES],
        )
    ]
    columns = "SELECT name FROM pragma_table_info(?)"
    return {name: frozenset(column for (column,) in connection.execute(columns, [name])) for name in names}


def _advice(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return ". Its program is writing; try again"
    if "readonly" in str(error):
        return ". Its program was stopped in the midst of writing; start it once, then try again"
    return ""
