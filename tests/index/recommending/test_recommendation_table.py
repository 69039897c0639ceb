"""Stored recommendations: parts on disk until all are made, then one table."""

import numpy as np
import pytest

from earshot.data.files.atomic import RESUMABLE_SUFFIX
from earshot.index.library import LibraryError
from earshot.index.recommending.recommendation_table import (
    ResumableLists,
    listed_files,
    lists_config,
    store_recommendations,
    stored_recommendations,
)
from earshot.index.runs import start_run
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 and 2 of files, catalog track 3, users eve and sam."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/{title}.mp3", at(0), title=title) for title in ("One", "Two")])
        library.db.execute("INSERT INTO tracks (title, status) VALUES ('Three', 'catalog')")
        library.db.execute("INSERT INTO users (name) VALUES ('eve'), ('sam')")
        yield library


def scores(*values):
    return np.array(values, dtype=np.float32)


def test_parts_become_rows_without_missing_places(library):
    lists = ResumableLists(library.folder, {"k": 2})
    lists.keep(0, np.array([1]), np.array([[3, 1]]), scores([0.5, 0.25]))
    lists.keep(1, np.array([2]), np.array([[2, 0]]), scores([1.0, -np.inf]))
    assert (len(lists), lists.has(0), lists.has(2)) == (2, True, False)
    assert list(lists.rows(7)) == [(1, 1, 3, 0.5, 7), (1, 2, 1, 0.25, 7), (2, 1, 2, 1.0, 7)]
    run, _ = start_run(library, "recommend", {"towers": 5})
    assert lists_config(library) is None
    assert store_recommendations(library, run, lists) == 3
    assert lists_config(library) == {"towers": 5}
    rows = [(row["user"], row["rank"], row["title"]) for row in stored_recommendations(library)]
    assert rows == [("eve", 1, "Three"), ("eve", 2, "One"), ("sam", 1, "Two")]
    files = [(name, [track.title for track in tracks]) for name, tracks in listed_files(library)]
    assert files == [("eve", ["One"]), ("sam", ["Two"])]


def test_lists_of_other_settings_are_removed(library):
    before = ResumableLists(library.folder, {"k": 2})
    before.keep(0, np.array([1]), np.array([[1]]), scores([0.5]))
    assert len(ResumableLists(library.folder, {"k": 2})) == 1  # the same settings go on
    assert len(ResumableLists(library.folder, {"k": 3})) == 0
    (folder,) = library.folder.glob(f"recommendations-*{RESUMABLE_SUFFIX}")
    assert folder != before.folder


def test_a_damaged_part_is_made_again(library):
    lists = ResumableLists(library.folder, {})
    lists.keep(0, np.array([1]), np.array([[1]]), scores([0.5]))
    (path,) = lists.folder.glob("*.npz")
    path.write_bytes(path.read_bytes()[:-20])
    assert not lists.has(0)
    with pytest.raises(LibraryError, match=r"is damaged\.\n\nRun `cli recommend --all` again"):
        list(lists.rows(1))


def test_lists_of_removed_tracks_are_discarded(library):
    lists = ResumableLists(library.folder, {})
    lists.keep(0, np.array([1]), np.array([[99]]), scores([0.5]))
    run, _ = start_run(library, "recommend", {})
    with pytest.raises(LibraryError, match="name tracks or listeners that are not there any more"):
        store_recommendations(library, run, lists)
    assert not lists.folder.exists() and list(stored_recommendations(library)) == []
