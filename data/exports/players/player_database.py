"""The form of a player's database: what it must have, and the queries that say who played what how often."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from earshot.data.events.interactions import DISLIKE, LIKE
from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.files.file_addresses import path_readings
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.path_names import file_title
from earshot.data.tables.sqlite_files import Tables, database_tables, open_database
from earshot.data.tables.text_blocks import Member

_ROWS_AT_ONCE = 20_000
_LIKED_STARS, _DISLIKED_STARS = 4, 1  # of five


@dataclass(frozen=True)
class PlayerSchema:
    """The database of one program."""

    program: str
    needed: Mapping[str, Sequence[str]]  # columns by table: by these tables it is known
    version: str  # the query of its version
    queries: Callable[[Tables], Sequence[str]]  # of facts (`entry_rows`): plays, then likes

    def is_in(self, head: Head) -> bool:
        return self.needed.keys() <= head.tables.keys()

    def checked_tables(self, connection: sqlite3.Connection, name: str) -> Tables:
        """The tables of a database; raises a ValueError that names its version if it lacks a column."""
        tables = database_tables(connection)
        lacking = [
            f"{table}.{column}"
            for table, columns in self.needed.items()
            for column in columns
            if column not in tables[table]
        ]
        if lacking:
            (version,) = connection.execute(self.version).fetchone() or ("unknown",)
            raise ValueError(
                f"{name} is of {self.program}, schema version {version}, which is not known here: it has no"
                f" {', '.join(lacking)}"
            )
        return tables


def database_reader(name: str, schema: PlayerSchema) -> Reader:
    """Make the reader of a database. It holds all plays, so that a later state of it takes the place of an earlier."""
    return Reader(
        name,
        schema.is_in,
        lambda members, options: OpenedSource(_read(schema, members[0], options.listener)),
        is_whole=True,
    )


def _read(schema: PlayerSchema, member: Member, listener: str | None) -> Iterator[Batch]:
    with open_database(member) as connection:
        queries = schema.queries(schema.checked_tables(connection, member.title))
        if listener:
            users = (connection.execute(f"SELECT DISTINCT user FROM ({query})") for query in queries)
            refuse_several({user for rows in users for (user,) in rows}, member.title)
        blocks = (block for query in queries for block in rows_of(connection, query))
        yield from entry_batches(blocks, called_by_file, listener, needed=("title",))


def refuse_several(users: Collection[object], file: str) -> None:
    """Raise a ValueError if several users played what shall be one listener's."""
    if len(users) > 1:
        names = ", ".join(sorted(map(str, users)))
        raise ValueError(f"{file} has plays of {names}; --listener is for the plays of one person")


def rows_of(connection: sqlite3.Connection, query: str) -> Iterator[list[Facts]]:
    """Yield the rows of a query by the names of its columns, some at a time."""
    cursor = connection.execute(query)
    names = [name for name, *_ in cursor.description]
    for rows in iter(partial(cursor.fetchmany, _ROWS_AT_ONCE), []):
        yield [dict(zip(names, row, strict=True)) for row in rows]


def called_by_file(track: Facts) -> Facts:
    """Give a track without a title that of its file's name."""
    places = path_readings(str(track["path"])) if track.get("path") and not track.get("title") else []
    return track | {"title": file_title(places[0])} if places else track


def kind_of_stars(rating: object) -> int | None:
    """The kind of event that stars of five mean; None for those between.

    >>> kind_of_stars("5"), kind_of_stars("4,0"), kind_of_stars(3), kind_of_stars("1"), kind_of_stars("none")
    (1, 1, None, 2, None)
    """
    try:
        stars = float(str(rating).replace(",", "."))
    except ValueError:
        return None
    return LIKE if stars >= _LIKED_STARS else DISLIKE if stars == _DISLIKED_STARS else None


def opinion(stars: str, loved: str = "FALSE") -> str:
    """The kind of event that stars of five, or a heart, mean, in SQL; NULL for stars between."""
    liked = f"{loved} OR {stars} >= {_LIKED_STARS}"
    return f"CASE WHEN {liked} THEN {LIKE} WHEN {stars} = {_DISLIKED_STARS} THEN {DISLIKE} END"


def seconds_of(column: str) -> str:
    """A time as text, or as seconds since 1970, in SQL as such seconds; NULL if it is neither."""
    return f"CASE typeof({column}) WHEN 'text' THEN CAST(strftime('%s', {column}) AS INTEGER) ELSE {column} END"
