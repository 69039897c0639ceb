"""Compare the schema of a library with what the migrations make; a foreign one may hold triggers that run on writes.

Tables, views and indexes that people add are welcome. Those of Earshot must be as the migrations make them.
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
    (?P<skipped> --[^\n]* | /\*.*?\*/ | [ \t\n\f\r]+ )
    | "(?P<double> (?:[^"]|"")* )" | \[(?P<square> [^\]]* )\] | `(?P<back> (?:[^`]|``)* )`
    | '(?:[^']|'')*' | [0-9A-Za-z_$\x80-\U0010ffff]+ | .
    """,
    re.VERBOSE | re.DOTALL,
)
_FOREIGN_PREFIXES = ("sqlite_", "_sqlite_migrations", "tracks_fts_")  # their SQL is by SQLite, sqlite-utils and FTS5

Tokens = tuple[str, ...]


def changed_objects(db: Database) -> list[str]:
    """Describe the tables, indexes, triggers and views that are missing or not as the migrations make them."""
    objects = _objects(db)
    return [
        f"the {kind} {name} is {'not as Earshot makes it' if (kind, name) in objects else 'missing'}"
        for (kind, name), tokens in _ours().items()
        if objects.get((kind, name)) != tokens
    ]


def foreign_triggers(db: Database) -> list[str]:
    """The names of foreign triggers on tables that Earshot writes to: SQLite would run them then."""
    objects = _objects(db)
    changing = _changing_tables(objects)
    return [
        name
        for (kind, name), tokens in objects.items()
        if kind == "trigger" and _ours().get((kind, name)) != tokens and _tables_of(tokens) & changing
    ]


def _changing_tables(objects: dict[tuple[str, str], Tokens]) -> set[str]:
    """The tables and views of Earshot, and foreign tables that change with them through a foreign key."""
    changing = {name.casefold() for kind, name in _ours() if kind in ("table", "view")}
    parents = {name.casefold(): _parents_of(tokens) for (kind, name), tokens in objects.items() if kind == "table"}
    while added := {name for name, names in parents.items() if names & changing} - changing:
        changing |= added
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
    """Names that may be the table of a trigger: the words after each ON. (The column `tbl_name` can be forged.)"""
    words = _words(trigger)
    return {near for place, word in enumerate(words) if word == "on" for near in words[place + 1 : place + 4]}


def _words(statement: Tokens) -> list[str]:
    """Tokens as SQLite compares names: in lower case, and a string in place of a name counts as the name."""
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
    """Every object that has SQL, as tokens; only the name of tables and indexes whose SQL is not by us."""
    columns = ", ".join(f"CAST({name} AS BLOB)" for name in ("type", "name", "sql"))  # damaged text is not UTF-8
    rows = db.execute(f"SELECT {columns} FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    texts = [[bytes(text or b"").decode("utf-8", "replace") for text in row] for row in rows]
    return {
        (kind, name): () if kind in ("table", "index") and name.startswith(_FOREIGN_PREFIXES) else _tokens(sql)
        for kind, name, sql in texts
    }


def _tokens(sql: str) -> Tokens:
    """Tokens of a statement, without comments and quotes of names: sqlite-utils 3 wrote [x] where 4 writes "x"."""
    tokens = []
    for match in _TOKEN.finditer(sql):
        if match["skipped"] is None:
            double, square, back = match["double"], match["square"], match["back"]
            named = double.replace('""', '"') if double else square or (back and back.replace("``", "`"))
            tokens.append(named or match[0])
    return tuple(tokens)


def harden(connection: sqlite3.Connection) -> None:
    """Let a foreign database do nothing but hold rows."""
    connection.execute("PRAGMA cell_size_check = ON")
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
