"""Listens in the library: users and items become ids, and the events lie in listens/ as Parquet."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.events import write_events
from data.listen_tables import ListenTable
from index.library import Library, LibraryError, now
from index.nodes import NodeMatch, match_nodes

FOLDER = "listens"


@dataclass(frozen=True)
class StoredListens:
    """What the library says of one imported table."""

    file: str  # name below listens/
    origin: str
    level: str  # of the items: track or artist
    n_events: int
    n_users: int
    n_items: int
    n_malformed: int
    imported: str  # ISO 8601, UTC


@dataclass(frozen=True)
class ListenImport:
    listens: StoredListens
    items: NodeMatch
    n_new_users: int


def digest_of(path: Path) -> str:
    """A hash of every byte of a file, which says whether it was imported before.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def known_listens(library: Library, digest: str) -> StoredListens | None:
    """What an earlier import of the same content left."""
    found = [listens for hash, listens in _rows(library) if hash == digest]
    return found[0] if found else None


def stored_listens(library: Library) -> list[StoredListens]:
    """All imported tables, the oldest first."""
    return [listens for _, listens in _rows(library)]


def listen_files(library: Library, level: str) -> list[Path]:
    """The Parquet files of all listens to tracks, or to artists.

    Raises
    ------
    LibraryError
        One of them is gone.
    """
    files = {library.folder / FOLDER / listens.file: listens for listens in stored_listens(library)}
    for path, listens in files.items():
        if listens.level == level and not path.is_file():
            raise LibraryError(f"{path} is gone.\n\nRun `cli import-listens --again {listens.origin}`.")
    return [path for path, listens in files.items() if listens.level == level]


def import_listens(
    library: Library,
    table: ListenTable,
    digest: str,
    *,
    origin: str,
    folders: Iterable[str] = (),
    names_are: str = "auto",
) -> ListenImport:
    """Keep a table of listens, in the place of what the same content left before. All or nothing.

    The file is written under a temporary name and moved to its own before the transaction ends; without its row in
    `listens` nobody reads it.

    Raises
    ------
    ValueError
        `names_are` is "ids" and an item is none, or the table is empty.
    """
    if not len(table.user_rows):
        raise ValueError(f"{Path(origin).name} holds no listens; {table.n_malformed:,} rows are malformed")
    folder = library.folder / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{digest}.parquet"
    unfinished = path.with_suffix(".unfinished")
    try:
        with library.transaction():
            user_ids, n_new_users = _match_users(library, table.user_names)
            items = match_nodes(library, table.item_names, table.level, folders=folders, names_are=names_are)
            listens = StoredListens(
                path.name, origin, table.level, len(table.user_rows), len(table.user_names), items.n_nodes,
                table.n_malformed, now(),
            )  # fmt: skip
            _remember(library, listens, digest)
            write_events(unfinished, user_ids[table.user_rows], items.ids[table.item_rows], table.times, table.plays)
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return ListenImport(listens, items, n_new_users)


def _match_users(library: Library, names: Iterable[str]) -> tuple[np.ndarray, int]:
    """The ids of users, shape (n_names,) int64, and how many of them are new."""
    known = {name: user for user, name in library.db.execute("SELECT id, name FROM users")}
    first = max(known.values(), default=0) + 1
    new = {name: first + position for position, name in enumerate(name for name in names if name not in known)}
    library.db.conn.executemany("INSERT INTO users (name, id) VALUES (?, ?)", new.items())
    known.update(new)
    return np.array([known[name] for name in names], dtype=np.int64), len(new)


def _remember(library: Library, listens: StoredListens, digest: str) -> None:
    library.db.execute("DELETE FROM listens WHERE content_hash = ?", [digest])
    library.db.execute(
        "INSERT INTO listens (content_hash, file, origin, level, n_events, n_users, n_items, n_malformed, imported)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            digest, listens.file, listens.origin, listens.level, listens.n_events, listens.n_users, listens.n_items,
            listens.n_malformed, listens.imported,
        ],
    )  # fmt: skip


def _rows(library: Library) -> list[tuple[str, StoredListens]]:
    rows = library.db.execute(
        "SELECT content_hash, file, origin, level, n_events, n_users, n_items, n_malformed, imported"
        " FROM listens ORDER BY id"
    )
    return [(digest, StoredListens(*others)) for digest, *others in rows]
