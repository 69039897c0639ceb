"""Failures of a disk or a database end a command in one sentence that is true, and names what to do."""

import contextlib
import errno
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import torch

from commands_typed import invoke
from earshot import cli
from earshot.commands.shared.system_failures import failure_sentence
from earshot.data.files.atomic import output_path
from earshot.index.library import Library


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


def test_a_lack_of_memory_in_any_words(tmp_path):
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**46)
    for error in (MemoryError(), raised.value, RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")):
        assert "There is not enough memory for this." in told(error, tmp_path)


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


def chained(error, handled, **others):
    """The error as it is raised while another one is handled."""
    try:
        try:
            raise handled
        except OSError:
            if "cause" in others:
                raise error from others["cause"]
            raise error  # noqa: B904
    except Exception as raised:
        return raised


@pytest.mark.parametrize("handled", [errno.ENOENT, errno.EACCES, errno.ENOTDIR])
def test_an_error_that_was_handled_is_no_reason_for_another(handled, tmp_path):
    assert failure_sentence(chained(KeyError("x"), raised(handled, "/x")), tmp_path) is None


def test_a_reason_that_the_program_hides_is_none(tmp_path):
    error = chained(ValueError("true reason"), raised(errno.ENOSPC), cause=None)
    assert failure_sentence(error, tmp_path) is None


def test_what_a_library_wraps_is_told_with_its_file(tmp_path):
    cause = raised(errno.EACCES, str(tmp_path / "x"))
    assert told(chained(ValueError("cannot"), raised(errno.ENOENT), cause=cause), tmp_path) == (
        f"{tmp_path / 'x'}: Permission denied."
    )
    assert "/away/x fails" in told(chained(ValueError("cannot"), raised(errno.EIO, "/away/x")), tmp_path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"/music/caf\xe9", "/music/caf\\xe9: Permission denied."),
        (os.fsdecode(b"/music/caf\xe9"), "/music/caf\\xe9: Permission denied."),
        ("/music/x\nNext  rm", "/music/x\\nNext  rm: Permission denied."),
        (7, "/lib: Permission denied."),
        ("", "/lib: Permission denied."),
    ],
)
def test_names_of_any_kind(name, words):
    assert failure_sentence(raised(errno.EACCES, name), Path("/lib")) == words


def test_a_disk_that_fails_may_be_that_of_any_file(tmp_path):
    assert f"The disk of {tmp_path} or of a file that was given fails" in told(raised(errno.EIO), tmp_path)


def fill(monkeypatch, place):
    """Let the disk of a place have no room."""
    room = {True: 0, False: 10**6}
    monkeypatch.setattr(
        os,
        "statvfs",
        lambda path: SimpleNamespace(f_bavail=room[Path(path) == place], f_frsize=4_096, f_files=0, f_favail=0),
    )


def test_a_full_disk_of_temporary_files_is_named(tmp_path, monkeypatch):
    library, temporary = tmp_path / "library", tmp_path / "temporary"
    for folder in (library, temporary):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    fill(monkeypatch, temporary)
    for error in (of_sqlite("SQLITE_CANTOPEN"), of_sqlite("SQLITE_FULL"), raised(errno.ENOSPC)):
        assert f"the disk of {temporary}." in told(error, library)
    fill(monkeypatch, library)
    for error in (of_sqlite("SQLITE_CANTOPEN"), of_sqlite("SQLITE_FULL"), raised(errno.ENOSPC)):
        assert f"the disk of {library}." in told(error, library)


def test_only_writers_are_taken_for_victims_of_a_full_disk(tmp_path, monkeypatch):
    fill(monkeypatch, tmp_path)
    assert failure_sentence(RuntimeError("CUDA error: an illegal memory access"), tmp_path) is None
    assert failure_sentence(click.exceptions.Exit(0), tmp_path) is None
    for words in ("[enforce fail at inline_container.cc:664] . unexpected pos 1 vs 0", "write error in x: 3 != 4"):
        assert "No space" in told(RuntimeError(words), tmp_path)


def test_help_is_help_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.commands.shared.system_failures._is_full", lambda place: True)
    assert "Example:" in invoke(tmp_path, "status", "--help").stdout


@pytest.mark.parametrize("error", [EOFError("Compressed file ended before the end"), EOFError()])
def test_a_file_cut_short_is_no_interruption(error, tmp_path, monkeypatch):
    def cut_short(folder):
        raise error

    monkeypatch.setattr(Library, "open", cut_short)
    result = invoke(tmp_path, "status", code=1)
    assert result.stderr.startswith("Error: A file is cut short") and str(error) in result.stderr
    with monkeypatch.context() as patch:
        patch.setattr("sys.argv", ["cli", "status"])
        assert cli._run() == 1


@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_READONLY"])
def test_what_was_committed_before_is_not_denied(name, tmp_path):
    assert "Nothing was changed" not in told(of_sqlite(name), tmp_path)
    assert "nothing was changed" not in told(raised(errno.EROFS, "/x"), tmp_path)


def test_the_cure_of_a_damaged_database_can_be_pasted(tmp_path):
    library = tmp_path / "my music"
    assert f"sqlite3 '{library}/library.db' .recover | sqlite3 '{library}/mended.db'" in told(
        of_sqlite("SQLITE_CORRUPT"), library
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_the_disk_of_a_file_that_was_asked_for_is_named(tmp_path):
    full, words = Path("/dev/full"), "No space is left on the disk of /dev/full"
    with pytest.raises(OSError) as raised, output_path(full) as path:
        path.write_text("x")
    assert words in told(raised.value, tmp_path)


def test_the_disk_of_the_library_is_named_where_no_file_is(tmp_path):
    assert f"the disk of {tmp_path}" in told(raised(errno.ENOSPC), tmp_path)


def test_a_database_that_another_program_holds_is_locked_and_no_wreck(tmp_path):
    Library.open_to_write(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "library.db")) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            Library.open(tmp_path, wait=0.1)
    assert "locked by another program" in told(raised.value, tmp_path)
