"""What a disk or a database does to a command is one sentence that is true, and names what to do."""

import contextlib
import errno
import os
import sqlite3
from types import SimpleNamespace

import pytest

from commands.failure import failure_sentence
from index.library import Library


def told(error, library):
    sentence = failure_sentence(error, library)
    assert sentence is not None and "\n" not in sentence.replace("\n\n", " ")
    return sentence


def raised(number, filename=None):
    return OSError(number, os.strerror(number), filename)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space is left on the disk"),
        (errno.EDQUOT, "No space is left on the disk"),
        (errno.EIO, "fails: Input/output error"),
        (errno.EROFS, "mounted read-only"),
        (errno.EMFILE, "ulimit -n"),
        (errno.ENOMEM, "not enough memory"),
        (errno.EACCES, "Permission denied"),
    ],
)
def test_errors_of_the_system(number, words, tmp_path):
    assert words in told(raised(number, str(tmp_path / "x")), tmp_path)


def test_the_disk_that_is_full_is_named(tmp_path):
    (tmp_path / "other").mkdir()
    assert str(tmp_path / "other") in told(raised(errno.ENOSPC, str(tmp_path / "other" / "gone" / "x")), tmp_path)
    assert str(tmp_path) in told(raised(errno.ENOSPC), tmp_path)


def test_what_libraries_say_in_words_of_their_own(tmp_path):
    assert "No space" in told(RuntimeError("failed to write (os error 28)"), tmp_path)
    assert "No space" in told(OSError("7498 requested and 2048 written"), tmp_path)  # numpy's tofile
    try:
        try:
            raise raised(errno.ENOSPC)
        except OSError:
            raise RuntimeError("PytorchStreamWriter failed writing file") from None
    except RuntimeError as error:
        assert "No space" in told(error, tmp_path)


def of_sqlite(name):
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    return error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_FULL", "No space is left"),
        ("SQLITE_IOERR_WRITE", "fails: what SQLite says (SQLITE_IOERR_WRITE)"),
        ("SQLITE_BUSY", "locked by another program"),
        ("SQLITE_READONLY", "cannot be written"),
        ("SQLITE_CORRUPT", ".recover"),
        ("SQLITE_NOTADB", ".recover"),
    ],
)
def test_errors_of_the_database(name, words, tmp_path):
    assert words in told(of_sqlite(name), tmp_path)


def test_a_journal_that_cannot_be_made_for_want_of_room_is_a_full_disk(tmp_path, monkeypatch):
    assert "fails" in told(of_sqlite("SQLITE_CANTOPEN"), tmp_path)
    no_inodes = SimpleNamespace(f_bavail=10**6, f_frsize=4_096, f_files=100, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda path: no_inodes)
    assert "No space is left" in told(of_sqlite("SQLITE_CANTOPEN"), tmp_path)


def test_faults_of_the_program_are_none_of_the_disk(tmp_path):
    assert failure_sentence(KeyError("x"), tmp_path) is None
    assert failure_sentence(RuntimeError("shape mismatch"), tmp_path) is None
    assert failure_sentence(sqlite3.ProgrammingError("wrong number of bindings"), tmp_path) is None


def test_a_database_that_another_program_holds_is_locked_and_no_wreck(tmp_path, monkeypatch):
    Library.open_to_write(tmp_path).close()
    monkeypatch.setattr("index.library._BUSY_SECONDS", 0.1)
    with contextlib.closing(sqlite3.connect(tmp_path / "library.db")) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            Library.open(tmp_path)
    assert "locked by another program" in told(raised.value, tmp_path)
