"""The library folder: made, refused, locked, upgraded, and whole after a kill."""

import json
import os
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
        assert library.roots() == []
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


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    process = start(HOLDER, "embed-audio", "/music", tmp_path)
    assert process.stdout.readline() == "ready\n"
    with pytest.raises(LockedError) as told:
        Library.open_to_write(tmp_path)
    assert str(told.value).startswith(
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


def test_a_run_is_recorded(library):
    run, head = library.start_run(
        "embed-audio",
        {"dim": 128},
        fingerprint="ear-1",
        seed=7,
        versions={"numpy": "2.0"},
        checkpoint="ear.safetensors",
    )
    assert (run, head) == (1, 1)
    columns = "stage, continues, fingerprint, finished, config, metrics, seed, versions, checkpoint"
    row = library.db.execute(f"SELECT {columns} FROM runs").fetchone()
    assert row == ("embed-audio", None, "ear-1", None, '{"dim": 128}', None, 7, '{"numpy": "2.0"}', "ear.safetensors")
    library.finish_run(run, {"embedded": 3})
    started, finished, metrics = library.db.execute("SELECT started, finished, metrics FROM runs").fetchone()
    assert started <= finished and finished.endswith("+00:00")
    assert json.loads(metrics) == {"embedded": 3}


def test_runs_with_one_fingerprint_have_one_head(library):
    assert library.head_run("embed-audio", "ear-1") is None
    assert library.start_run("embed-audio", {}, fingerprint="ear-1") == (1, 1)
    assert library.start_run("embed-audio", {}, fingerprint="ear-1") == (2, 1)
    assert library.start_run("embed-audio", {}, fingerprint="ear-2") == (3, 3)
    assert library.start_run("train-audio", {}, fingerprint="ear-1") == (4, 4), "another stage"
    assert library.start_run("embed-audio", {}, fingerprint="ear-1") == (5, 1)
    assert library.head_run("embed-audio", "ear-2") == 3
    assert library.db.execute("SELECT id, continues FROM runs WHERE continues NOT NULL").fetchall() == [(2, 1), (5, 1)]


def test_runs_without_a_fingerprint_stand_alone(library):
    assert library.start_run("evaluate", {}) == (1, 1)
    assert library.start_run("evaluate", {}) == (2, 2)


def test_the_trained_checkpoint_is_of_the_latest_finished_run(library):
    assert library.trained_checkpoint("train-audio") is None
    for name in ("old.safetensors", "new.safetensors", None, "unfinished.safetensors"):
        run, _ = library.start_run("train-audio", {}, checkpoint=name)
        if name != "unfinished.safetensors":
            library.finish_run(run, {})
    assert library.trained_checkpoint("train-audio") == library.folder / "checkpoints" / "new.safetensors"
    assert library.trained_checkpoint("train-tower") is None


def test_the_current_fingerprint_is_of_the_run_that_search_uses(library):
    assert library.current_fingerprint() is None
    library.start_run("embed-audio", {}, fingerprint="ear-1")
    _, head = library.start_run("embed-audio", {}, fingerprint="ear-2")
    library.db.execute("INSERT INTO spaces (space, run_id) VALUES ('audio', ?)", [head])
    assert library.current_fingerprint() == "ear-2"


def test_roots_come_back_as_the_system_knows_them(library):
    strange = os.fsdecode(b"/music/caf\xe9")
    library.db.execute("INSERT INTO roots VALUES (?, ?)", ["/music/caf\\xe9", b"/music/caf\xe9"])
    library.db.execute("INSERT INTO roots VALUES ('/music/b', NULL)")
    assert library.roots() == ["/music/b", strange]
