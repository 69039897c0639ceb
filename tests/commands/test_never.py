"""`cli never` as a user types it."""

import json
import shutil

import pytest

from commands_typed import invoke, rows_of


@pytest.fixture
def library(heard_library, tmp_path):
    return shutil.copytree(heard_library, tmp_path / "library")


def ids(library, *words):
    return [row["id"] for row in json.loads(invoke(library, "similar", *words, "--json").stdout)]


def test_a_track_leaves_what_is_similar_and_comes_back(library):
    assert invoke(library, "never").stderr == "Nothing is left out.\n"
    (seed,) = rows_of(library, "SELECT 'id:' || min(id) FROM tracks WHERE status = 'embedded'")[0]
    before = ids(library, seed)
    assert "is never recommended to everybody" in invoke(library, "never", f"id:{before[0]}").stdout
    assert invoke(library, "never", f"id:{before[0]}").stderr == "Left out already.\n"
    assert before[0] not in ids(library, seed)
    (row,) = json.loads(invoke(library, "never", "--json").stdout)
    assert (row["id"], row["listener"]) == (before[0], None) and "everybody" in invoke(library, "never").stdout
    assert "may be recommended again" in invoke(library, "never", f"id:{before[0]}", "--undo").stdout
    assert ids(library, seed) == before


def test_what_is_wrong_is_said(library):
    (track,) = rows_of(library, "SELECT 'id:' || min(id) FROM tracks WHERE status = 'embedded'")[0]
    assert (
        "No listener is called 'ana'" in invoke(library, "never", track, "--listener", "ana", "--undo", code=1).stderr
    )
    assert "No listener is called 'anna'" in invoke(library, "radio", track, "--listener", "anna", code=1).stderr
    assert "name it" in invoke(library, "never", "--undo", code=2).stderr
    assert "Nothing was changed" in invoke(library, "never", track, "--csv", code=2).stderr
