"""An export holds what the library holds, in a layout that other programs load."""

import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.vectors.spaces import AUDIO, read_vectors, store_imported_vectors
from earshot.stages.exports import export
from earshot.stages.exports.export import ExportReport, export_parquet
from earshot.stages.shared.reports import InputError, Note, Progress
from library_world import add, by_hand, finish, heard, open_library, random_units

DOCS = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


@pytest.fixture
def library(tmp_path, rng):
    """Nine tracks, two of which are one recording, in two spaces, with neighbours and lists for one listener."""
    library, head = open_library(tmp_path / "library")
    vectors = random_units(rng, 9, 4)
    ids = add(library, head, [heard(f"/m/{n}.mp3", vectors[n], title=f"Söng {n}", year=1990 + n) for n in range(9)])
    add(library, head, [heard("/m/caf\udce9.mp3", vectors[0], title="latin")])
    store_imported_vectors(library, "../odd space", "by hand", [(np.array(ids[:3]), random_units(rng, 3, 2))])
    finish(library)
    by_hand(library, "INSERT INTO users (id, name) VALUES (7, 'Ana')")
    by_hand(library, "INSERT INTO recommendations VALUES (7, 1, 3, 0.5, 1), (7, 2, 1, 0.25, 1)")
    with library:
        yield library


def exported(library, folder):
    *_, report = export_parquet(library, folder)
    assert isinstance(report, ExportReport)
    return report


def table(folder, name):
    return pl.read_parquet(folder / name / "*.parquet")


def test_every_row_of_every_table(library, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_ROWS_AT_ONCE", 4)
    report, folder = exported(library, tmp_path / "out"), tmp_path / "out"
    tracks = table(folder, "tracks")
    assert (
        tracks.select("track_id", "title", "year", "path").rows()
        == library.db.execute("SELECT id, title, year, path FROM tracks ORDER BY id").fetchall()
    )
    assert tracks["path_bytes"].to_list()[8:] == [None, b"/m/caf\xe9.mp3"]
    assert (
        tracks.select("track_id", "recording_id", "is_best").rows()
        == library.db.execute("SELECT track_id, recording_id, is_best FROM recordings ORDER BY 1").fetchall()
    )
    neighbours = library.db.execute("SELECT * FROM neighbours ORDER BY 1, 2, 3").fetchall()
    assert [row[:4] for row in table(folder, "neighbours").rows()] == [row[:4] for row in neighbours]
    np.testing.assert_allclose(table(folder, "neighbours")["score"], [row[4] for row in neighbours], rtol=1e-6)
    assert table(folder, "recommendations").rows() == [(7, "Ana", 1, 3, 0.5), (7, "Ana", 2, 1, 0.25)]
    ids, vectors = read_vectors(library, AUDIO, with_copies=True)
    assert table(folder, "vectors-audio")["track_id"].to_list() == ids.all_ids.tolist()
    np.testing.assert_array_equal(table(folder, "vectors-audio")["vector"].to_numpy(), vectors)
    assert table(folder, "vectors-..%2Fodd%20space").schema["vector"] == pl.Array(pl.Float32, 2)
    assert [path.name for path in sorted((folder / "vectors-audio").iterdir())] == [
        "part-00000.parquet", "part-00001.parquet", "part-00002.parquet",
    ]  # fmt: skip
    assert report.rows == {"tracks": 10, "neighbours": len(neighbours), "recommendations": 2}
    assert (report.spaces["audio"].n_vectors, report.spaces["audio"].dim) == (10, 4)
    assert (report.spaces["audio"].fingerprint, report.spaces["audio"].neighbours_up_to_date) == ("ear", True)
    assert json.loads((folder / "export.json").read_text())["spaces"]["audio"]["folder"] == "vectors-audio"


def test_progress_and_neighbours_that_lag(library, tmp_path):
    by_hand(library, "UPDATE spaces SET revision = revision + 1 WHERE space = 'audio'")
    reports = list(export_parquet(library, tmp_path / "out"))
    assert Progress("tracks", 10, 10, "row") in reports and Progress("vectors of audio", 10, 10, "vector") in reports
    assert any(isinstance(report, Note) and "lag behind" in report and "audio" in report for report in reports)
    assert not reports[-1].spaces["audio"].neighbours_up_to_date


def test_a_library_without_anything(tmp_path):
    with Library.open_to_write(tmp_path / "library") as library:
        report = exported(library, tmp_path / "out")
    assert set(report.rows.values()) == {0} and not report.spaces
    assert len(table(tmp_path / "out", "tracks")) == 0


def test_an_earlier_export_is_replaced_and_stays_after_an_error(library, tmp_path):
    folder = tmp_path / "out"
    exported(library, folder)
    by_hand(library, "UPDATE tracks SET title = 'new' WHERE id = 1")
    exported(library, folder)
    assert table(folder, "tracks")["title"][0] == "new"
    by_hand(library, "UPDATE vectors SET dim = 3, vector = x'000000000000000000000000' WHERE track_id = 5")
    with pytest.raises(LibraryError, match="different dimensions"):
        exported(library, folder)
    assert len(table(folder, "vectors-audio")) == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "out"]


def test_what_is_no_export_is_refused(library, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match=r"mine holds other things than an export. Name a new folder."):
        exported(library, tmp_path / "mine")
    with pytest.raises(InputError, match=r"thesis.txt is no folder"):
        exported(library, tmp_path / "mine" / "thesis.txt")
    with pytest.raises(InputError, match=r"There is no folder .*missing"):
        exported(library, tmp_path / "missing" / "out")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_it_shows_one_moment(library, tmp_path):
    library.close()
    with Library.open(tmp_path / "library") as reader:
        reports = export_parquet(reader, tmp_path / "out")
        next(reports)
        writer = sqlite3.connect(tmp_path / "library" / "library.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("UPDATE tracks SET title = 'later'")
            writer.commit()
        writer.rollback()
        list(reports)
        writer.execute("UPDATE tracks SET title = 'later'")
        writer.commit()
        writer.close()
    assert "later" not in table(tmp_path / "out", "tracks")["title"].to_list()


@pytest.fixture
def export_here(heard_library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Library.open(heard_library) as library:
        exported(library, Path("export"))
        yield library


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL), ids=["by vector", "by neighbours"])
def test_duckdb_answers_as_the_library_does(export_here, query):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    rows = duckdb.connect().execute(query).fetchall()
    names = [tuple(row[-3:-1]) if isinstance(row[-1], float) else tuple(row[-2:]) for row in rows]
    seed = export_here.value("SELECT min(track_id) FROM neighbours")
    expected = export_here.db.execute(
        "SELECT neighbour_artist, neighbour_title FROM similar_tracks"
        " WHERE track_id = ? AND space = 'audio' ORDER BY rank LIMIT 5",
        [seed],
    ).fetchall()
    assert names == expected and len(rows) == 5


@pytest.mark.parametrize("library_name", ["lancedb", "polars"])
def test_the_lines_of_the_docs_load_it(export_here, library_name):
    pytest.importorskip(library_name, reason=f"{library_name} is not installed")
    (code,) = [
        block for block in re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL) if f"import {library_name}" in block
    ]
    found: dict = {}
    exec(code, found)
    if library_name == "polars":
        assert found["matrix"].shape == (18, 128) and found["matrix"].dtype == np.float32
        return
    first = export_here.value("SELECT min(track_id) FROM vectors")
    expected = export_here.column(
        "SELECT neighbour_id FROM neighbours WHERE track_id = ? AND space = 'audio' ORDER BY rank LIMIT 4", [first]
    )
    assert [row["track_id"] for row in found["nearest"]] == [first, *expected]
