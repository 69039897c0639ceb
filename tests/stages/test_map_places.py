"""Places on the map are kept until the vectors are made anew."""

import numpy as np
import pytest

from earshot.index.library import Library, LibraryError
from earshot.index.vectors.spaces import AUDIO
from earshot.stages import map_places
from earshot.stages.map_places import lay_out, read_places
from library_world import add, heard, open_library, random_units


@pytest.fixture
def folder(tmp_path, rng, monkeypatch):
    """Three tracks, too few for UMAP: they are laid out by their principal components, in no time."""
    library, head = open_library(tmp_path / "library")
    add(library, head, [heard(f"/music/{n}.mp3", vector) for n, vector in enumerate(random_units(rng, 3, 8))])
    library.close()
    return tmp_path / "library"


def read(folder):
    with Library.open(folder) as library:
        return read_places(library)


def test_places_are_kept(folder):
    assert read(folder) is None
    lay_out(folder)
    kept = read(folder)
    assert kept.ids.tolist() == [1, 2, 3] and kept.places.shape == (3, 2)
    assert kept.is_current and kept.n_unplaced == 0
    assert len(np.unique(kept.places, axis=0)) == 3


def test_a_track_that_came_has_no_place_and_one_that_went_leaves_none(folder, rng):
    lay_out(folder)
    with Library.open_to_write(folder) as library:
        head = library.value("SELECT run_id FROM spaces WHERE space = ?", [AUDIO])
        add(library, head, [heard("/music/new.mp3", random_units(rng, 1, 8)[0])])
        with library.transaction():
            library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    kept = read(folder)
    assert kept.ids.tolist() == [1, 3] and kept.n_unplaced == 1 and not kept.is_current


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_damage_or_vectors_of_another_run_ask_for_a_new_layout(folder, damage):
    lay_out(folder)
    if damage is None:
        with Library.open_to_write(folder) as library, library.transaction():
            library.db.execute("UPDATE spaces SET run_id = run_id", [])
            library.insert("runs", "id, stage, started, config", [(77, "embed-audio", "2026-01-01", "{}")])
            library.db.execute("UPDATE vectors SET run_id = 77")
            library.db.execute("UPDATE spaces SET run_id = 77")
    else:
        map_places._path(folder, AUDIO).write_bytes(damage)
    assert read(folder) is None


def test_a_library_without_vectors_says_what_to_type(tmp_path):
    Library.open_to_write(tmp_path / "library").close()
    with pytest.raises(LibraryError, match="cli embed-audio"):
        lay_out(tmp_path / "library")
