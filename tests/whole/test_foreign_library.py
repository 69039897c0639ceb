"""A library that was damaged, or that a stranger made: what it says of itself is looked at before it is believed."""

import shlex

import numpy as np
import polars as pl
import pytest

from commands_typed import invoke
from earshot.index.database_checks import read_json, read_json_list
from earshot.index.health import integrity
from earshot.index.health.integrity import check_library
from earshot.index.library import Library, LibraryError
from earshot.index.listens.listen_store import listen_files
from earshot.index.recommending.tower_runs import tower_checkpoint
from earshot.index.removal import forget_listens
from earshot.index.runs import trained_checkpoint
from earshot.index.search.excerpts import read_excerpts
from earshot.index.vectors.faiss_file import build_index, index_state, open_index
from earshot.index.vectors.spaces import AUDIO, read_some_vectors, read_vector, read_vectors
from library_world import add, at, finish, heard, open_library

ELSEWHERE = ["../x", "/etc/passwd", "..", ".", "", "a/b", "a\\b", "C:x", "a\nb", "x" * 300]


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{degrees}.mp3", at(degrees)) for degrees in (0, 10, 40)])
        finish(library)
        yield library


def listens_named(library, name):
    library.db.execute(
        "INSERT INTO listens (id, file, content_hash, origin, level, n_events, n_users, n_items, n_malformed, imported)"
        " VALUES (1, ?, 'x', 'x.csv', 'track', 1, 1, 1, 0, '2026')",
        [name],
    )


@pytest.mark.parametrize("name", ELSEWHERE)
def test_names_that_lead_elsewhere(library, name):
    library.db.execute("UPDATE runs SET checkpoint = ?, finished = '2026'", [name])
    listens_named(library, name)
    for read in (
        lambda: trained_checkpoint(library, "embed-audio"),
        lambda: tower_checkpoint(library, 1),
        lambda: listen_files(library, "track"),
        lambda: forget_listens(library, 1),
    ):
        with pytest.raises(LibraryError, match="which is not the name of a file in") as told:
            read()
        assert len(str(told.value)) < 700


INDEX_ROWS = {
    "settings that are none": ("settings", "[1"),
    "settings that are a list": ("settings", "[1]"),
    "another type": ("type", "annoy"),
    "another type to be built": ("asked_type", "annoy"),
    "no recall": ("recall_at_10", None),
    **{f"the name {name[:10]!r}": ("name", name) for name in ELSEWHERE},
}


@pytest.mark.parametrize(("column", "value"), INDEX_ROWS.values(), ids=INDEX_ROWS)
def test_a_row_of_an_index_that_is_damaged_is_made_anew(library, column, value):
    library.db.execute(f"UPDATE index_files SET {column} = ?", [value])
    assert index_state(library, AUDIO).problem == "its row is damaged"
    assert open_index(library, AUDIO) == (None, "its row is damaged")
    assert [(problem.what, problem.fix) for problem in check_library(library)] == [
        ("index: its row is damaged", "cli build-index")
    ]
    folder = library.folder
    library.close()
    assert "its row is damaged" in invoke(folder, "status").stdout
    assert invoke(folder, "similar", "/0.mp3").stdout.count("\n") > 1
    invoke(folder, "build-index")
    with Library.open(folder) as reader:
        assert list(check_library(reader)) == []


def test_check_goes_on_where_a_row_says_what_cannot_be(library, monkeypatch):
    def refuse(library):
        raise LibraryError("A row is none.\n\nRun `cli check`.")
        yield

    monkeypatch.setattr(integrity, "_check_tables", refuse)
    library.db.execute("UPDATE runs SET checkpoint = 'x.pt', stage = 'train-audio', finished = '2026'")
    one, other = check_library(library)
    assert one.what == "A row is none" and "x.pt is missing" in other.what


