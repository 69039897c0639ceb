"""Foreign libraries cannot run code through their schema."""

import sqlite3
import subprocess

import pytest

from commands_typed import invoke, rows_of
from earshot.index.health.integrity import check_library
from earshot.index.library import Library, LibraryError
from earshot.index.schema_guard import changed_objects, foreign_triggers
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def folder(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{degrees}.mp3", at(degrees)) for degrees in (0, 10, 40)])
        finish(library)
    return tmp_path


def run(folder, script):
    connection = sqlite3.connect(folder / "library.db", isolation_level=None)
    connection.executescript(script)
    connection.close()


def rewrite(folder, name, was, to):
    """Change the text of a table, as no statement would."""
    run(
        folder,
        "PRAGMA writable_schema = ON;"
        f"UPDATE sqlite_master SET sql = replace(sql, '{was}', '{to}') WHERE name = '{name}';"
        "PRAGMA writable_schema = RESET;",
    )


@pytest.mark.parametrize(
    "trigger",
    [
        "CREATE TRIGGER trap AFTER INSERT ON runs BEGIN DELETE FROM tracks; END",
        "CREATE TRIGGER trap BEFORE UPDATE OF status ON main.tracks BEGIN SELECT raise(IGNORE); END",
        "CREATE TRIGGER trap AFTER DELETE ON [Vectors] BEGIN DELETE FROM listens; END",
        "CREATE TRIGGER trap INSTEAD OF INSERT ON current_vectors BEGIN DELETE FROM tracks; END",
        "CREATE TRIGGER trap AFTER INSERT ON 'tracks' BEGIN DELETE FROM runs; END",
        "CREATE TRIGGER trap AFTER INSERT ON tracks_fts_data BEGIN DELETE FROM runs; END",
    ],
)
def test_nothing_is_written_where_a_trigger_is_not_ours(folder, trigger):
    run(folder, trigger)
    before = (folder / "library.db").read_bytes()
    with pytest.raises(LibraryError, match="has a trigger that is not Earshot's: trap") as refused:
        Library.open_to_write(folder)
    assert """'DROP TRIGGER "trap"'.""" in str(refused.value)
    assert (folder / "library.db").read_bytes() == before
    with Library.open(folder) as library:
        problems = list(check_library(library))
    assert [problem.what for problem in problems] == [
        "the trigger trap is not Earshot's, and would run whenever Earshot writes"
    ]
    assert "DROP TRIGGER" in problems[0].fix


@pytest.mark.parametrize("name", ["tracks_fts_x", "tracks_fts_data", "_sqlite_migrations", "_sqlite_migrations_2"])
def test_a_trigger_under_a_name_of_sqlites_own_tables(folder, name):
    run(folder, f"CREATE TRIGGER {name} AFTER INSERT ON tracks BEGIN DELETE FROM runs; END")
    with pytest.raises(LibraryError, match=f"has a trigger that is not Earshot's: {name}"):
        Library.open_to_write(folder)


FOLLOWERS = [
    "CREATE TABLE x (t INTEGER REFERENCES tracks(id) ON DELETE CASCADE);",
    "CREATE TABLE x (t INTEGER REFERENCES Tracks ON UPDATE RESTRICT ON DELETE SET NULL);",
    "CREATE TABLE x (t INTEGER DEFAULT 1, FOREIGN KEY (t) REFERENCES 'tracks' (id) ON DELETE SET DEFAULT);",
    "CREATE TABLE x (t INTEGER REFERENCES tracks(id) ON UPDATE CASCADE);",
    "CREATE TABLE a (t INTEGER PRIMARY KEY REFERENCES tracks(id) ON DELETE CASCADE);"
    "CREATE TABLE x (t INTEGER REFERENCES a(t) ON DELETE CASCADE);",
    "CREATE TABLE x (t INTEGER); ALTER TABLE x ADD COLUMN u INTEGER REFERENCES tracks(id) ON DELETE CASCADE;",
]


@pytest.mark.parametrize("tables", FOLLOWERS)
@pytest.mark.parametrize("name", ["x", '"say ""x"""', "`back``tick`", "a$b", "\u266b\u00a0\u266b"])
def test_a_trigger_on_a_table_that_changes_with_ours(folder, tables, name):
    run(folder, tables.replace("TABLE x", f"TABLE {name}"))
    run(folder, f"CREATE TRIGGER trap AFTER DELETE ON {name} BEGIN DELETE FROM runs; END")
    with pytest.raises(LibraryError, match="has a trigger that is not Earshot's: trap"):
        Library.open_to_write(folder)


def test_a_trigger_on_a_table_that_only_points_to_ours(folder):
    run(
        folder,
        "CREATE TABLE shelves (id INTEGER PRIMARY KEY);"
        "CREATE TABLE x (t INTEGER REFERENCES tracks(id) ON DELETE RESTRICT,"
        " shelf INTEGER REFERENCES shelves(id) ON DELETE CASCADE);"
        "CREATE TRIGGER mine AFTER DELETE ON x BEGIN DELETE FROM shelves WHERE id = old.shelf; END;",
    )
    with Library.open_to_write(folder) as library:
        assert foreign_triggers(library.db) == []


@pytest.mark.parametrize("name", ["don't", 'a "b"', 'x"; DELETE FROM tracks; --', "$(touch x) `y`", "two\nlines"])
def test_the_statement_that_drops_a_trigger_of_any_name(folder, name, tmp_path_factory):
    folder = folder.rename(tmp_path_factory.mktemp("moved") / "Ann's music")
    quoted = '"' + name.replace('"', '""') + '"'
    run(folder, f"CREATE TRIGGER {quoted} AFTER INSERT ON runs BEGIN SELECT 1; END")
    with pytest.raises(LibraryError, match="not Earshot's") as refused:
        Library.open_to_write(folder)
    with Library.open(folder) as library:
        ((typed,),) = [[problem.fix] for problem in check_library(library)]
    assert typed in str(refused.value)
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {typed}"], capture_output=True, text=True).stdout
    program, database, statement, _ = words.split("\0")
    assert (program, database) == ("sqlite3", str(folder / "library.db"))
    run(folder, statement)
    Library.open_to_write(folder).close()


def test_a_trigger_of_ours_with_another_body(folder):
    run(
        folder,
        "DROP TRIGGER spaces_after_run;"
        "CREATE TRIGGER spaces_after_run AFTER UPDATE OF run_id ON spaces BEGIN DELETE FROM tracks; END",
    )
    with pytest.raises(LibraryError, match="a trigger that is not Earshot's: spaces_after_run"):
        Library.open_to_write(folder)
    with pytest.raises(LibraryError, match="the trigger spaces_after_run is not as Earshot makes it"):
        Library.open(folder)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("DROP VIEW failures", "the view failures is missing"),
        ("DROP INDEX tracks_by_content", "the index tracks_by_content is missing"),
        (
            "DROP VIEW current_vectors; CREATE VIEW current_vectors AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS track_id, NULL AS path, 'audio' AS space, 2 AS dim,"
            " zeroblob(8) AS vector FROM n",
            "the view current_vectors is not as Earshot makes it",
        ),
        ("DROP TABLE edges; CREATE VIEW edges AS SELECT 1", "the table edges is missing"),
        (
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'sqlite_sequence'",
            "the table sqlite_sequence is missing",
        ),
    ],
)
def test_a_changed_schema_is_neither_read_nor_written(folder, script, reason):
    run(folder, script)
    for opening in (Library.open, Library.open_to_write):
        with pytest.raises(LibraryError, match=f"library.db is not to be trusted: {reason}"):
            opening(folder)
    result = invoke(folder, "check", code=1)
    assert reason in result.stderr


