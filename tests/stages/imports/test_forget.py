"""Imports and folders taken back from Python; the indexes follow."""

import pytest

from earshot.index.library import LibraryError
from earshot.index.vectors.faiss_file import index_state
from earshot.stages.imports.forget import forget_folder, forget_listens
from earshot.stages.imports.import_listens import import_listens
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Files 1 and 2 of two folders."""
    opened, head = open_library(tmp_path / "library")
    with opened as library:
        for folder in "mn":
            library.db.execute("INSERT INTO roots (path) VALUES (?)", [f"/{folder}"])
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One")])
        add(library, head, [heard("/n/2.mp3", at(9), artist="Can", title="Two")])
        yield library


def test_a_folder_goes_and_the_index_follows(library):
    *_, forgotten = forget_folder(library, "/m")
    assert (forgotten.path, forgotten.n_tracks) == ("/m", 1)
    assert index_state(library, "audio").n_vectors == 1


def test_an_index_is_renewed_though_there_is_nothing_to_forget(library):
    with pytest.raises(LibraryError, match="There is no import 7; there are none"):
        list(forget_listens(library, 7))
    assert index_state(library, "audio").n_vectors == 2


def test_an_import_goes(library, tmp_path):
    (tmp_path / "x.csv").write_text("user,artist,track\nana,Air,One\nana,Neu!,Hero\n")
    list(import_listens(library, tmp_path / "x.csv"))
    *_, forgotten = forget_listens(library, 1)
    assert (forgotten.n_events, forgotten.n_users, forgotten.n_tracks) == (2, 1, 1)
