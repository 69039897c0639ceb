"""Whether a database is one of ours, as we made it, and what its rows keep as JSON: else a sentence that says so."""

import json
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
)  # what a row that cannot be may end in


def refuse_foreign(db: Database, path: Path) -> None:
    try:
        application_id = db.execute("PRAGMA application_id").fetchone()[0]
        is_new = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        applied = {migration.name for migration in migrations.applied(db)}
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # of what Python cannot decode none
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
    foreign = foreign_triggers(db)
    if foreign:
        raise LibraryError(
            f"{path} has a trigger that is not Earshot's: {foreign[0]}. It would run whenever Earshot writes.\n\n"
            f"Look at it, then remove it: {typed_statement(path, f'DROP TRIGGER {sql_name(foreign[0])}')}."
        )


def refuse_changed(db: Database, path: Path) -> None:
    changed = changed_objects(db)
    if changed:
        raise LibraryError(untrusted(path, changed[0]))


def damage_told_by(error: BaseException | None, db: Database) -> str | None:
    """The damage that an error in the midst of a library comes of, or None: the error is what it is."""
    if isinstance(error, sqlite3.OperationalError):
        return str(error)[:80] if "decode to UTF-8" in str(error) else None
    return damage_of(db) if isinstance(error, _ERRORS_OF_ROWS) else None


def damage_of(db: Database) -> str | None:
    """Name what SQLite itself finds wrong with rows: types, checks, references that lead nowhere; or None."""
    try:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            return str(found)
        dangling = db.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return f"{dangling[0]} row {dangling[1]} points to a missing row of {dangling[2]}" if dangling else None


def read_json(text: str | None) -> dict[str, Any]:
    """The settings or figures that a row keeps as JSON; none for NULL.

    Raises
    ------
    LibraryError
        They are no JSON object.
    """
    told = _parsed(text or "{}")
    if not isinstance(told, dict):
        raise LibraryError(f"The library keeps {str(text)[:60]!r} where settings should be.\n\nRun `cli check`.")
    return told


def read_json_list(text: str | None) -> list[str]:
    """The words that a row keeps as JSON; none for NULL.

    Raises
    ------
    LibraryError
        They are no JSON list, or not all of them are words.
    """
    words = texts(_parsed(text or "[]"))
    if words is None:
        raise LibraryError(f"The library keeps {str(text)[:60]!r} where a list should be.\n\nRun `cli check`.")
    return words


def _parsed(text: str) -> Any:
    """The value of a JSON text; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def texts(value: object) -> list[str] | None:
    """A list of texts in such settings; None for anything else, which a stranger may have put there."""
    return value if isinstance(value, list) and all(isinstance(text, str) for text in value) else None


def typed_statement(path: Path, sql: str) -> str:
    """A statement on a database, as it is typed in a shell."""
    return f"sqlite3 {shell_word(str(path))} {shell_word(sql)}"


def sql_name(name: str) -> str:
    """A name of any letters as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def untrusted(path: Path, why: str) -> str:
    return (
        f"{path} is not to be trusted: {why}.\n\nTake a copy of it that is whole, or make another library:"
        " `cli --library NEW embed-audio FOLDER`."
    )


class LibraryError(Exception):
    """A library that cannot be used as asked; the message says what to type."""


class LockedError(LibraryError):
    """Somebody else is writing."""
