"""`cli check`: every inconsistency of a library is found, and comes with a fix."""

import shlex

import numpy as np
import pytest

from commands_typed import invoke
from earshot.data.files.content_hash import content_hash
from earshot.index.database_checks import recovery
from earshot.index.health.integrity import check_library
from earshot.index.health.manifest_check import check_contents, n_contents
from earshot.index.library import Library, LibraryError
from earshot.index.runs import finish_run, start_run
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.ann import build
from earshot.index.vectors.faiss_file import build_index, index_state
from earshot.index.vectors.neighbour_table import fill_neighbours
from earshot.index.vectors.spaces import AUDIO, read_vectors, use_run, vector_blob
from library_world import add, at, by_hand, finish, heard, open_library, random_units
from tower_world import import_table


@pytest.fixture
def library(tmp_path):
    """30 tracks of 4 dimensions, with index and neighbours, of real (dummy) files."""
    library, head = open_library(tmp_path / "library")
    with library:
        tracks = []
        for number, vector in enumerate(random_units(np.random.default_rng(2), 30, 4)):
            path = tmp_path / f"{number:02}.mp3"
            path.write_text(f"music {number}")
            tracks.append(heard(str(path), vector, content_hash=content_hash(str(path))))
        add(library, head, tracks)
        finish(library)
        finish_run(library, head, {})
        yield library


def problems(library):
    return [(problem.what, problem.fix) for problem in check_library(library)]


def test_a_healthy_library_has_none(library):
    assert problems(library) == []
    assert [problem for problem in check_contents(library) if problem] == []
    assert n_contents(library) == len(list(check_contents(library))) == 30


def test_an_empty_library_has_none(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        assert problems(library) == []
        assert list(check_contents(library)) == []


@pytest.mark.parametrize("n", [1, 2, 25])
def test_a_small_library_has_none(tmp_path, n, rng):
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, n, 3))])
        finish(library)
        assert problems(library) == []


@pytest.mark.parametrize("type", ["flat", "ivf-sq8", "hnsw", "ivf-pq"])
def test_an_approximate_index_is_no_problem(tmp_path, type, rng):
    library, head = open_library(tmp_path)
    with library:
        vectors = random_units(rng, 10_000 if type == "ivf-pq" else 1_500, 8)
        add(library, head, [heard(f"/{number}.mp3", vector, excerpts=[]) for number, vector in enumerate(vectors)])
        assert build_index(library, AUDIO, type).type == type
        library.db.execute("UPDATE spaces SET neighbours_revision = NULL")
        assert problems(library) == [("the neighbours table is older than the vectors", "cli build-index")]


def test_rows_of_a_table_of_any_name_that_point_to_nothing(library):
    by_hand(
        library,
        """CREATE TABLE "my ""own"" table" ("the track" INTEGER REFERENCES tracks(id))""",
        """INSERT INTO "my ""own"" table" VALUES (1), (999)""",
    )
    ((_, fix),) = problems(library)
    by_hand(library, shlex.split(fix)[2])
    assert library.db.execute("""SELECT * FROM "my ""own"" table" """).fetchall() == [(1,), (None,)]


def test_rows_that_point_to_nothing(library):
    by_hand(library, "INSERT INTO excerpts VALUES (999, 1, 0, 0.0, 1, zeroblob(4))", "DELETE FROM runs")
    found = problems(library)
    whats = [what for what, _ in found]
    assert "excerpts: 1 rows point to missing tracks" in whats and "vectors: 30 rows point to missing runs" in whats
    for _, fix in found:
        if fix.startswith("sqlite3"):
            _, _, statement = shlex.split(fix)
            by_hand(library, statement)
    assert not [what for what, _ in problems(library) if "rows point to" in what]


def test_tracks_without_a_vector(library):
    set_status(library, "/heard_of.mp3", 1, 1, "embedded", None)
    assert ("1 embedded tracks have no current vector", "cli embed-audio") in problems(library)


@pytest.mark.parametrize(
    ("vector", "length"), [([0, 0, 0, 0], "0"), ([2, 0, 0, 0], "2"), ([np.nan, 0, 0, 0], "nan"), ([np.inf] * 4, "inf")]
)
def test_a_damaged_vector(library, vector, length):
    by_hand(library, ("UPDATE vectors SET vector = ? WHERE track_id = 7", [vector_blob(np.array(vector))]))
    expected = (f"the vector of track 7 is damaged (length {length})", "cli embed-audio --again")
    assert expected in problems(library)


def test_at_most_ten_damaged_vectors_are_named(library):
    by_hand(library, "UPDATE vectors SET vector = zeroblob(16)")
    assert sum("is damaged" in what for what, _ in problems(library)) == 10


def test_vectors_of_mixed_dimensions(library):
    by_hand(library, "UPDATE vectors SET dim = 2, vector = zeroblob(8) WHERE track_id = 7")
    assert problems(library) == [("vectors of mixed dimensions [2, 4] under one run", "cli embed-audio --again")]


def test_vectors_of_a_run_that_was_never_completed(library):
    _, head = start_run(library, "embed-audio", {}, fingerprint="new ear")
    path = library.db.execute("SELECT path FROM tracks LIMIT 1").fetchone()[0]
    digest = library.db.execute("SELECT content_hash FROM tracks LIMIT 1").fetchone()[0]
    add(library, head, [heard(path, at(0), content_hash=digest)])
    assert use_run(library, AUDIO, head) == 29
    assert problems(library) == [("1 vectors of another encoder wait for the rest of their run", "cli embed-audio")]


def test_an_index_that_is_not_there(library):
    library.db.execute("DELETE FROM index_files")
    assert problems(library) == [("index: there is none", "cli build-index")]


