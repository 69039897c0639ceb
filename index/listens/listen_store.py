"""Import listens: users and items become ids, and the events are stored in listens/ as Parquet."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from earshot.data.events.event_log import LogError, check_log, log_errors, write_events
from earshot.data.events.play_totals import are_of_the_same, has_grown_into, read_totals
from earshot.data.files.atomic import atomic_path, make_folder, remove
from earshot.data.files.regular_files import IrregularFileError, open_regular
from earshot.data.listens.event_collector import EventCollector, Items
from earshot.index.library import Library, LibraryError, now
from earshot.index.listens.item_resolution import match_items
from earshot.index.manifest import LISTENS, listens_fix, record, remove_unnamed
from earshot.index.tracks.name_resolution import NodeMatch

T = TypeVar("T")
_COLUMNS = "id, file, content_hash, origin, level, n_events, n_users, n_items, n_malformed, imported, options"
_ALL_COLUMNS = f"{_COLUMNS}, listener_id, year"
_TRIES = 5  # while feedback comes in
_FORGET_DAMAGED = "`cli forget-listens` names the imports: forget the damaged one, then import its file again."


@dataclass(frozen=True)
class StoredListens:
    """A row of the table `listens`."""

    id: int
    file: str  # name below listens/
    content_hash: str  # of what was imported: a second import adds nothing
    origin: str
    level: str  # of the items: track or artist
    n_events: int
    n_users: int
    n_items: int
    n_malformed: int
    imported: str  # ISO 8601, UTC
    options: str | None  # JSON: command-line options of the import
    listener_id: int | None = None  # of feedback that is told here event by event (`feedback_log`); None: an import
    year: int | None = None  # of this feedback


@dataclass(frozen=True)
class EarlierTotals:
    """An earlier import of play counts, beside a later one of most of the same users and items."""

    listens: StoredListens
    is_grown: bool  # into the later one, which holds nearly all of its pairs, with as many plays or more
    is_ahead: bool  # the same the other way round


@dataclass(frozen=True)
class ListenImport:
    """An import that was just made."""

    listens: StoredListens
    items: NodeMatch
    n_new_users: int
    earlier_totals: Sequence[EarlierTotals] = ()  # of these, the ones that are grown were removed


def content_digest(*paths: Path, number: int = 0) -> str:
    """Hash the content of files, in any order, and the `number` of their part, to tell whether it was imported."""
    digests = [_file_digest(path, path.stat().st_mtime_ns, path.stat().st_size) for path in paths]
    words = sorted(digests) + ([str(number)] if number else [])
    return words[0] if len(words) == 1 else hashlib.blake2b("".join(words).encode()).hexdigest()[:32]


def listens_folder(library: Library) -> Path:
    """The folder of events, created if missing; also the place to sort them."""
    folder = library.folder / LISTENS
    make_folder(folder)
    return folder


@lru_cache(maxsize=1)  # for archives: each file in one is a source
def _file_digest(path: Path, _mtime_ns: int, _size: int) -> str:
    with open_regular(path) as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))  # type: ignore[arg-type]
    return digest.hexdigest()


def stored_listens(library: Library, level: str | None = None) -> list[StoredListens]:
    """All imports, or those of one level, the oldest first."""
    query = f"SELECT {_ALL_COLUMNS} FROM listens WHERE level = coalesce(?, level) ORDER BY id"
    return [StoredListens(*row) for row in library.db.execute(query, [level])]


def known_listens(library: Library, digest: str) -> StoredListens | None:
    """The record of an earlier import of the same content, if any."""
    return _first(library, "content_hash = ? ORDER BY id", digest)


def listens_of(library: Library, origin: str) -> StoredListens | None:
    """The record of the latest import from a file, if any."""
    return _first(library, "origin = ? ORDER BY id DESC", origin)


def _first(library: Library, condition: str, value: str) -> StoredListens | None:
    row = library.db.execute(f"SELECT {_ALL_COLUMNS} FROM listens WHERE {condition} LIMIT 1", [value]).fetchone()
    return None if row is None else StoredListens(*row)


def _earlier_totals(library: Library, listens: StoredListens) -> Iterator[EarlierTotals]:
    """Yield the earlier imports that hold play counts of what an import has counts of."""
    others = [one for one in stored_listens(library, listens.level) if one.id != listens.id and not one.listener_id]
    own = read_totals(library.file(listens.file, LISTENS), listens.level) if others else None
    for one in others if own else ():
        path = library.file(one.file, LISTENS)
        totals = None
        with suppress(LogError), log_errors(path):  # a damaged one costs no other import
            totals = read_totals(path, one.level) if path.is_file() else None
        if own and totals and are_of_the_same(own, totals):
            least = {"n_least": 1} if one.origin == listens.origin else {}  # a file that was written again
            yield EarlierTotals(one, has_grown_into(totals, own, **least), has_grown_into(own, totals))


def import_digests(library: Library, level: str | None = None) -> list[str]:
    """The digests of `stored_listens`; importing a file again keeps its digest."""
    return [listens.content_hash for listens in stored_listens(library, level)]


def listen_files(library: Library, level: str, user_id: int | None = None) -> list[Path]:
    """The Parquet files of all listens to tracks, or to artists; of a user, without what others told one by one.

    Raises
    ------
    LibraryError
        A file is missing, damaged, or not written by an import; the message says what to type.
    """
    paths = []
    for one in stored_listens(library, level):
        if user_id is not None and one.listener_id not in (None, user_id):
            continue
        paths.append(library.file(one.file, LISTENS))
        command = listens_fix(library, one.id, one.file, one.origin, one.options)
        fix = f"Restore it from a backup, or run `{command}`."
        if not paths[-1].is_file():
            raise LibraryError(f"{paths[-1]} is missing.\n\n{fix}")
        with explain_log_errors(fix):
            check_log(paths[-1], level, one.n_events)
    return paths


def read_whole(library: Library, read: Callable[[], T]) -> T:
    """Read listens by a function, anew if feedback that came meanwhile has replaced a file that it was to read.

    Raises as the function does, if nothing was replaced.
    """
    for _ in range(_TRIES):
        before = stored_listens(library)
        try:
            return read()
        except (LibraryError, OSError):
            if stored_listens(library) == before:
                raise
    return read()


@contextmanager
def explain_log_errors(fix: str = _FORGET_DAMAGED) -> Iterator[None]:
    """Turn errors of event files into a LibraryError that says what to type."""
    try:
        with log_errors():
            yield
    except (LogError, IrregularFileError) as error:
        raise LibraryError(f"{error}.\n\n{fix}") from None


def import_listens(
    library: Library,
    collector: EventCollector,
    digest: str,
    *,
    origin: str,
    items: Items | None = None,
    folders: Iterable[str] = (),
    names_are: str = "auto",
    options: Sequence[str] = (),
    earlier: StoredListens | None = None,
) -> ListenImport:
    """Store collected listens in place of an earlier import, of the same content by default, all or nothing.

    Play counts take the place of those that have grown into them, too.

    The new file never has the name of the one it replaces, so that a kill leaves the earlier import as it was. Items
    are in the order of the collector, with facts from other files; options are those of the command, to import again.

    Raises
    ------
    ValueError
        `names_are` is "ids" and an item is no id, or there are no listens.
    """
    if not len(collector):
        rows = "row is" if collector.n_malformed == 1 else "rows are"
        such = f", such as {collector.malformed[0]}" if collector.malformed else ""
        left_out = "".join(f", {number:,} {what} left out" for what, number in collector.left_out.items())
        raise ValueError(
            f"{Path(origin).name} holds no listens; {collector.n_malformed:,} {rows} malformed{such}{left_out}"
        )
    known = known_listens(library, digest) or earlier
    replaced = known.file if known else None
    name = f"{digest}.parquet"
    path = listens_folder(library) / (name if name != replaced else f"{digest}.2.parquet")
    users = collector.users
    with library.transaction():
        user_ids, n_new_users = match_users(library, users)
        matched = match_items(library, items or collector.items, collector.level, folders=folders, names_are=names_are)
        with atomic_path(path) as temporary:
            n_events = write_events(temporary, collector.events(user_ids, matched.ids), collector.level)
        library.db.execute("DELETE FROM listens WHERE id = ?", [known.id if known else None])
        row = library.db.execute(
            f"INSERT INTO listens ({_COLUMNS}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_ALL_COLUMNS}",
            [
                path.name, digest, origin, collector.level, n_events, len(users), matched.n_nodes,
                collector.n_malformed, now(), json.dumps(list(options)),
            ],
        ).fetchone()  # fmt: skip
        record(library, path)
        stored = StoredListens(*row)
        totals = list(_earlier_totals(library, stored))
        grown = [one.listens for one in totals if one.is_grown]
        library.db.conn.executemany("DELETE FROM listens WHERE id = ?", [[one.id] for one in grown])
    if gone := [one.file for one in grown] + ([replaced] if replaced else []):
        for file in gone:
            remove(library.file(file, LISTENS))
        remove_unnamed(library)
    return ListenImport(stored, matched, n_new_users, totals)


def match_users(library: Library, names: Iterable[str]) -> tuple[np.ndarray, int]:
    """Find or create users; return their ids, shape (n_names,) int64, and the number of new ones.

    The caller holds the transaction.
    """
    known = {name: user for user, name in library.db.execute("SELECT id, name FROM users")}
    first = max(known.values(), default=0) + 1
    new = {name: first + position for position, name in enumerate(name for name in names if name not in known)}
    library.insert("users", "name, id", new.items())
    known.update(new)
    return np.array([known[name] for name in names], dtype=np.int64), len(new)
