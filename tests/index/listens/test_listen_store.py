"""Imports of listens: stored once, all or nothing."""

import polars as pl
import pytest

from earshot.data.events import event_log
from earshot.data.exports.listen_sources import find_sources
from earshot.index.library import Library, LibraryError
from earshot.index.listens import listen_store
from earshot.index.listens.listen_store import (
    content_digest,
    import_listens,
    known_listens,
    listen_files,
    stored_listens,
)
from library_world import add, at, collected_events, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{artist}.mp3", at(0), artist=artist) for artist in ("Air", "Can")])
        yield library


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "listens.csv"
    path.write_text("user,artist,plays\nu2,Air,3\nu1,Can,1\nu1,Neu!,2\n,Air,1\n")
    return path


def imported(library, file, **options):
    (source,) = find_sources(file).sources
    opened = source.open()
    with collected_events(library, *opened.batches, level=opened.level) as collector:
        return import_listens(library, collector, content_digest(file), origin=str(file), **options)


def plays(path):
    return pl.read_parquet(path, columns=["user_id", "artist_id", "time_s", "plays"]).rows()


def test_users_and_items_become_ids(library, file):
    done = imported(library, file)
    (path,) = listen_files(library, "artist")
    # users in the order they come: u2 is 1 and u1 is 2; Air 1, Can 2, and Neu! is new
    assert plays(path) == [(1, 1, None, 3.0), (2, 2, None, 1.0), (2, 3, None, 2.0)]
    assert library.db.execute("SELECT id, name FROM users").fetchall() == [(1, "u2"), (2, "u1")]
    assert (done.n_new_users, done.items.n_matched, done.items.n_with_audio) == (2, 2, 2)
    (stored,) = stored_listens(library)
    assert stored == done.listens and stored.file == path.name and stored.origin == str(file)
    assert (stored.level, stored.n_events, stored.n_users, stored.n_items, stored.n_malformed) == ("artist", 3, 2, 3, 1)
    assert listen_files(library, "track") == []


def test_the_same_content_is_known_under_any_name(library, file, tmp_path):
    assert known_listens(library, content_digest(file)) is None
    done = imported(library, file)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(file.read_bytes())
    assert known_listens(library, content_digest(copy)) == done.listens
    copy.write_bytes(file.read_bytes() + b"u3,Air,1\n")
    assert known_listens(library, content_digest(copy)) is None


def test_an_import_again_takes_the_place_of_the_first(library, file):
    imported(library, file)
    again = imported(library, file)
    assert again.n_new_users == 0 and again.items.n_matched == 3
    assert len(stored_listens(library)) == 1
    assert [path.name for path in (library.folder / "listens").iterdir()] == [again.listens.file]


def test_users_of_another_file_keep_their_ids(library, file, tmp_path):
    imported(library, file)
    more = tmp_path / "more.csv"
    more.write_text("user,artist\nu0,Air\nu2,Can\n")
    assert imported(library, more).n_new_users == 1
    # in the file u0 comes first
    assert plays(listen_files(library, "artist")[1]) == [(3, 1, None, 1.0), (1, 2, None, 1.0)]


def test_a_failure_leaves_nothing_behind(library, file, monkeypatch):
    def failing(path, *events_of):
        event_log.write_events(path, *events_of)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(listen_store, "write_events", failing)
    with pytest.raises(OSError, match="No space left on device"):
        imported(library, file)
    assert list((library.folder / "listens").iterdir()) == [] and stored_listens(library) == []
    counts = [library.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("users", "artists")]
    assert counts == [0, 2]
    monkeypatch.undo()
    assert imported(library, file).listens.n_events == 3


def test_what_a_killed_import_left_is_removed(library, file):
    imported(library, file)
    folder = library.folder / "listens"
    (folder / ".import-abc").mkdir()
    (folder / ".import-abc" / "000000.parquet").write_bytes(b"half")
    (folder / "x.unfinished").write_bytes(b"half")
    library.close()
    Library.open_to_write(library.folder).close()
    assert [path.suffix for path in folder.iterdir()] == [".parquet"]


def test_an_empty_table_is_refused(library, tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("user,artist\n,Air\n")
    with pytest.raises(ValueError, match=r"empty\.csv holds no listens; 1 row is malformed, such as row 1: , Air"):
        imported(library, path)
    path.write_text("user,track\nu,x\n")
    with pytest.raises(ValueError, match="'x' is the id of no track"):
        imported(library, path, names_are="ids")
    assert list((library.folder / "listens").iterdir()) == []


def test_several_files_are_one_content_in_any_order(file, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"x")
    assert content_digest(file, other) == content_digest(other, file) != content_digest(file)
    assert len({content_digest(file), content_digest(file, number=1), content_digest(file, number=2)}) == 3
    assert len(content_digest(file, other)) == len(content_digest(file)) == len(content_digest(file, number=1)) == 32


def test_a_reader_sees_them(library, file):
    imported(library, file)
    with Library.open(library.folder) as reader:
        assert [path.exists() for path in listen_files(reader, "artist")] == [True]


def test_a_missing_file_is_named_with_its_fix(library, file):
    imported(library, file)
    listen_files(library, "artist")[0].unlink()
    with pytest.raises(
        LibraryError, match=r"parquet is missing\.\n\n.*`cli forget-listens 1 && cli import-listens .*listens\.csv`"
    ):
        listen_files(library, "artist")
    assert listen_files(library, "track") == []
    imported(library, file)
    assert listen_files(library, "artist")[0].is_file()