def test_what_such_a_name_leads_to_is_left_alone(library, tmp_path):
    outside = tmp_path / "diary.parquet"
    pl.DataFrame({"user_id": [1], "track_id": [1]}).write_parquet(outside)
    listens_named(library, "../../diary.parquet")
    library.close()
    result = invoke(tmp_path / "library", "forget-listens", "1", code=1)
    assert "which is not the name of a file" in result.stderr and outside.exists()


def test_a_space_of_a_name_that_leads_elsewhere(library, tmp_path):
    outside = tmp_path / "y-1.faiss"
    outside.write_bytes(b"of somebody else")
    library.db.execute("UPDATE vectors SET space = '../y'")
    library.db.execute("INSERT INTO spaces VALUES ('../y', 1, 0, NULL)")
    with pytest.raises(LibraryError, match=r"names a file '\.\./y-"):
        build_index(library, "../y")
    assert outside.exists()


def test_settings_that_are_none():
    assert read_json(None) == {} and read_json('{"a": 1}') == {"a": 1}
    for text in ("[1]", "{", "7", "[" * 100_000, '"' + "x" * 10_000 + '"'):
        with pytest.raises(LibraryError, match="where settings should be") as told:
            read_json(text)
        assert len(str(told.value)) < 150


def test_lists_that_are_none():
    assert read_json_list(None) == [] and read_json_list('["a", "b"]') == ["a", "b"]
    for text in ("{}", "[1", "5", '"ab"', "[1]", '["a", null]', '[["a"]]', "[" * 100_000, '"' + "x" * 10_000 + '"'):
        with pytest.raises(LibraryError, match="where a list should be") as told:
            read_json_list(text)
        assert len(str(told.value)) < 150


def sql_cures(folder):
    """The statements that `cli check` prints, without the words around them."""
    with Library.open(folder) as reader:
        typed = [shlex.split(problem.fix) for problem in check_library(reader)]
    assert all(words[:2] == ["sqlite3", str(folder / "library.db")] for words in typed)
    return [words[2] for words in typed]


RULES = {
    "a list that does not end": ("'[1'", "NULL", "NULL"),
    "a number": ("'5'", "NULL", "NULL"),
    "numbers": ("'[1]'", "NULL", "NULL"),
    "an object": ("""'{"a": 1}'""", "NULL", "NULL"),
    "brackets without end": (f"'{'[' * 100_000}'", "NULL", "NULL"),
    "a duration below nothing": ("'[]'", "-1", "NULL"),
    "a duration without end": ("'[]'", "NULL", "9e999"),
    "nothing in between": ("'[]'", "60", "30"),
}


@pytest.mark.parametrize("values", RULES.values(), ids=RULES)
def test_rules_of_folders_that_are_none(library, values):
    library.db.execute("INSERT INTO roots (path) VALUES ('/')")
    library.db.execute(f"INSERT INTO root_rules VALUES ('/', {', '.join(values)})")
    folder = library.folder
    library.close()
    for words in (["status"], ["forget-folder"], ["embed-audio"]):
        assert "Run `cli check`" in invoke(folder, *words, code=1).stderr
    (cure,) = sql_cures(folder)
    with Library.open_to_write(folder) as writer:
        writer.db.execute(cure)
    invoke(folder, "status")
    assert invoke(folder, "check").stdout == "All is well.\n"


@pytest.mark.parametrize("text", ["[1", "5", "[1]", "null", "[" * 100_000])
def test_json_that_is_none_is_told_with_its_cure(library, text):
    listens_named(library, "x.parquet")
    library.db.execute("INSERT INTO graphs VALUES ('album', 'album', 0, 'x', '{}', 0, 0, '2026')")
    library.db.execute("UPDATE runs SET finished = '2026'")
    before = len(list(check_library(library)))
    columns = {"runs": ["config", "metrics"], "graphs": ["settings"], "listens": ["options"]}
    for table, names in columns.items():
        for name in names:
            library.db.execute(f"UPDATE {table} SET {name} = ?", [text])
            told = [problem for problem in check_library(library) if f"{table}, row 1: " in problem.what]
            assert len(told) == 1 and len(told[0].what) < 150
            library.db.execute(shlex.split(told[0].fix)[2])
    assert len(list(check_library(library))) == before


