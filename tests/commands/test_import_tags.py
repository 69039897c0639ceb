"""`cli import-tags`: a table fills the tags that files lack."""

import json
from functools import partial

import pytest

from commands_typed import invoke, rows_of
from library_world import add, at, heard, open_library


@pytest.fixture
def folder(tmp_path):
    """Track 1 without tags, and track 2 with a title."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(str(tmp_path / "1.mp3"), at(0)), heard(str(tmp_path / "2.mp3"), at(1), title="Two")])
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library", "import-tags")


def test_missing_tags_are_filled(folder, run):
    (folder / "x.csv").write_text("file,title,year\n1.mp3,One,1997\n2.mp3,Zwei,\n3.mp3,Three,\n,lost,\n")
    result = run(folder / "x.csv")
    assert result.stdout == (
        "3 rows with title, year: 2 are tracks of the library, 1 tracks changed\n"
        "  1 tracks have other tags (--overwrite replaces them)\n"
    )
    assert "not in the library:\n    3.mp3" in result.stderr and "1 malformed rows left out" in result.stderr
    assert rows_of(folder / "library", "SELECT title, year FROM tracks ORDER BY id") == [("One", 1997), ("Two", None)]
    run(folder / "x.csv", "--overwrite")
    assert rows_of(folder / "library", "SELECT title FROM tracks WHERE id = 2") == [("Zwei",)]


def test_a_table_without_tags_is_refused(folder, run):
    (folder / "x.csv").write_text("file,mood\n1.mp3,calm\n")
    assert "x.csv" in run(folder / "x.csv", code=1).stderr
    assert "does not exist" in run(folder / "none.csv", code=2).stderr


def test_the_report_as_json(folder, run):
    (folder / "x.csv").write_text("file,title\n1.mp3,One\n3.mp3,Three\n")
    report = json.loads(run(folder / "x.csv", "--json").stdout)
    assert report == {
        "n_rows": 2,
        "n_matched": 1,
        "n_changed": 1,
        "n_differing": 0,
        "unmatched": ["3.mp3"],
        "fields": ["title"],
        "n_malformed": 0,
    }
