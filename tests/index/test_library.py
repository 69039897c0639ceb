"""The library folder: made, refused, locked, upgraded, and whole after a kill."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlite_utils import Database

from earshot.index.library import Library, LibraryError, LockedError
from earshot.index.migrations import migrations

ROOT = Path(__file__).parents[2]


def start(script: str, *arguments: object) -> subprocess.Popen:
    """Another process that uses the library; it says "ready" and waits, or dies."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


HOLDER = """
import sys
from pathlib import Path
from earshot.index.library import Library
folder = Path(sys.argv[3])
with Library.open_to_write(folder):
    print("ready", flush=True)
    sys.stdin.read()
"""


def n_artists(library: Library) -> int:
    return library.db.execute("SELECT count(*) FROM artists").fetchone()[0]


def add_artist(library: Library, name: str) -> None:
    library.db.execute("INSERT INTO artists (name) VALUES (?)", [name])


@pytest.fixture
def library(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        yield library


def test_a_library_is_made_where_there_is_none(tmp_path):
    folder = tmp_path / "deep" / "library"
    with Library.open_to_write(folder) as library:
        assert repr(library) == f"<Library {folder} with 0 tracks>"
    with Library.open(folder) as library:
        assert migrations.pending(library.db) == []


def test_reading_a_library_that_is_not_there(tmp_path):
    with pytest.raises(LibraryError, match=r"There is no library at .*nowhere.\n\nRun `cli embed-audio FOLDER`"):
        Library.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "library.db").write_text("Dear diary, today I listened to nothing at all. " * 100)
    for opening in (Library.open, Library.open_to_write):
        with pytest.raises(LibraryError, match="is not a readable SQLite database: file is not a database"):
            opening(tmp_path)


def test_a_database_of_another_program_is_left_alone(tmp_path):
    foreign = Database(tmp_path / "library.db")
    foreign.table("recipes").insert({"dish": "soup"})
    foreign.close()
    before = (tmp_path / "library.db").read_bytes()
    for opening in (Library.open, Library.open_to_write):
        with pytest.raises(LibraryError, match=r"is a database of another program.\n\nGive another folder"):
            opening(tmp_path)
    assert (tmp_path / "library.db").read_bytes() == before


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "library").write_text("")
    with pytest.raises(LibraryError, match="cannot be a library folder: File exists"):
        Library.open_to_write(tmp_path / "library")


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("earshot.index.library.FileLock.acquire", refuse)
    with pytest.raises(LibraryError, match="cannot be a library folder: Permission denied"):
        Library.open_to_write(tmp_path)


def test_a_newer_library_is_refused(tmp_path):
    with Library.open_to_write(tmp_path) as library:
        library.db.table("_sqlite_migrations").insert(
            {"migration_set": "earshot", "name": "m999_telepathy", "applied_at": "2099-01-01"}
        )
    for opening in (Library.open, Library.open_to_write):
        with pytest.raises(LibraryError, match=r"newer version of Earshot \(step m999_telepathy\).\n\nUpgrade"):
            opening(tmp_path)


def old_library(folder: Path) -> None:
    """As the version before full-text search left it, with one track."""
    db = Database(folder / "library.db")
    migrations.apply(db, stop_before="m004_search_text")
    db.execute("INSERT INTO tracks (path, title, status) VALUES ('/a.mp3', 'Old song', 'embedded')")
    db.close()


@pytest.mark.parametrize(
    ("theirs", "cure"),
    [
        ("CREATE TABLE ratings (track_id, stars)", r"holds the table ratings, .* 'ALTER TABLE \"ratings\" RENAME TO"),
        ("CREATE VIEW ratings AS SELECT 1", r"holds the view ratings, .* 'DROP VIEW \"ratings\"'"),
        ("CREATE TABLE ratings_by_track (x)", r"holds the table ratings_by_track, .* 'ALTER TABLE"),
        ("CREATE INDEX ratings_by_track ON tracks(year)", r"holds the index ratings_by_track, .* 'DROP INDEX"),
    ],
)
def test_a_name_of_a_person_that_a_new_step_needs_is_named(tmp_path, theirs, cure):
    db = Database(tmp_path / "library.db")
    migrations.apply(db, stop_before="m021_feedback")
    db.execute(theirs)
    db.close()
    with pytest.raises(LibraryError, match=f"(?s){cure}"):
        Library.open_to_write(tmp_path)
    after = Database(tmp_path / "library.db")
    assert migrations.pending(after)[0].name == "m021_feedback"
    after.close()


def test_an_older_library_is_not_read_but_upgraded_with_a_backup(tmp_path):
    old_library(tmp_path)
    with pytest.raises(LibraryError, match=r"was made by an older version.\n\nRun `cli embed-audio` to upgrade it"):
        Library.open(tmp_path)
    with Library.open_to_write(tmp_path) as library:
        found = library.db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'old'").fetchall()
        assert found == [(1,)], "what was there before the upgrade is found too"
    backup = Database(tmp_path / "library.before-m004_search_text.db")
    assert [step.name for step in migrations.pending(backup)][:2] == ["m004_search_text", "m005_views"]
    assert backup.execute("SELECT path FROM tracks").fetchall() == [("/a.mp3",)]
    backup.close()
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_backup_that_was_cut_short_is_made_again(tmp_path):
    old_library(tmp_path)
    (tmp_path / "library.before-m004_search_text.db.unfinished").write_bytes(b"half of it")
    Library.open_to_write(tmp_path).close()
    backup = Database(tmp_path / "library.before-m004_search_text.db")
    assert backup.execute("SELECT count(*) FROM tracks").fetchone() == (1,)
    backup.close()


