"""Is the schema of a library what the migrations make? A stranger's may hold triggers that run when we write.

Tables, views and indexes that people add for themselves are welcome. What is ours must be as we made it.
"""

import re
import sqlite3
import sys
from functools import cache
from itertools import pairwise

from sqlite_utils import Database

from earshot.index.migrations import migrations

_TOKEN = re.compile(
    r"""
    (?P<nothing> --[^\n]* | /\*.*?\*/ | [ \t\n\f\r]+ )
    | "(?P<double> (?:[^"]|"")* )" | \[(?P<square> [^\]]* )\] | `(?P<back> (?:[^`]|``)* )`
    | '(?:[^']|'')*' | [0-9A-Za-z_$\x80-\U0010ffff]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
_LEFT_ALONE = (
    "sqlite_",
    "_sqlite_migrations",
    "tracks_fts_",
)  # made by SQLite, sqlite-utils and FTS5 in their own words

Tokens = tuple[str, ...]


def changed_objects(db: Database) -> list[str]:
    """Tables, indexes, triggers and views of ours that are missing or not as the migrations make them."""
    there = _objects(db)
    told = []
    for (kind, name), tokens in _ours().items():
        if there.get((kind, name)) != tokens:
            told.append(f"the {kind} {name} is {'not as Earshot makes it' if (kind, name) in there else 'missing'}")
    return told


def foreign_triggers(db: Database) -> list[str]:
    """The names of triggers that are not ours, on tables that change when we write: SQLite would run them then."""
    there = _objects(db)
    changing = _changing_tables(there)
    return [
        name
        for (kind, name), tokens in there.items()
        if kind == "trigger" and _ours().get((kind, name)) != tokens and _tables_of(tokens) & changing
    ]


def _changing_tables(there: dict[tuple[str, str], Tokens]) -> set[str]:
    """Our tables and views, and the tables of others that a foreign key lets change with them."""
    changing = {name.casefold() for kind, name in _ours() if kind in ("table", "view")}
    parents = {name.casefold(): _parents_of(tokens) for (kind, name), tokens in there.items() if kind == "table"}
    while found := {name for name, of in parents.items() if of & changing} - changing:
        changing |= found
    return changing


def _parents_of(table: Tokens) -> set[str]:
    """The tables whose deletions or updates change this one: CASCADE, SET NULL, SET DEFAULT."""
    words = _words(table)
    keys = [place for place, word in enumerate(words) if word == "references"]
    return {
        words[start + 1]
        for start, stop in pairwise([*keys, len(words)])
        if any(on in ("delete", "update") and do in ("cascade", "set") for on, do in pairwise(words[start:stop]))
    }


def _tables_of(trigger: Tokens) -> set[str]:
    """Names that may be the table of a trigger: the words after each ON. (The column `tbl_name` may lie.)"""
    words = _words(trigger)
    return {near for place, word in enumerate(words) if word == "on" for near in words[place + 1 : place + 4]}


def _words(statement: Tokens) -> list[str]:
    """Tokens as SQLite compares names: in lower case, and a string in the place of a name is one."""
    bare = (token[1:-1].replace("''", "'") if token[:1] == "'" else token for token in statement)
    return [token.casefold() for token in bare]


@cache
def _ours() -> dict[tuple[str, str], Tokens]:
    db = Database(memory=True)
    try:
        migrations.apply(db)
        return _objects(db)
    finally:
        db.close()


def _objects(db: Database) -> dict[tuple[str, str], Tokens]:
    """All that has a text, as words; of tables and indexes that others word in their own way only the name."""
    columns = ", ".join(f"CAST({name} AS BLOB)" for name in ("type", "name", "sql"))  # damaged ones are no UTF-8
    rows = db.execute(f"SELECT {columns} FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    texts = [[bytes(text or b"").decode("utf-8", "replace") for text in row] for row in rows]
    return {
        (kind, name): () if kind in ("table", "index") and name.startswith(_LEFT_ALONE) else _tokens(sql)
        for kind, name, sql in texts
    }


def _tokens(sql: str) -> Tokens:
    """The words of a statement, without comments, and with names bare: sqlite-utils 3 wrote [x] where 4 writes "x"."""
    found = []
    for match in _TOKEN.finditer(sql):
        if match["nothing"] is None:
            double, square, back = match["double"], match["square"], match["back"]
            named = double.replace('""', '"') if double else square or (back and back.replace("``", "`"))
            found.append(named or match[0])
    return tuple(found)


def harden(connection: sqlite3.Connection) -> None:
    """Let a database that a stranger made do nothing but hold rows."""
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
