"""Check that all text of a library is UTF-8: SQLite stores any bytes as text, and Python cannot read others."""

import sqlite3
from collections import deque
from collections.abc import Iterator

from earshot.index.database_checks import shell_statement
from earshot.index.health.problem import Problem
from earshot.index.library import DATABASE, Library

_MAX_ROWS = 1_000  # in one command: a shell takes words of limited length


def check_text(library: Library) -> Iterator[Problem]:
    """Read all text; the fix replaces unreadable text by its bytes in hexadecimal."""
    for table, columns in _text_columns(library).items():
        if _is_readable(library, table, columns):
            continue
        for column in columns:
            rows = _unreadable_rows(library, table, column)
            if rows:
                named = ", ".join(map(str, rows[:_MAX_ROWS]))
                sql = f'UPDATE "{table}" SET "{column}" = hex("{column}") WHERE rowid IN ({named})'
                fix = shell_statement(library.folder / DATABASE, sql)
                yield Problem(f"{table}: of {len(rows):,} rows the {column} is not UTF-8", fix)


def _text_columns(library: Library) -> dict[str, list[str]]:
    """The text columns of each table; tables without row ids only repeat others."""
    rows = library.db.execute(
        "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c"
        " WHERE t.schema = 'main' AND t.type = 'table' AND t.strict AND NOT t.wr AND c.type = 'TEXT'"
    )
    columns: dict[str, list[str]] = {}
    for table, column in rows:
        columns.setdefault(table, []).append(column)
    return columns


def _is_readable(library: Library, table: str, columns: list[str]) -> bool:
    names = ", ".join(f'"{column}"' for column in columns)
    try:
        deque(library.db.execute(f'SELECT {names} FROM "{table}"'), maxlen=0)
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
        return False
    return True


def _unreadable_rows(library: Library, table: str, column: str) -> list[int]:
    rows = library.db.execute(
        f'SELECT rowid, CAST("{column}" AS BLOB) FROM "{table}" WHERE typeof("{column}") = \'text\''
    )
    return [row for row, text in rows if not _is_utf8(text)]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
