"""`cli build-index` as a user meets it: types of index, and repairs."""

import json
import shutil
import sqlite3
from functools import partial

import pytest

from commands_typed import invoke, rows_of


@pytest.fixture
def library(heard_library, tmp_path):
    """A library of one's own that has heard the session's world."""
    shutil.copytree(heard_library, tmp_path / "library")
    return tmp_path / "library"


def test_ivf_is_a_short_name(library_copy):
    run = partial(invoke, library_copy)
    short, whole = (run("build-index", "--type", name).stdout for name in ("ivf", "ivf-sq8"))
    assert short == whole


def test_a_broken_index_costs_a_rebuild_and_never_a_wrong_answer(library, world, run_cli):
    title = world.tracks[3].title
    right = json.loads(run_cli(library, "similar", title, "--json").stdout)

    def is_right(result):
        rows = json.loads(result.stdout)
        assert [row["id"] for row in rows] == [row["id"] for row in right]
        return [row["score"] for row in rows] == pytest.approx([row["score"] for row in right], abs=1e-5)

    (file,) = library.glob("*.faiss")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    damaged = run_cli(library, "similar", title, "--json")
    assert is_right(damaged) and "its file is damaged" in damaged.stderr
    assert "its file is damaged" in run_cli(library, "status").stdout
    checked = run_cli(library, "check")
    assert checked.returncode == 1 and "index: its file is damaged\n    fix: " in checked.stdout
    assert " cli build-index\n" in checked.stdout
    file.unlink()
    gone = run_cli(library, "similar", title, "--json")
    assert is_right(gone) and "its file is gone" in gone.stderr
    assert "flat, 18 vectors, recall@10 1.000" in run_cli(library, "build-index").stdout
    assert run_cli(library, "check", "--read-data").stdout == "All is well.\n"


def test_build_index_also_mends_the_neighbours(library, run_cli):
    connection = sqlite3.connect(library / "library.db")
    expected = connection.execute("SELECT * FROM neighbours ORDER BY 1, 2, 3").fetchall()
    connection.execute("UPDATE neighbours SET score = 0.5 WHERE rank = 1")
    connection.commit()
    connection.close()
    assert " cli build-index\n" in run_cli(library, "check").stdout
    assert run_cli(library, "build-index").returncode == 0
    mended = rows_of(library, "SELECT * FROM neighbours ORDER BY 1, 2, 3")
    assert [row[:4] for row in mended] == [row[:4] for row in expected]
    assert run_cli(library, "check").stdout == "All is well.\n"