BLOBS = {
    "nothing": (0, "zeroblob(0)", "One of the audio vectors is none"),
    "half a number": (2, "zeroblob(7)", "One of the audio vectors is none"),
    "far too many numbers": (2**18, "zeroblob(1048576)", "One of the audio vectors is none"),
    "more numbers than others have": (3, "zeroblob(12)", "The audio vectors have different dimensions"),
}


@pytest.mark.parametrize(("dim", "blob", "told"), BLOBS.values(), ids=BLOBS)
def test_vectors_that_are_none(library, dim, blob, told):
    library.db.execute("PRAGMA ignore_check_constraints = ON")
    library.db.execute(f"UPDATE vectors SET dim = {dim}, vector = {blob} WHERE track_id = 2")
    for read in (
        lambda: read_vectors(library, AUDIO),
        lambda: read_vector(library, AUDIO, 2),
        lambda: read_some_vectors(library, AUDIO, [1, 2]),
    ):
        with pytest.raises(LibraryError, match=told):
            read()
    assert any("vector" in problem.what for problem in check_library(library))


def test_a_track_of_endless_excerpts(library):
    library.db.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        " INSERT INTO excerpts SELECT 1, 1, i, i, 2, x'0000803f00000000' FROM n"
    )
    assert len(read_excerpts(library, 1).starts) == 1_000
    library.db.execute("PRAGMA ignore_check_constraints = ON")
    library.db.execute("UPDATE excerpts SET vector = zeroblob(6) WHERE track_id = 1")
    with pytest.raises(LibraryError, match="One of the audio vectors is none"):
        read_excerpts(library, 1)


def test_an_index_of_another_librarys_dimension_is_not_asked(library):
    """FAISS would end the process, or at least the command."""
    library.db.execute("UPDATE vectors SET dim = 4, vector = ?", [np.array([1, 0, 0, 0], "<f4").tobytes()])
    library.db.execute("UPDATE index_files SET revision = (SELECT revision FROM spaces)")
    library.db.execute("UPDATE excerpts SET dim = 4, vector = ?", [np.array([1, 0, 0, 0], "<f4").tobytes()])
    folder = library.folder
    library.close()
    assert invoke(folder, "similar", "/0.mp3").stdout.count("\n") > 1
    with Library.open(folder) as reader:
        assert any("not one of this library's" in problem.what for problem in check_library(reader))


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), ValueError("x"), IndexError("x")])
def test_an_error_in_a_damaged_library_is_the_librarys(library, error):
    with pytest.raises(type(error)), Library.open(library.folder):
        raise error
    library.db.execute("PRAGMA foreign_keys = OFF")
    library.db.execute("DELETE FROM runs")
    with (
        pytest.raises(LibraryError, match="a missing row of runs") as told,
        Library.open(library.folder),
    ):
        raise error
    assert "Run `cli check`" in str(told.value) and told.value.__cause__ is error
    with pytest.raises(LibraryError, match="my own words"), Library.open(library.folder):
        raise LibraryError("my own words")


def test_rows_that_break_their_checks(library):
    library.db.execute("INSERT INTO graphs VALUES ('album', 'album', 0, 'x', '{}', 0, 0, '2026')")
    library.db.execute("PRAGMA ignore_check_constraints = ON")
    library.db.execute("UPDATE graphs SET level = ''")
    with (
        pytest.raises(LibraryError, match="damaged: CHECK constraint failed"),
        Library.open(library.folder),
    ):
        raise ValueError("not enough values to unpack")


def test_names_that_are_no_text(library):
    library.db.execute("UPDATE tracks SET title = CAST(x'ff41' AS TEXT) WHERE id = 2")
    with (
        pytest.raises(LibraryError, match="is damaged: Could not decode to UTF-8"),
        Library.open(library.folder) as reader,
    ):
        reader.db.execute("SELECT title FROM tracks").fetchall()
