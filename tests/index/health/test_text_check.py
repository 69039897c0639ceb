"""Text of a library that is not UTF-8: found, and replaced by the command that is printed."""

import shlex

import pytest

from commands_typed import invoke
from earshot.index.health.text_check import check_text
from library_world import add, at, by_hand, heard, open_library
from tower_world import import_table


@pytest.fixture
def library(tmp_path):
    """Ten tracks."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(10)])
        yield library


def problems(library):
    return [(problem.what, problem.fix) for problem in check_text(library)]


def test_readable_text_is_no_problem(library):
    assert problems(library) == []


@pytest.mark.parametrize(
    ("table", "column", "rows"), [("tracks", "title", "7, 8"), ("tracks", "path", "7"), ("runs", "config", "1")]
)
def test_unreadable_text_is_replaced_by_its_bytes(library, table, column, rows):
    by_hand(library, f"UPDATE {table} SET {column} = CAST(x'636166e9' || rowid AS TEXT) WHERE rowid IN ({rows})")
    found = [fix for what, fix in problems(library) if what.startswith(f"{table}: ") and column in what]
    assert len(found) == 1
    by_hand(library, shlex.split(found[0])[2])
    assert not [what for what, _ in problems(library) if "UTF-8" in what]


def test_text_that_other_checks_cannot_read_is_named(library, tmp_path):
    import_table(library, tmp_path / "l.csv", ["user,artist,title,timestamp", "eve,Ann,One,5"])
    for column in ("file", "origin"):
        by_hand(library, f"UPDATE listens SET {column} = CAST(x'636166e9' AS TEXT)")
        for options in ([], ["--read-data"]):
            found = invoke(library.folder, "check", *options, code=1).stdout
            assert f"listens: of 1 rows the {column} is not UTF-8" in found


def test_tables_without_strict_types_are_not_checked(library):
    by_hand(library, "CREATE TABLE theirs (x TEXT)", "INSERT INTO theirs VALUES (CAST(x'e9' AS TEXT))")
    assert problems(library) == []
