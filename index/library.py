"""The library folder: open library.db to read or to write, lock it, upgrade it."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from sqlite_utils import Database

from earshot.data.files.atomic import atomic_path, make_folder, remove_leftovers
from earshot.data.files.path_encoding import is_bare_name, path_columns
from earshot.index.database_checks import (
    LibraryError,
    LockedError,
    damage_behind,
    refuse_changed,
    refuse_foreign,
    refuse_taken_name,
    refuse_triggers,
    untrusted,
)
from earshot.index.manifest import record_unknown, remove_unnamed
from earshot.index.migrations import migrations
from earshot.index.schema_guard import harden
from earshot.index.writer_lock import announce_writer, describe_writer, withdraw_writer

DATABASE = "library.db"
_LOCK = ".writer.lock"
LOCK_SECONDS = 1.0  # a running server writes what was clicked within less
_BUSY_SECONDS = 60.0
_CACHE_KIB = 128 * 1024  # at most; with SQLite's 2 MB, filling `neighbours` takes half as long again


class Library:
    """One library folder.

    with Library.open(folder) as library:         # read
        library.db.execute("SELECT ...")
    with Library.open_to_write(folder) as library:  # one at a time
        with library.transaction():
            library.db.execute("INSERT ...")
    """

    def __init__(self, folder: Path, db: Database, lock: FileLock | None = None) -> None:
        self.folder, self.db, self._lock = folder, db, lock
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute("PRAGMA synchronous = EXTRA")  # else a power cut may bring back the journal and undo a commit

    @classmethod
    def open(cls, folder: Path, wait: float = _BUSY_SECONDS, *, between_threads: bool = False) -> "Library":
        """Open to read.

        Parameters
        ----------
        wait : seconds that a query waits for a transaction that holds the database
        between_threads : threads may hand it to one another, for use by one at a time

        Raises
        ------
        LibraryError
            There is no library, or one of another program or version, or its path is not UTF-8.
        """
        _require_utf8(folder)
        path = folder / DATABASE
        missing = LibraryError(f"There is no library at {folder}.\n\nRun `cli embed-audio FOLDER` to make one.")
        if not path.is_file():
            raise missing
        # Not mode=ro: after a kill, SQLite must be allowed to roll the half-written transaction back.
        db = Database(_connect(path, wait, between_threads))
        with contextlib.ExitStack() as undo:
            undo.callback(db.close)
            refuse_foreign(db, path)
            if not migrations.applied(db):  # killed while it was made
                raise missing
            if migrations.pending(db):
                raise LibraryError(f"{path} was made by an older version.\n\nRun `cli embed-audio` to upgrade it.")
            refuse_changed(db, path)
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA trusted_schema = OFF")  # only here: old versions of FTS5 would refuse our triggers
            undo.pop_all()
        return cls(folder, db)

    @classmethod
    def open_to_write(cls, folder: Path, wait: float = LOCK_SECONDS) -> "Library":
        """Open as the only writer, after at most `wait` seconds; create or upgrade the library when needed.

        Raises
        ------
        LockedError
            Another process is writing; the message says which.
        LibraryError
            The folder holds something else, or a newer library, or its path is not UTF-8.
        """
        _require_utf8(folder)
        lock = FileLock(folder / _LOCK)
        try:
            make_folder(folder)
            lock.acquire(timeout=wait)
        except Timeout:
            raise LockedError(f"Another process is writing to {folder}: {describe_writer(folder)}.") from None
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
                raise LibraryError(
                    f"The disk of {folder} keeps no locks ({error.strerror}), so two commands could write at once.\n\n"
                    "Give a folder on another disk with --library."
                ) from None
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS):
                raise  # a fault of the disk, not of the folder
            raise LibraryError(f"{folder} cannot be a library folder: {error.strerror}.") from None
        with contextlib.ExitStack() as undo:
            undo.callback(lock.release)
            announce_writer(folder, since=now())
            path = folder / DATABASE
            db = Database(_connect(path, _BUSY_SECONDS))
            undo.callback(db.close)
            refuse_foreign(db, path)
            refuse_triggers(db, path)
            library = cls(folder, db, lock)
            remove_leftovers(folder)
            library._upgrade(path)
            refuse_changed(db, path)
            remove_unnamed(library)
            record_unknown(library)
            undo.pop_all()
        return library

    def close(self) -> None:
        self.db.close()
        if self._lock is not None:
            withdraw_writer(self.folder)
            self._lock.release()

    def __enter__(self) -> "Library":
        return self

    def __exit__(self, _type: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Close; explain an error that damaged rows caused."""
        try:
            damage = damage_behind(error, self.db)
        finally:
            self.close()
        if damage is not None:
            raise LibraryError(
                f"{self.folder / DATABASE} is damaged: {damage}.\n\nRun `cli check`; take another copy of this library."
            ) from error

    def __repr__(self) -> str:
        return f"<Library {self.folder} with {self.value('SELECT count(*) FROM tracks'):,} tracks>"

    def file(self, name: str, below: str = "") -> Path:
        """The path of a file that the database names, in the library folder or in a folder below.

        Raises
        ------
        LibraryError
            The name leads elsewhere: a damaged or foreign library.
        """
        if not is_bare_name(name):
            raise LibraryError(
                f"{self.folder / DATABASE} names a file {str(name)[:80]!r}, which is not the name of a file in"
                f" {self.folder / below}. It is damaged, or a trap.\n\nTake another copy of this library."
            )
        return self.folder / below / name

    def value(self, query: str, values: Sequence[object] = ()) -> Any:
        """The first column of the first row of a query; None without a row."""
        row = self.db.execute(query, values).fetchone()
        return row[0] if row else None

    def column(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """The only column of a query."""
        return [one for (one,) in self.db.execute(query, values)]

    def ids(self, query: str, values: Sequence[object] = ()) -> np.ndarray:
        """The only column of a query, (n,) int64."""
        return np.fromiter((one for (one,) in self.db.execute(query, values)), dtype=np.int64)

    def insert(self, table: str, columns: str, rows: Iterable[Sequence[object]], *, replace: bool = False) -> None:
        """Insert rows of these columns into a table, if asked for in place of those of the same key."""
        verb = "INSERT OR REPLACE" if replace else "INSERT"
        marks = ", ".join("?" * len(columns.split(",")))
        self.db.conn.executemany(f"{verb} INTO {table} ({columns}) VALUES ({marks})", rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the changes of a block all or nothing.

        BEGIN IMMEDIATE: a deferred BEGIN that reads first and writes later fails at once when another
        program at the sqlite3 prompt holds the write lock, instead of waiting for it.
        """
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.db.execute("COMMIT")  # may fail too: a full disk, a reader that holds on
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a disk that fails takes no rollback; the next opening does it
                self.db.rollback()
            raise

    @contextlib.contextmanager
    def steady_commits(self, seconds: float = 1.0) -> Iterator[Callable[[], None]]:
        """A transaction for a long stream of small writes; call the yielded function after each.

        It commits once in `seconds`, since an fsync per track would cost more than the track. A kill or an exception
        loses what came after the last commit.
        """
        last = monotonic()

        def commit_if_due() -> None:
            nonlocal last
            if monotonic() - last >= seconds:
                self.db.execute("COMMIT")
                self.db.execute("BEGIN IMMEDIATE")
                last = monotonic()

        with self.transaction():
            yield commit_if_due

    def _upgrade(self, path: Path) -> None:
        """Bring the schema up to date, all or nothing; keep a backup of an older version."""
        pending = migrations.pending(self.db)
        if not pending:
            return
        backup = path.with_name(f"{path.stem}.before-{pending[0].name}.db")
        if migrations.applied(self.db) and not backup.exists():
            with atomic_path(backup) as temporary:
                self.db.execute("VACUUM INTO ?", [str(temporary)])
        # SQLite obeys this outside of transactions only. With foreign keys, rebuilding a table would delete the rows
        # that point to it.
        self.db.execute("PRAGMA foreign_keys = OFF")
        try:
            with self.transaction():  # else a kill between two steps would leave neither version
                migrations.apply(self.db)
                refuse_changed(self.db, path)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:  # a full disk, a lock
                raise
            if backup.exists():  # else it is no older version, whatever it says of itself
                refuse_taken_name(str(error), path)
            raise LibraryError(untrusted(path, f"it says that other steps made it than did ({error})")) from None
        finally:
            self.db.execute("PRAGMA foreign_keys = ON")


def now() -> str:
    """The time in ISO 8601, UTC, to the millisecond: graphs are compared by when they were made."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _require_utf8(folder: Path) -> None:
    """Refuse a path that FAISS, safetensors and polars could not open: many commands would fail halfway."""
    shown, raw = path_columns(os.path.abspath(folder))  # these libraries make it absolute themselves
    if raw is not None:
        raise LibraryError(
            f"The library folder {shown} has a name that is not UTF-8, and not every part of Earshot can open it.\n\n"
            "Give another folder with --library, or rename it. (The music may lie in folders of any name.)"
        )


def _connect(path: Path, wait: float, between_threads: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=not between_threads)
    connection.execute("PRAGMA foreign_keys = ON")
    harden(connection)
    return connection
