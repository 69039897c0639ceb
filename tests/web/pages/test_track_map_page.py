"""The map: dots for all tracks, laid out once by a process of its own."""

import shutil
import time

import pytest

from earshot.index.library import Library
from earshot.stages.map_places import lay_out
from library_world import add, at, heard, open_library
from web_client import signed_in


@pytest.fixture
def folder(tmp_path):
    """Three tracks of two genres: too few for UMAP, so a layout takes no time."""
    library, head = open_library(tmp_path / "library")
    tags = ("Dub", "Dub", None)
    add(library, head, [heard(f"/{n}.mp3", at(50 * n), title=str(n), genre=tag) for n, tag in enumerate(tags)])
    library.close()
    return tmp_path / "library"


def test_dots_have_ids_places_and_colors(folder):
    lay_out(folder)
    with signed_in(folder) as client:
        dots = client.get("/map/points").json()
        assert 'data-points="/map/points"' in client.get("/map").text
    assert dots["ids"] == [1, 2, 3] and dots["names"] == ["Dub", "others"] and dots["group"] == [0, 0, 1]
    assert all(0 <= one < dots["side"] for one in (*dots["x"], *dots["y"])) and len(set(dots["x"])) == 3
    assert len(dots["colors"]) == 2 and dots["n_unplaced"] == 0


def test_the_first_question_begins_the_layout(folder):
    with signed_in(folder) as client:
        first = client.get("/map/points").json()
        assert first["is_pending"] and "half a minute" in first["sentence"]
        end = time.monotonic() + 60
        while (dots := client.get("/map/points").json()).get("is_pending"):
            assert time.monotonic() < end, client.app.state.layout.state()
            time.sleep(0.1)
        assert dots["ids"] == [1, 2, 3]


def test_a_recording_is_one_dot_by_its_best_file(folder):
    with Library.open_to_write(folder) as library, library.transaction():
        library.db.execute("UPDATE recordings SET recording_id = 1, is_best = 0 WHERE track_id = 1")
        library.db.execute("UPDATE recordings SET recording_id = 1, is_best = 1 WHERE track_id = 2")
    lay_out(folder)
    with signed_in(folder) as client:
        assert client.get("/map/points").json()["ids"] == [2, 3]


def test_a_layout_that_fails_is_told(folder):
    with signed_in(folder) as client:
        shutil.rmtree(folder / "cache", ignore_errors=True)
        (folder / "cache").write_text("a file where a folder should be")
        end = time.monotonic() + 60
        while (answer := client.get("/map/points")).status_code == 200:
            assert time.monotonic() < end
            time.sleep(0.1)
        assert answer.status_code == 500 and "The layout failed" in answer.json()["sentence"]


def test_an_empty_library_says_what_to_type(tmp_path):
    Library.open_to_write(tmp_path / "library").close()
    with signed_in(tmp_path / "library") as client:
        assert "cli embed-audio ~/Music" in client.get("/map").text
