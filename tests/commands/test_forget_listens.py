"""`cli forget-listens`: imports are listed, and taken back by their ids."""

import json
from functools import partial

import pytest

from commands_typed import invoke, rows_of
from earshot.index.library import Library
from earshot.index.vectors.faiss_file import index_state
from library_world import add, at, heard, open_library
from tower_world import import_table


@pytest.fixture
def folder(tmp_path):
    """Two imports; only the second knows Three and sam."""
    library, _ = open_library(tmp_path / "library")
    with library:
        head = "user,artist,title,timestamp"
        import_table(library, tmp_path / "first.csv", [head, "eve,Ann,One,5", "eve,Ann,Two,6"])
        import_table(library, tmp_path / "second.csv", [head, "eve,Ann,Two,9", "sam,Ann,Three,9"])
    return tmp_path


@pytest.fixture
def run(folder):
    return partial(invoke, folder / "library")


def test_imports_are_listed(folder, run):
    shown = run("forget-listens").stdout
    assert "second.csv" in shown and str(folder) not in shown  # a terminal has no room for whole paths
    rows = json.loads(run("forget-listens", "--json").stdout)
    assert [(row["id"], row["listens"], row["users"], row["items"], row["level"]) for row in rows] == [
        (1, 2, 1, 2, "track"),
        (2, 2, 2, 2, "track"),
    ]
    assert rows[0]["origin"] == str(folder / "first.csv")


def test_an_import_is_taken_back_and_can_come_again(folder, run):
    result = run("forget-listens", 2)
    assert result.stdout == (
        f"2 listens from {folder / 'second.csv'} forgotten, with 1 user and 1 catalog track that nothing else names\n"
    )
    assert "`cli status` says what to renew" in result.stderr
    assert rows_of(folder / "library", "SELECT count(*) FROM listens") == [(1,)]
    run("import-listens", folder / "second.csv")
    assert rows_of(folder / "library", "SELECT count(*) FROM tracks") == [(3,)]


def test_mistakes_change_nothing(folder, run):
    assert "There is no import 7; there are 1, 2." in run("forget-listens", 7, code=1).stderr
    assert "--csv lists the imports; leave it out with ID" in run("forget-listens", 2, "--csv", code=2).stderr
    assert rows_of(folder / "library", "SELECT count(*) FROM listens") == [(2,)]


def test_an_index_is_renewed_though_there_is_nothing_to_forget(folder, run):
    library, head = open_library(folder / "library")
    with library:
        add(library, head, [heard("/m/1.mp3", at(0))])
    run("forget-listens", 7, code=1)
    with Library.open(folder / "library") as library:
        assert index_state(library, "audio").n_vectors == 1