def test_a_new_library_needs_no_backup(library):
    assert not list(library.folder.glob("*before*"))


@pytest.mark.parametrize("step", range(len(migrations._migrations)))
def test_killed_while_it_is_made(tmp_path, step):
    """A kill in any step leaves no library, and nothing that stands in the way of the next attempt."""
    script = """
import os, sys
from pathlib import Path
from earshot.index.library import Library, migrations
migrations._migrations[int(sys.argv[2])].fn = lambda db: os.kill(os.getpid(), 9)
Library.open_to_write(Path(sys.argv[1]))
"""
    process = start(script, tmp_path, step)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(LibraryError, match="There is no library at"):
        Library.open(tmp_path)
    with Library.open_to_write(tmp_path) as library:
        assert n_artists(library) == 0


def test_the_error_of_a_second_writer_names_the_first(tmp_path):
    process = start(HOLDER, "embed-audio", "/music", tmp_path)
    assert process.stdout.readline() == "ready\n"
    with pytest.raises(LockedError) as refused:
        Library.open_to_write(tmp_path)
    assert str(refused.value).startswith(
        f"Another process is writing to {tmp_path}: `cli embed-audio /music {tmp_path}`, process {process.pid}, since"
    )
    Library.open(tmp_path).close()  # readers are welcome
    process.communicate("")
    Library.open_to_write(tmp_path).close()
    assert not (tmp_path / ".writer.json").exists()


def test_a_killed_writer_leaves_no_lock(tmp_path):
    process = start(HOLDER, "embed-audio", "/music", tmp_path)
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate()
    assert (tmp_path / ".writer.json").exists()
    Library.open_to_write(tmp_path).close()


@pytest.mark.parametrize("words", ["", "{}", '{"pid": 1}'])
def test_a_holder_that_has_not_said_who_it_is(library, words):
    (library.folder / ".writer.json").write_text(words)
    with pytest.raises(LockedError, match="one that does not say its name"):
        Library.open_to_write(library.folder)


def test_a_refused_library_is_not_left_locked(tmp_path):
    (tmp_path / "library.db").write_text("no database" * 100)
    with pytest.raises(LibraryError, match="not a readable"):
        Library.open_to_write(tmp_path)
    (tmp_path / "library.db").unlink()
    Library.open_to_write(tmp_path).close()


def test_a_reader_cannot_write(library):
    with (
        Library.open(library.folder) as reader,
        pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"),
    ):
        add_artist(reader, "Nobody")


def test_a_reader_sees_what_was_committed_and_nothing_else(library):
    with Library.open(library.folder) as reader:
        with library.transaction():
            add_artist(library, "Björk")
            assert n_artists(reader) == 0
        assert n_artists(reader) == 1


def test_killed_in_the_middle_of_a_transaction(tmp_path):
    """A hot journal: half of the transaction is in the file already, and the next reader undoes it."""
    with Library.open_to_write(tmp_path) as library, library.transaction():
        for number in range(2_000):
            add_artist(library, f"before {number}")
    script = """
import os, sys
from pathlib import Path
from earshot.index.library import Library
library = Library.open_to_write(Path(sys.argv[1]))
library.db.execute("PRAGMA cache_size = 5")  # pages: so that SQLite writes before the commit
with library.transaction():
    library.db.execute("UPDATE artists SET name = 'after' || id")
    os.kill(os.getpid(), 9)
"""
    untouched = (tmp_path / "library.db").read_bytes()
    start(script, tmp_path).communicate()
    assert (tmp_path / "library.db-journal").stat().st_size > 0
    assert (tmp_path / "library.db").read_bytes() != untouched
    with Library.open(tmp_path) as library:
        assert library.db.execute("SELECT count(*) FROM artists WHERE name LIKE 'before%'").fetchone() == (2_000,)
        assert library.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (tmp_path / "library.db-journal").exists()


def test_a_transaction_is_all_or_nothing(library):
    with pytest.raises(KeyError, match="half-way"), library.transaction():
        add_artist(library, "Björk")
        raise KeyError("half-way")
    assert n_artists(library) == 0
    with library.transaction():
        add_artist(library, "Björk")
    assert n_artists(library) == 1


def test_a_commit_that_fails_leaves_no_transaction_open(library):
    library.db.execute("PRAGMA busy_timeout = 20")
    reader = sqlite3.connect(library.folder / "library.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM artists").fetchone()  # holds its lock until the end of its transaction
    with pytest.raises(sqlite3.OperationalError, match="database is locked"), library.transaction():
        add_artist(library, "Björk")
    reader.close()
    assert n_artists(library) == 0
    with library.transaction():
        add_artist(library, "Björk")
    assert n_artists(library) == 1


def test_steady_commits_keep_all_but_the_tail(library):
    with pytest.raises(KeyboardInterrupt), library.steady_commits(seconds=0) as commit_if_due:
        for name in "abc":
            add_artist(library, name)
            commit_if_due()
        add_artist(library, "d")
        raise KeyboardInterrupt
    assert library.db.execute("SELECT name FROM artists ORDER BY name").fetchall() == [("a",), ("b",), ("c",)]


def test_steady_commits_are_not_made_before_they_are_due(library):
    with Library.open(library.folder) as reader:
        with library.steady_commits(seconds=3_600) as commit_if_due:
            add_artist(library, "a")
            commit_if_due()
            assert n_artists(reader) == 0
        assert n_artists(reader) == 1
