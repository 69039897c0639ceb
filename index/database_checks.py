"""Checks before a database is trusted: its program, its schema, its rows, and the JSON in them.

Every check raises `LibraryError` for a database that must not be used.
"""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from earshot.data.files.path_encoding import shell_word
from earshot.index.migrations import APPLICATION_ID, migrations
from earshot.index.schema_guard import changed_objects, foreign_triggers

_ERRORS_OF_ROWS = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RuntimeError),
    *(sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError),
)  # raised where a row holds what no program of ours writes


def refuse_foreign(db: Database, path: Path) -> None:
    """Refuse a database of another program, of a newer version, or that cannot be read."""
    try:
        (application_id,) = db.execute("PRAGMA application_id").fetchone()
        is_new = db.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        applied = {migration.name for migration in migrations.applied(db)}
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # none of text that Python cannot decode
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise LibraryError(f"{path} is not a readable SQLite database: {error}.") from None
        if code != sqlite3.SQLITE_ERROR:
            raise  # a lock, or a disk that fails, says nothing about the database
        raise LibraryError(untrusted(path, "it does not say which steps made it")) from None
    except (LookupError, TypeError, UnicodeDecodeError):  # the last of SQLite's own words
        raise LibraryError(untrusted(path, "it does not say which steps made it")) from None
    if application_id != APPLICATION_ID and not is_new:
        raise LibraryError(f"{path} is a database of another program.\n\nGive another folder with --library.")
    unknown = sorted(applied - {migration.name for migration in migrations._migrations})
    if unknown:
        raise LibraryError(f"{path} was made by a newer version of Earshot (step {unknown[0]}).\n\nUpgrade Earshot.")


def refuse_triggers(db: Database, path: Path) -> None:
    """Refuse a database with a trigger that would run when we write."""
    foreign = foreign_triggers(db)
    if foreign:
        raise LibraryError(
            f"{path} has a trigger that is not Earshot's: {foreign[0]}. It would run whenever Earshot writes.\n\n"
            f"Look at it, then remove it: {shell_statement(path, f'DROP TRIGGER {sql_name(foreign[0])}')}."
        )


def refuse_changed(db: Database, path: Path) -> None:
    """Refuse a database whose tables, indexes, triggers or views differ from what the migrations make."""
    changed = changed_objects(db)
    if changed:
        raise LibraryError(untrusted(path, changed[0]))


def refuse_taken_name(message: str, path: Path) -> None:
    """Refuse to upgrade a database in which a person has given a name that Earshot needs now, by SQLite's message."""
    taken = re.fullmatch(r"(table|view|index) (\w+) already exists|there is already (a table) named (\w+)", message)
    if taken is None:
        return
    kind, name = taken[1] or "table", taken[2] or taken[4]
    cure = f"DROP {kind.upper()} {sql_name(name)}"
    if kind == "table":
        cure = f"ALTER TABLE {sql_name(name)} RENAME TO {sql_name(f'my_{name}')}"
    raise LibraryError(
        f"{path} holds the {kind} {name}, which is not Earshot's, and this version makes one of that name. Nothing was"
        f" changed.\n\nMake room for it: {shell_statement(path, cure)}."
    )


def damage_behind(error: BaseException | None, db: Database) -> str | None:
    """Describe the damaged rows that caused an error; None where the rows are sound."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error)[:80] if "decode to UTF-8" in str(error) else None
    return find_damage(db) if isinstance(error, _ERRORS_OF_ROWS) else None


def find_damage(db: Database) -> str | None:
    """Describe the first wrong type, failed check or dangling reference that SQLite finds; None without any."""
    try:
        (message,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if message != "ok":
            return str(message)
        dangling = db.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return f"{dangling[0]} row {dangling[1]} points to a missing row of {dangling[2]}" if dangling else None


def read_json(text: str | None) -> dict[str, Any]:
    """Read the JSON object that a row keeps, of settings or metrics; NULL is an empty one."""
    settings = parsed_json(text or "{}")
    if not isinstance(settings, dict):
        raise LibraryError(f"The library keeps {str(text)[:60]!r} where settings should be.\n\nRun `cli check`.")
    return settings


def read_json_list(text: str | None) -> list[str]:
    """Read the JSON list of strings that a row keeps; NULL is an empty list."""
    words = text_list(parsed_json(text or "[]"))
    if words is None:
        raise LibraryError(f"The library keeps {str(text)[:60]!r} where a list should be.\n\nRun `cli check`.")
    return words


def parsed_json(text: str) -> Any:
    """The value of a JSON text; None for text that is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def text_list(value: object) -> list[str] | None:
    """A list of strings as it is; None for any other value, which a foreign library may hold."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None


def shell_statement(path: Path, sql: str) -> str:
    """The shell command that executes a statement on a database."""
    return f"sqlite3 {shell_word(str(path))} {shell_word(sql)}"


def recovery(database: Path) -> str:
    """The shell command that recovers the readable part of a damaged database."""
    return f"sqlite3 {shell_word(str(database))} .recover | sqlite3 {shell_word(str(database.with_name('mended.db')))}"


def sql_name(name: str) -> str:
    """Quote a name of any letters for SQL."""
    return '"' + name.replace('"', '""') + '"'


def untrusted(path: Path, why: str) -> str:
    """The error message of a database that must not be used."""
    return (
        f"{path} is not to be trusted: {why}.\n\nTake a copy of it that is whole, or make another library:"
        " `cli --library NEW embed-audio FOLDER`."
    )


class LibraryError(Exception):
    """A library cannot be used as requested; the message says what to type."""


class LockedError(LibraryError):
    """Another process is writing to the library."""
