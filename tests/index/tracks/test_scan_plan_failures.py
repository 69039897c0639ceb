"""Scans of files and folders that cannot be read, today or ever."""

import errno
import os

import pytest

from earshot.index.removal import prune_missing
from earshot.index.tracks.scan_plan import ScanCounts
from earshot.index.vectors.spaces import AUDIO, read_vector


def test_a_folder_that_cannot_be_listed_today(folders, monkeypatch):
    """Its files are neither found nor gone. (Permissions would not stop root, who runs tests in containers.)"""
    folders.write("music/a.mp3", "a")
    folders.write("music/album/b.mp3", "b")
    folders.scan()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("album"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("earshot.data.files.folder_walk.os.scandir", scandir)
    assert folders.scan() == ScanCounts(found=2, reused=1, failed=1, unread=1, kept=1)
    assert folders.reason("music/album") == "the folder cannot be read: Permission denied"
    assert folders.table()["music/album/b.mp3"] == "embedded"
    monkeypatch.undo()
    assert folders.scan() == ScanCounts(found=2, reused=2)
    assert "music/album" not in folders.table()


@pytest.fixture
def failing_disk(monkeypatch):
    """A function that lets the status of every file with this name fail, or of none."""
    real = os.DirEntry
    failing = {"name": None, "errno": errno.EIO}

    class Entry:
        def __init__(self, entry: real) -> None:
            self.name, self.path, self.is_dir, self._entry = entry.name, entry.path, entry.is_dir, entry

        def stat(self):
            if self.name == failing["name"]:
                raise OSError(failing["errno"], os.strerror(failing["errno"]))
            return self._entry.stat()

    class Listing:
        def __init__(self, path) -> None:
            self._entries = scandir(path)

        def __enter__(self):
            return map(Entry, self._entries)

        def __exit__(self, *exception):
            self._entries.close()

    scandir = os.scandir
    monkeypatch.setattr("earshot.data.files.folder_walk.os.scandir", Listing)
    return failing.update


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE, errno.ENOENT, errno.ENOTCONN])
def test_an_error_of_the_disk_is_no_fact_about_a_file(folders, failing_disk, number):
    for name in "ab":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    before = list(folders.library.db.query("SELECT * FROM tracks"))
    failing_disk(name="b.mp3", errno=number)
    for _ in range(2):
        assert folders.scan() == ScanCounts(found=2, reused=1, failed=1, unread=1)
        assert folders.plan.unread == {str(folders.folder / "music/b.mp3"): f"cannot be read: {os.strerror(number)}"}
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before
    failing_disk(name=None)
    assert folders.scan() == ScanCounts(found=2, reused=2)
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before


def test_a_file_that_was_never_read_is_tried_again(folders, failing_disk):
    folders.write("music/a.mp3", "a")
    failing_disk(name="a.mp3")
    for _ in range(2):
        assert folders.scan() == ScanCounts(found=1, failed=1, unread=1)
        assert folders.reason("music/a.mp3") == "cannot be read: Input/output error"
    failing_disk(name=None)
    assert folders.scan() == ScanCounts(found=1, embedded=1)


def test_an_excluded_file_that_cannot_be_read_stays_excluded(folders, failing_disk):
    folders.write("music/a.mp3", "90 a song")
    folders.scan(shortest=100)
    before = list(folders.library.db.query("SELECT * FROM tracks"))
    failing_disk(name="a.mp3")
    for _ in range(2):
        assert folders.scan(shortest=100) == ScanCounts(found=1, failed=1, unread=1)
    assert list(folders.library.db.query("SELECT * FROM tracks")) == before
    assert folders.scan(shortest=30) == ScanCounts(found=1, failed=1, unread=1)
    failing_disk(name=None)
    assert folders.scan(shortest=100) == ScanCounts(found=1, excluded=1)
    assert folders.scan(shortest=30) == ScanCounts(found=1, embedded=1)


def test_a_missing_track_that_cannot_be_read_is_not_pruned(folders, failing_disk):
    for name in "ab":
        folders.write(f"music/{name}.mp3", name)
    folders.scan()
    (folders.folder / "music/b.mp3").rename(folders.folder / "b.mp3")
    assert folders.scan() == ScanCounts(found=1, reused=1, missing=1)
    (folders.folder / "b.mp3").rename(folders.folder / "music/b.mp3")
    failing_disk(name="b.mp3")
    assert folders.scan() == ScanCounts(found=2, reused=1, failed=1, unread=1)
    assert prune_missing(folders.library) == 0
    failing_disk(name=None)
    assert folders.scan() == ScanCounts(found=2, reused=2)
    assert folders.sounds_like("music/b.mp3", "b")


def test_a_broken_link_is_no_news_twice(folders):
    (folders.folder / "music").mkdir()
    (folders.folder / "music/a.mp3").symlink_to("gone")
    assert folders.scan() == ScanCounts(found=1, failed=1, unread=1)
    assert folders.scan() == ScanCounts(found=1, failed=1, failed_before=1)
    assert folders.reason("music/a.mp3") == "a symbolic link that leads nowhere"
    folders.write("music/gone", "a")
    assert folders.scan() == ScanCounts(found=2, embedded=1, excluded=1)


def test_a_failure_is_not_tried_again_until_the_file_changes(folders):
    folders.write("music/a.mp3", "bad")
    assert folders.scan() == ScanCounts(found=1, failed=1)
    assert folders.scan() == ScanCounts(found=1, failed=1, failed_before=1)
    assert folders.decoded == []
    assert folders.reason("music/a.mp3") == "not audio"
    assert folders.scan(retry=True) == ScanCounts(found=1, failed=1)
    assert folders.decoded == ["a.mp3"]
    os.chmod(folders.folder / "music/a.mp3", 0o600)  # perhaps a mended one, with its size and time
    assert folders.scan() == ScanCounts(found=1, failed=1)
    assert folders.decoded == ["a.mp3"]
    assert folders.scan() == ScanCounts(found=1, failed=1, failed_before=1)
    folders.write("music/a.mp3", "good")
    assert folders.scan() == ScanCounts(found=1, embedded=1)
    assert folders.sounds_like("music/a.mp3", "good")


def test_a_good_file_that_goes_bad_loses_its_vector(folders):
    folders.write("music/a.mp3", "good")
    folders.scan()
    folders.write("music/a.mp3", "bad")
    assert folders.scan() == ScanCounts(found=1, failed=1)
    assert read_vector(folders.library, AUDIO, folders.id("music/a.mp3")) is None
    folders.write("music/a.mp3", "good")
    assert folders.scan() == ScanCounts(found=1, embedded=1)
