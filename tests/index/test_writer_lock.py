"""The announced writer of a library counts only while its process is alive."""

import json
import os

import pytest

from earshot.index import writer_lock
from earshot.index.library import Library, LibraryError
from earshot.index.writer_lock import announce_writer, another_writes, describe_writer, withdraw_writer

NAME = ".writer.json"
PARENT = os.getppid()  # a process that is there


@pytest.fixture(autouse=True)
def in_haste(monkeypatch):
    monkeypatch.setattr(writer_lock, "_MAX_WAIT", 0.01)


def write(folder, **fields):
    (folder / NAME).write_text(json.dumps({"command": "cli link", "since": "2026"} | fields))


def test_a_writer_says_who_it_is_and_is_not_another(tmp_path):
    announce_writer(tmp_path, since="2026-01-02")
    assert f"process {os.getpid()}, since 2026-01-02" in describe_writer(tmp_path)
    assert not another_writes(tmp_path)
    withdraw_writer(tmp_path)
    assert os.listdir(tmp_path) == []


def test_another_process_writes(tmp_path):
    write(tmp_path, pid=PARENT, started=writer_lock._start(PARENT))
    assert another_writes(tmp_path)
    assert describe_writer(tmp_path) == f"`cli link`, process {PARENT}, since 2026"
    write(tmp_path, pid=PARENT)  # of an earlier version
    assert another_writes(tmp_path)


def test_a_process_of_another_user_writes_too(tmp_path, monkeypatch):
    def refused(pid, signal):
        raise PermissionError

    monkeypatch.setattr("os.kill", refused)
    write(tmp_path, pid=PARENT)
    assert another_writes(tmp_path)
    assert describe_writer(tmp_path).startswith("`cli link`")


@pytest.mark.skipif(writer_lock._start(PARENT) is None, reason="the system does not tell when a process started")
def test_a_later_process_of_the_same_number_is_another(tmp_path):
    """In a container, the first process of every start has the number 1."""
    write(tmp_path, pid=PARENT, started=writer_lock._start(PARENT) - 1)
    assert not another_writes(tmp_path)
    assert describe_writer(tmp_path) == "one that does not say its name"


NOBODY = {
    "nothing": "",
    "a list": "[1]",
    "no number": "{}",
    "a word": '{"pid": "x"}',
    "a fraction": json.dumps({"pid": PARENT + 0.0}),
    "a truth": '{"pid": true}',
    "all processes": '{"pid": -1}',
    "its own group": '{"pid": 0}',
    "a number that no process has": '{"pid": 1' + "0" * 30 + "}",
    "a number of too many digits": '{"pid": 1' + "0" * 5_000 + "}",
    "lists without end": "[" * 100_000,
    "more than anybody says": json.dumps({"pid": PARENT, "command": "x" * 20_000}),
    "no text": "\udcff",
}


@pytest.mark.parametrize("text", NOBODY.values(), ids=NOBODY)
def test_what_says_of_no_process_that_it_writes(tmp_path, text):
    (tmp_path / NAME).write_text(text, errors="surrogateescape")
    assert not another_writes(tmp_path)
    assert describe_writer(tmp_path) == "one that does not say its name"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / NAME)
    assert not another_writes(tmp_path)
    assert describe_writer(tmp_path) == "one that does not say its name"
    announce_writer(tmp_path, since="2026")
    assert (tmp_path / NAME).is_file()


@pytest.mark.parametrize("name", [NAME, ".writer.lock"])
def test_a_link_to_another_file_is_not_written_through(tmp_path, name):
    diary = tmp_path / "diary.txt"
    diary.write_text("mine")
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / name).symlink_to(diary)
    try:
        Library.open_to_write(folder).close()
    except LibraryError as error:
        assert "cannot be a library folder: Too many levels of symbolic links" in str(error)
    assert diary.read_text() == "mine"


def test_a_link_that_leads_nowhere_makes_no_file(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / NAME).symlink_to(tmp_path / "nothing")
    Library.open_to_write(folder).close()
    assert os.listdir(tmp_path) == ["library"]