def test_an_index_that_is_damaged(library):
    path = index_state(library, AUDIO).path
    path.write_bytes(path.read_bytes() + b"x")
    assert problems(library) == [("index: its file is damaged", "cli build-index")]
    path.unlink()
    assert problems(library) == [("index: its file is gone", "cli build-index")]


def test_an_index_and_neighbours_that_are_stale(library):
    add(library, 1, [heard("/new.mp3", random_units(np.random.default_rng(9), 1, 4)[0])])
    assert problems(library) == [
        ("index: the library has changed since it was built", "cli build-index"),
        ("the neighbours table is older than the vectors", "cli build-index"),
    ]


@pytest.fixture
def indexed_as(library, monkeypatch):
    """An index with a true hash and a true revision, built wrongly."""

    def build_wrongly(n, ids):
        vectors = read_vectors(library, AUDIO)[1]
        monkeypatch.setattr("earshot.index.vectors.faiss_file.build", lambda *_: build(vectors[:n], ids, "flat"))
        build_index(library, AUDIO)

    return build_wrongly


def test_an_index_that_holds_too_few(library, indexed_as):
    indexed_as(29, np.arange(29) + 1)
    ((what, fix),) = problems(library)
    assert "it says 29 vectors of" in what and fix == "cli build-index"


def test_an_index_whose_ids_are_mixed_up(library, indexed_as):
    indexed_as(30, np.roll(np.arange(30) + 1, 1))
    assert problems(library) == [("index: 30 of 30 sampled vectors are not found in it", "cli build-index")]
    indexed_as(30, np.arange(30) + 1_000)
    assert problems(library) == [("index: 30 of 30 sampled vectors are not found in it", "cli build-index")]


NEIGHBOUR_LIES = {
    "a stranger": (
        "UPDATE tracks SET status = 'failed' WHERE id = 31",
        "1 neighbours are no longer searchable",
    ),
    "a wrong score": (
        "UPDATE neighbours SET score = score - 0.01 WHERE track_id = 3 AND rank = 2",
        "1 of 600 sampled neighbours have a wrong score",
    ),
    "another neighbour": (
        "UPDATE neighbours SET neighbour_id = (SELECT neighbour_id FROM neighbours WHERE track_id = 3 AND rank = 20)"
        " WHERE track_id = 3 AND rank = 1",
        "1 of 600 sampled neighbours have a wrong score",
    ),
    "too few": ("DELETE FROM neighbours WHERE track_id IN (3, 4) AND rank = 20", "2 tracks have too few neighbours"),
}


@pytest.mark.parametrize("lie", NEIGHBOUR_LIES)
def test_neighbours_that_are_wrong(library, lie):
    statement, what = NEIGHBOUR_LIES[lie]
    if lie == "a stranger":
        set_status(library, "/bad.mp3", 1, 1, "failed", "not audio")
        statement = "UPDATE neighbours SET neighbour_id = 31 WHERE track_id = 3 AND rank = 20"
    by_hand(library, statement)
    assert (what, "cli build-index") in problems(library)
    list(fill_neighbours(library, AUDIO, anew=True))
    assert problems(library) == []


def test_a_database_with_a_damaged_page(tmp_path, rng):
    """Any page: a problem with its fix, or a refusal, and no traceback."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(random_units(rng, 300, 4))])
        finish(library)
        (n_pages,) = library.db.execute("PRAGMA page_count").fetchone()
    path = tmp_path / "library.db"
    good = path.read_bytes()
    n_told = n_refused = 0
    for page in range(1, n_pages, n_pages // 40):
        path.write_bytes(good[: 4_096 * page] + b"\xa5" * 4_096 + good[4_096 * (page + 1) :])
        try:
            with Library.open(tmp_path) as damaged:
                n_told += any(
                    problem.fix == recovery(damaged.folder / "library.db") for problem in check_library(damaged)
                )
        except LibraryError as error:
            assert "is not a readable SQLite database: database disk image is malformed" in str(error)
            n_refused += 1
    assert n_told + n_refused == len(range(1, n_pages, n_pages // 40))
    assert n_told > n_refused


@pytest.fixture
def text_library(tmp_path):
    """Ten tracks."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(10)])
        yield library


def text_problems(library):
    return [(problem.what, problem.fix) for problem in check_library(library) if "UTF-8" in problem.what]


def test_readable_text_is_no_problem(text_library):
    assert text_problems(text_library) == []


@pytest.mark.parametrize(
    ("table", "column", "rows"), [("tracks", "title", "7, 8"), ("tracks", "path", "7"), ("runs", "config", "1")]
)
def test_unreadable_text_is_replaced_by_its_bytes(text_library, table, column, rows):
    by_hand(text_library, f"UPDATE {table} SET {column} = CAST(x'636166e9' || rowid AS TEXT) WHERE rowid IN ({rows})")
    found = [fix for what, fix in text_problems(text_library) if what.startswith(f"{table}: ") and column in what]
    assert len(found) == 1
    by_hand(text_library, shlex.split(found[0])[2])
    assert text_problems(text_library) == []


def test_text_that_other_checks_cannot_read_is_named(text_library, tmp_path):
    import_table(text_library, tmp_path / "l.csv", ["user,artist,title,timestamp", "eve,Ann,One,5"])
    for column in ("file", "origin"):
        by_hand(text_library, f"UPDATE listens SET {column} = CAST(x'636166e9' AS TEXT)")
        for options in ([], ["--read-data"]):
            found = invoke(text_library.folder, "check", *options, code=1).stdout
            assert f"listens: of 1 rows the {column} is not UTF-8" in found


def test_tables_without_strict_types_are_not_checked(text_library):
    by_hand(text_library, "CREATE TABLE theirs (x TEXT)", "INSERT INTO theirs VALUES (CAST(x'e9' AS TEXT))")
    assert text_problems(text_library) == []
