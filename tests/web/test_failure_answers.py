"""Failures as a person and a program read them."""

import errno
import shutil
import sqlite3
import sys

import pytest
from starlette.requests import Request
from starlette.routing import Route

from earshot.audio.decoding.decode_pool import WorkersLostError
from earshot.index.library import Library
from earshot.stages.shared.reports import StageError
from earshot.web.app import create_app
from earshot.web.library_access import library_of
from web_client import signed_in


@pytest.fixture
def library(heard_library, tmp_path):
    return shutil.copytree(heard_library, tmp_path / "library")


def answer_of(library, work, accept="*/*", *, writes=False):
    """The answer of a route that does this work on the library."""

    async def route(request: Request):
        access = library_of(request)
        await (access.write if writes else access.read)(work)

    app = create_app(library)
    app.routes.append(Route("/work", route))
    with signed_in(app) as client:
        app.state.library._wait = 0.1
        return client.get("/work", headers={"Accept": accept})


def test_a_question_without_an_answer_is_a_sentence(library):
    def work(_library):
        raise StageError("No track answers to '<b>x</b>'.")

    answer = answer_of(library, work)
    assert answer.status_code == 404 and answer.text == "No track answers to '<b>x</b>'.\n"
    page = answer_of(library, work, "text/html")
    assert page.status_code == 404 and "&lt;b&gt;x" in page.text and "<b>" not in page.text


def test_a_machine_without_room_for_a_process_is_a_sentence(library):
    def work(_library):
        raise WorkersLostError("the decoding processes cannot be kept running (no memory)")

    answer = answer_of(library, work)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "10"
    assert answer.text.startswith("Nothing can be decoded now: the decoding processes cannot")


def test_an_installation_without_an_extra_names_it(library, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    answer = answer_of(library, lambda library: __import__("umap"))
    assert answer.status_code == 503 and answer.text.endswith("Run `pip install 'earshot[map]'`.\n")


def test_a_command_that_writes_is_named(library):
    with Library.open_to_write(library):
        answer = answer_of(library, lambda library: None, writes=True)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "10"
    assert "Another process is writing" in answer.text and "Nothing was changed" in answer.text


def test_a_full_disk_is_said(library):
    def write(_library):
        raise OSError(errno.ENOSPC, "No space left on device", "listens.parquet")

    def insert(library):
        library.db.execute(f"PRAGMA max_page_count = {library.value('PRAGMA page_count')}")
        with library.transaction():
            library.db.execute("INSERT INTO artists (name, key) VALUES (?, 'x')", ["x" * 100_000])

    for work, reason in ((write, "No space left on device"), (insert, "database or disk is full")):
        answer = answer_of(library, work, writes=True)
        assert answer.status_code == 503
        assert answer.text == f"This cannot be done: {reason}. Nothing was changed.\n"


def test_a_locked_database_is_busy(library):
    other = sqlite3.connect(library / "library.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        answer = answer_of(library, lambda library: library.value("SELECT count(*) FROM tracks"))
    finally:
        other.close()
    assert answer.status_code == 503 and "busy" in answer.text
