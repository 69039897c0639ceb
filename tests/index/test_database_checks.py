"""Databases and rows that Earshot did not write: refused with a sentence, or read with care."""

import sqlite3

import pytest
from sqlite_utils import Database

from earshot.index.database_checks import (
    damage_behind,
    find_damage,
    read_json,
    read_json_list,
    refuse_changed,
    refuse_foreign,
    refuse_triggers,
    shell_statement,
    sql_name,
    text_list,
)
from earshot.index.library import Library, LibraryError
from library_world import by_hand


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


@pytest.mark.parametrize("text", [None, "", "{}"])
def test_no_settings_are_an_empty_object(text):
    assert read_json(text) == {}


@pytest.mark.parametrize("text", ["[]", "1", "{", "null", "[" * 100_000])
def test_settings_that_are_no_object_are_refused(text):
    with pytest.raises(LibraryError, match=r"where settings should be\.\n\nRun `cli check`"):
        read_json(text)


def test_lists_of_words():
    assert read_json_list(None) == [] and read_json_list('["a", "b"]') == ["a", "b"]
    for text in ("{}", "[1]", '["a", null]', "["):
        with pytest.raises(LibraryError, match="where a list should be"):
            read_json_list(text)
    assert text_list(["a"]) == ["a"] and text_list(["a", 1]) is text_list("a") is None


def test_a_database_of_another_program_is_refused(library, tmp_path):
    path = tmp_path / "other.db"
    database = Database(path)
    refuse_foreign(database, path)  # an empty one may become a library
    database.execute("CREATE TABLE x (y)")
    with pytest.raises(LibraryError, match="is a database of another program"):
        refuse_foreign(database, path)
    refuse_foreign(library.db, path)


def test_a_database_of_a_newer_version_is_refused(library, tmp_path):
    library.db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " SELECT migration_set, 'm999_new', applied_at FROM _sqlite_migrations LIMIT 1"
    )
    with pytest.raises(LibraryError, match=r"a newer version of Earshot \(step m999_new\)"):
        refuse_foreign(library.db, tmp_path)


def test_a_changed_schema_and_a_foreign_trigger_are_refused(library, tmp_path):
    refuse_changed(library.db, tmp_path)
    refuse_triggers(library.db, tmp_path)
    library.db.execute('CREATE TRIGGER "a ""trap""" AFTER INSERT ON tracks BEGIN SELECT 1; END')
    with pytest.raises(LibraryError, match="has a trigger that is not Earshot's") as refused:
        refuse_triggers(library.db, tmp_path / "library.db")
    drop = shell_statement(tmp_path / "library.db", "DROP TRIGGER " + sql_name('a "trap"'))
    assert drop in str(refused.value)
    library.db.execute("DROP VIEW current_vectors")
    with pytest.raises(LibraryError, match="is not to be trusted: the view current_vectors is missing"):
        refuse_changed(library.db, tmp_path)


def test_damaged_rows_are_named_behind_an_error(library):
    assert find_damage(library.db) is None and damage_behind(ValueError("x"), library.db) is None
    by_hand(library, "INSERT INTO excerpts VALUES (999, 1, 0, 0.0, 1, zeroblob(4))")
    assert find_damage(library.db) == "excerpts row 1 points to a missing row of runs"
    assert damage_behind(ValueError("x"), library.db) == "excerpts row 1 points to a missing row of runs"
    assert damage_behind(OSError("x"), library.db) is damage_behind(None, library.db) is None
    error = sqlite3.OperationalError("Could not decode to UTF-8 column 'path'")
    assert damage_behind(error, library.db) == str(error)
    assert damage_behind(sqlite3.OperationalError("database is locked"), library.db) is None
