"""Reading and writing of requests: connections that are used again, and one writer beside the commands."""

import asyncio
import shutil
import threading

import pytest

from earshot.index.library import Library, LibraryError, LockedError
from earshot.stages.shared.reports import StageError
from earshot.web.library_access import LibraryAccess


@pytest.fixture
def folder(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library, library.transaction():
        library.insert("users", "name", [("ann",)])
    return tmp_path / "library"


@pytest.fixture
def access(folder):
    access = LibraryAccess(folder, wait=0.2)
    yield access
    access.close()


def test_many_read_at_once_and_connections_are_used_again(access):
    seen = set()

    def work(library):
        seen.add(id(library))
        return library.value("SELECT name FROM users")

    async def ask():
        return await asyncio.gather(*(access.read(work) for _ in range(40)))

    assert asyncio.run(ask()) == ["ann"] * 40
    assert len(seen) <= 4


def test_a_reader_cannot_write(access):
    with pytest.raises(Exception, match="readonly"):
        asyncio.run(access.read(lambda library: library.db.execute("DELETE FROM users")))
    assert asyncio.run(access.read(lambda library: library.value("SELECT count(*) FROM users"))) == 1


def test_an_answer_of_a_stage_keeps_the_connection_and_a_fault_does_not(access):
    def fail(error):
        def work(library):
            used.append(library)
            raise error

        return work

    used = []
    for error in (StageError("no such track"), StageError("no such track"), ZeroDivisionError()):
        with pytest.raises(type(error)):
            asyncio.run(access.read(fail(error)))
    asyncio.run(access.read(used.append))
    assert used[0] is used[1] is used[2] is not used[3]


def test_a_write_is_seen_by_the_next_reader(access):
    def work(library):
        with library.transaction():
            library.insert("users", "name", [("bob",)])

    asyncio.run(access.write(work))
    assert asyncio.run(access.read(lambda library: library.column("SELECT name FROM users"))) == ["ann", "bob"]


def test_a_library_that_was_replaced_is_opened_anew(access, folder, tmp_path):
    assert asyncio.run(access.read(lambda library: library.value("SELECT name FROM users"))) == "ann"
    with Library.open_to_write(tmp_path / "other") as library, library.transaction():
        library.insert("users", "name", [("eve",)])
    shutil.move(tmp_path / "other" / "library.db", folder / "library.db")
    assert asyncio.run(access.read(lambda library: library.value("SELECT name FROM users"))) == "eve"


def test_a_library_that_was_written_over_is_told(access, folder):
    asyncio.run(access.read(lambda library: None))
    (folder / "library.db").write_bytes(b"x" * 8_192)
    with pytest.raises(LibraryError, match="not a readable SQLite database"):
        asyncio.run(access.read(lambda library: None))


def test_a_library_that_is_gone_is_not_made_anew(access, folder):
    shutil.rmtree(folder)
    with pytest.raises(LibraryError, match="is gone"):
        asyncio.run(access.write(lambda library: None))
    with pytest.raises(LibraryError, match="There is no library"):
        asyncio.run(access.read(lambda library: None))
    assert not folder.exists()


def test_a_long_writer_is_waited_for_and_then_told(access, folder):
    with Library.open_to_write(folder), pytest.raises(LockedError, match="Another process is writing"):
        asyncio.run(access.write(lambda library: None))
    release = threading.Event()

    def hold():
        with Library.open_to_write(folder):
            held.set()
            release.wait(5)

    held = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(5)
    threading.Timer(0.05, release.set).start()
    patient = LibraryAccess(folder, wait=5)
    assert asyncio.run(patient.write(lambda library: 7)) == 7
    patient.close()
    holder.join()
