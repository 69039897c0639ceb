"""Databases of other programs: read in one state, while their program runs or not, and left as they are."""

import gzip
import os
import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from earshot.data.tables import sqlite_files
from earshot.data.tables.sqlite_files import database_tables, is_database, log_of, open_database
from earshot.data.tables.text_blocks import Member, members_of

NUMBERS = "CREATE TABLE t (n INTEGER); CREATE VIEW v AS SELECT 1 AS n; INSERT INTO t VALUES (1)"


def made(path, mode):
    """A database with one row, as its program leaves it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.executescript(NUMBERS)
    return path


def numbers(path):
    with open_database(path) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]


def state(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_nothing_is_written_beside_a_database(tmp_path, mode):
    made(tmp_path / "a.db", mode)
    before = state(tmp_path)
    assert list(before) == ["a.db"] and numbers(tmp_path / "a.db") == [1] and state(tmp_path) == before
    assert os.listdir(tmp_path) == ["a.db"]


def test_while_the_program_runs(tmp_path):
    path = made(tmp_path / "a.db", "WAL")
    with closing(sqlite3.connect(path)) as program:
        program.execute("INSERT INTO t VALUES (2)")
        program.commit()
        program.execute("INSERT INTO t VALUES (3)")  # not yet
        before = state(tmp_path)
        assert log_of(path) == tmp_path / "a.db-wal"
        assert numbers(path) == [1, 2] and state(tmp_path) == before
        program.commit()
        assert numbers(path) == [1, 2, 3]
    assert log_of(path) is None and numbers(path) == [1, 2, 3]


def test_a_copy_with_its_log_is_not_folded_into_one(tmp_path):
    (tmp_path / "copy").mkdir()
    path = made(tmp_path / "a.db", "WAL")
    with closing(sqlite3.connect(path)) as program:
        program.execute("INSERT INTO t VALUES (2)")
        program.commit()
        for name in ("a.db", "a.db-wal"):
            (tmp_path / "copy" / name).write_bytes((tmp_path / name).read_bytes())
    before = state(tmp_path / "copy")
    assert numbers(tmp_path / "copy" / "a.db") == [1, 2]
    assert state(tmp_path / "copy") == before and sorted(os.listdir(tmp_path / "copy")) == ["a.db", "a.db-wal"]


def test_a_database_in_a_folder_that_cannot_be_written(tmp_path):
    path = made(tmp_path / "Müller #1?.db", "WAL")
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert numbers(path) == [1]
    finally:
        tmp_path.chmod(0o755)


def test_nothing_can_be_changed(tmp_path):
    path = made(tmp_path / "a.db", "DELETE")
    with pytest.raises(ValueError, match=r"a.db cannot be read as a database: .*readonly"), open_database(path) as one:
        one.execute("DELETE FROM t")


def test_a_lock_is_waited_for_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.tables.sqlite_files._PATIENCE_S", 0.1)
    path = made(tmp_path / "a.db", "DELETE")
    with closing(sqlite3.connect(path, isolation_level=None)) as program:
        program.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ValueError, match=r"a.db .*locked. Its program is writing; try again"):
            numbers(path)


def test_damage_is_told(tmp_path):
    path = made(tmp_path / "a.db", "DELETE")
    path.write_bytes(path.read_bytes()[:100] + b"x" * 9_000)
    with pytest.raises(ValueError, match=r"a.db cannot be read as a database"):
        numbers(path)
    os.mkfifo(tmp_path / "pipe.db")
    with pytest.raises(ValueError, match=r"pipe.db is a named pipe"):
        numbers(tmp_path / "pipe.db")


def test_a_database_by_its_beginning(tmp_path):
    (tmp_path / "x.db").write_text("SQLite")
    os.mkfifo(tmp_path / "pipe.db")
    assert is_database(Member(made(tmp_path / "a.db", "DELETE")))
    others = (tmp_path / "x.db", tmp_path / "pipe.db", tmp_path / "none.db", tmp_path)
    assert not any(is_database(Member(path)) for path in others)


def test_views_are_no_tables(tmp_path):
    with open_database(made(tmp_path / "a.db", "DELETE")) as connection:
        assert database_tables(connection) == {"t": {"n"}}


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_a_database_in_an_archive_is_read_with_its_log(tmp_path, kind):
    folder = tmp_path / "in" / "a" / "b"
    folder.mkdir(parents=True)
    path = made(folder / "a.db", "WAL")
    with closing(sqlite3.connect(path)) as program:
        program.execute("INSERT INTO t VALUES (2)")
        program.commit()
        packed = Path(shutil.make_archive(str(tmp_path / "x"), kind, tmp_path / "in"))
    before = sorted(os.listdir(tempfile.gettempdir()))
    member = next(member for member in members_of(packed) if member.title == "a.db")
    assert numbers(member) == [1, 2] and sorted(os.listdir(tempfile.gettempdir())) == before


def test_a_gzipped_database_is_read_without_the_log_beside(tmp_path):
    (tmp_path / "a.db-wal").write_bytes(b"of another state")
    path = made(tmp_path / "b.db", "WAL")
    (tmp_path / "a.db.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert numbers(Member(tmp_path / "a.db.gz")) == [1]


def test_a_packed_database_has_a_bound(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(made(tmp_path / "a.db", "DELETE"), "a/a.db")
        archive.writestr("..", b"no name of a file")
    monkeypatch.setattr(sqlite_files, "_MAX_UNPACKED_BYTES", 1_024)
    with pytest.raises(ValueError, match=r"^a/a\.db is larger than 0 GiB; unpack it, and import the file"):
        numbers(Member(tmp_path / "x.zip", "a/a.db"))
    with pytest.raises(ValueError, match=r"^database cannot be read as a database"):
        numbers(Member(tmp_path / "x.zip", ".."))
