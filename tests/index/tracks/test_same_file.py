"""One file under two names."""

import os

import pytest

from earshot.index.tracks.same_file import FilesByStamp


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "other").write_bytes(b"two")
    os.symlink(tmp_path / "a", tmp_path / "link")
    os.link(tmp_path / "a", tmp_path / "hard link")
    return tmp_path


def earlier(names, path):
    return names.earlier_name(str(path), 3, 1)


@pytest.mark.parametrize("name", ["link", "hard link"])
def test_a_second_name_leads_to_the_first(files, name):
    names = FilesByStamp([(str(files / "a"), 3, 1)])
    assert earlier(names, files / name) == str(files / "a")
    assert earlier(names, files / "a") is None and earlier(names, files / "other") is None


def test_of_two_known_names_the_first_counts(files):
    names = FilesByStamp([(str(files / "link"), 3, 1), (str(files / "a"), 3, 1)])
    assert earlier(names, files / "a") == str(files / "link") and earlier(names, files / "link") is None


def test_a_file_that_is_found_stands_for_its_later_names(files):
    names = FilesByStamp()
    assert earlier(names, files / "a") is None
    names.add(str(files / "a"), 3, 1)
    assert earlier(names, files / "link") == str(files / "a") and earlier(names, files / "a") is None


def test_a_first_name_that_is_gone_counts_no_more(files):
    names = FilesByStamp([(str(files / "link"), 3, 1)])
    (files / "link").unlink()
    assert earlier(names, files / "a") is None
