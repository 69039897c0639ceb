"""Recordings that lie in the library more than once, and the other files of what is listed."""

import json
import shutil

import pytest

from commands_typed import invoke


@pytest.fixture(scope="module")
def library(track_files, tmp_path_factory):
    """Three tracks, of which the first lies in two folders."""
    folder = tmp_path_factory.mktemp("copies")
    for path in track_files[:3]:
        (folder / "music").mkdir(exist_ok=True)
        shutil.copy(path, folder / "music")
    (folder / "music/backup").mkdir()
    shutil.copy(track_files[0], folder / "music/backup")
    invoke(folder / "library", "embed-audio", folder / "music")
    return folder / "library"


def test_the_files_of_one_recording(library):
    rows = json.loads(invoke(library, "copies", "--json").stdout)
    assert len(rows) == 2 and len({row["recording"] for row in rows}) == 1
    assert [row["is_best"] for row in rows] == [True, False]
    assert rows[0]["path"].rpartition("/")[2] == rows[1]["path"].rpartition("/")[2]
    table = invoke(library, "copies")
    assert "best" in table.stdout and "1 recording in 2 files" in table.stderr


def test_a_list_names_them_if_asked(library):
    best, other = json.loads(invoke(library, "copies", "--json").stdout)
    seed = next(
        row for row in json.loads(invoke(library, "similar", f"id:{best['id']}", "--json").stdout)
    )  # another track, to which the recording is similar
    rows = json.loads(invoke(library, "similar", f"id:{seed['id']}", "--copies", "--json").stdout)
    assert [row["copies"] for row in rows if row["id"] == best["id"]] == [[other["path"]]]
    assert all(row["copies"] == [] for row in rows if row["id"] != best["id"]) and len(rows) == 2
    assert "copies" not in rows[0] or "copies" not in invoke(library, "similar", f"id:{seed['id']}").stdout


def test_nothing_is_here_twice(heard_library):
    assert "No recording is here twice." in invoke(heard_library, "copies").stderr


def test_status_counts_recordings(library, heard_library):
    assert "4 embedded, 3 recordings (`cli copies`)" in invoke(library, "status").stdout
    assert "recordings" not in invoke(heard_library, "status").stdout