def test_a_schema_that_is_no_text(folder):
    words = "UPDATE sqlite_master SET sql = CAST(CAST(sql AS BLOB) || x'ff' AS TEXT) WHERE name = "
    run(folder, f"PRAGMA writable_schema = ON; {words} 'failures'")
    for opening in (Library.open, Library.open_to_write):
        with pytest.raises(LibraryError, match=r"library\.db is not"):
            opening(folder)


def test_a_table_without_its_checks(folder):
    rewrite(folder, "tracks", "AUTOINCREMENT", "")
    with pytest.raises(LibraryError, match="the table tracks is not as Earshot makes it"):
        Library.open(folder)


def test_what_people_add_for_themselves_is_welcome(folder):
    run(
        folder,
        "CREATE TABLE stars (track_id INTEGER REFERENCES tracks(id), stars INTEGER);"
        "CREATE TABLE log (said TEXT);"
        "CREATE TRIGGER mine AFTER INSERT ON stars BEGIN INSERT INTO log SELECT title FROM tracks; END;"
        "CREATE VIEW best AS SELECT t.title FROM stars JOIN tracks AS t ON t.id = track_id;"
        "CREATE INDEX mine_by_year ON tracks(year);",
    )
    for opening in (Library.open, Library.open_to_write):
        with opening(folder) as library:
            assert changed_objects(library.db) == foreign_triggers(library.db) == []
            assert list(check_library(library)) == []


def test_names_in_brackets_are_the_same_names(folder):
    """Migrations as sqlite-utils 3 wrote them."""
    rewrite(folder, "failures", '"failures"', "[failures]")
    rewrite(folder, "tracks_ai", '"title"', "[title]")
    with Library.open(folder) as library:
        assert changed_objects(library.db) == foreign_triggers(library.db) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("DELETE FROM _sqlite_migrations", "table artists already exists"),
        ("DELETE FROM _sqlite_migrations WHERE name > 'm008_z'", "duplicate column name: mbid"),
        (
            "DROP TABLE _sqlite_migrations; CREATE TABLE _sqlite_migrations (migration_set, x);"
            "INSERT INTO _sqlite_migrations VALUES ('earshot', 1)",
            "it does not say which steps made it",
        ),
    ],
)
def test_a_library_that_lies_of_how_it_was_made(folder, script, reason):
    run(folder, script)
    before = rows_of(folder, "SELECT count(*) FROM tracks")
    with pytest.raises(LibraryError, match=f"is not to be trusted: .*{reason}"):
        Library.open_to_write(folder)
    assert rows_of(folder, "SELECT count(*) FROM tracks") == before
