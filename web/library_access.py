"""Access of request handlers to the library, in threads: several that read, one that writes.

A write takes the library's lock for itself alone, so that commands work beside a running server.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, LifoQueue
from time import monotonic
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from earshot.index.database_checks import LibraryError
from earshot.index.library import DATABASE, Library
from earshot.index.search.selected import AmbiguousError
from earshot.stages.shared.reports import StageError

T = TypeVar("T")
_READERS = 4
_CACHE_KIB = 32 * 1024  # of each reader; a command has all the memory to itself
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
WAIT_SECONDS = 5.0  # for a command that writes; whoever clicked waits as long
# Answers to a question, after which a connection is as good as before.
_ANSWERS = (LibraryError, StageError, AmbiguousError, HTTPException)


class LibraryAccess:
    """The library folder of a server.

    tracks = await access.read(lambda library: track_rows(library, ids))
    await access.write(lambda library: store(library, track_id))

    Parameters
    ----------
    wait : seconds that a reader or writer waits for a command that writes
    """

    def __init__(self, folder: Path, wait: float = WAIT_SECONDS) -> None:
        self.folder, self._wait = folder, wait
        self._readers = ThreadPoolExecutor(_READERS, "library-reader")
        self._writer = ThreadPoolExecutor(1, "library-writer")
        self._open: LifoQueue[tuple[Library, tuple[int, ...]]] = LifoQueue()  # and the state of its file

    async def read(self, work: Callable[[Library], T]) -> T:
        """Run work on the library, opened to read, in a thread, and return its result.

        Raises
        ------
        LibraryError
            The library cannot be opened, or rows of it are damaged. Errors of the work are raised unchanged, too.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def write(self, work: Callable[[Library], T]) -> T:
        """Run work on the library, opened as its only writer, and return its result; the work opens the transaction.

        Raises
        ------
        LockedError
            A command writes, and did not end in time.
        LibraryError
            The library cannot be opened. Errors of the work are raised unchanged, too.
        """
        until = monotonic() + self._wait
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._write, work, until)

    def close(self) -> None:
        """Let the work in hand end, and close all connections."""
        self._readers.shutdown(cancel_futures=True)
        self._writer.shutdown(cancel_futures=True)
        while not self._open.empty():
            self._open.get()[0].close()

    def _read(self, work: Callable[[Library], T]) -> T:
        library, state = self._connection()
        try:
            result = work(library)
        except _ANSWERS:
            self._open.put((library, state))
            raise
        except BaseException as error:
            library.__exit__(type(error), error, None)  # closes it, and explains what damaged rows caused
            raise
        self._open.put((library, state))
        return result

    def _connection(self) -> tuple[Library, tuple[int, ...]]:
        """A connection that nobody uses, if its file is still the library's, else a new one."""
        while True:
            try:
                library, state = self._open.get_nowait()
            except Empty:
                library = Library.open(self.folder, self._wait, between_threads=True)
                library.db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                return library, self._state(library)
            with contextlib.suppress(sqlite3.DatabaseError):  # of a file that was written over: opening it says so
                if self._state(library) == state:
                    return library, state
            library.close()

    def _state(self, library: Library) -> tuple[int, ...]:
        """The identity of the database file and the version of its schema: a backup may take its place."""
        try:
            status = os.stat(self.folder / DATABASE)
        except OSError:
            return ()  # `Library.open` says what is wrong
        return status.st_dev, status.st_ino, library.value("PRAGMA schema_version")

    def _write(self, work: Callable[[Library], T], until: float) -> T:
        if not (self.folder / DATABASE).is_file():  # opening it would make an empty one
            raise LibraryError(f"The library at {self.folder} is gone.")
        with Library.open_to_write(self.folder, wait=max(0.0, until - monotonic())) as library:
            return work(library)


def library_of(request: Request) -> LibraryAccess:
    """The library that a request asks."""
    access: LibraryAccess = request.app.state.library
    return access


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether an error says no more than that a command writes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
