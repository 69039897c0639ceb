"""Which vectors search uses, when that changes, and how they are read."""

import numpy as np
import pytest

from earshot.index.library import LibraryError
from earshot.index.runs import start_run
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.spaces import (
    AUDIO,
    Space,
    current_space,
    read_some_vectors,
    read_vector,
    read_vectors,
    use_run,
)
from library_world import add, at, heard, open_library, unit


@pytest.fixture
def world(tmp_path):
    library, head = open_library(tmp_path)
    with library:
        yield library, head


def new_ear(library) -> int:
    return start_run(library, "embed-audio", {}, fingerprint="new ear")[1]


def runs_held(library, table="vectors"):
    return {run for (run,) in library.db.execute(f"SELECT DISTINCT run_id FROM {table}")}


def test_a_library_without_vectors(world):
    library, _ = world
    assert current_space(library, "tower") is None
    for ids, vectors in (read_vectors(library, AUDIO), read_some_vectors(library, AUDIO, [1, 2])):
        assert (len(ids), vectors.shape, vectors.dtype) == (0, (0, 0), np.float32)
    assert read_vector(library, AUDIO, 1) is None


def test_vectors_come_in_the_order_of_ids(world):
    """Stored in another order than ids: the third track is heard anew last."""
    library, head = world
    vectors = [unit(*row) for row in np.random.default_rng(0).standard_normal((5, 3))]
    add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(vectors)])
    vectors[2] = unit(1, 2, 3)
    library.db.execute("DELETE FROM vectors WHERE track_id = 3")
    add(library, head, [heard("/2.mp3", vectors[2])])
    ids, matrix = read_vectors(library, AUDIO)
    assert ids.all_ids.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(matrix, vectors)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(read_vector(library, AUDIO, 3), unit(1, 2, 3))


def test_only_embedded_tracks_of_the_current_run_are_read(world):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(4)])
    add(library, new_ear(library), [heard("/1.mp3", at(70))])
    set_status(library, "/0.mp3", 1_000, 1, "missing", None)
    set_status(library, "/3.mp3", 1_000, 1, "excluded", "a rule")
    ids, matrix = read_vectors(library, AUDIO)
    assert ids.ids([0, 1]).tolist() == [2, 3]
    np.testing.assert_array_equal(matrix, [at(1), at(2)])
    assert read_vector(library, AUDIO, 1) is None


def test_some_vectors_by_id(world):
    library, head = world
    add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(2_000)])
    wanted = [1_999, 3, 3, 50_000, *range(100, 1_100)]
    ids, matrix = read_some_vectors(library, AUDIO, wanted)
    assert ids.all_ids.tolist() == [3, *range(100, 1_100), 1_999]
    np.testing.assert_array_equal(matrix[[0, -1]], [at(2), at(1_998)])


def test_vectors_of_different_dimensions_are_never_one_matrix(world):
    """2 and 6 numbers would fit a matrix of two rows of four."""
    library, head = world
    add(library, head, [heard("/a.mp3", at(0)), heard("/b.mp3", unit(1, 2, 3, 4, 5, 6))])
    with pytest.raises(LibraryError, match=r"The audio vectors have different dimensions.\n\nRun `cli check`"):
        read_vectors(library, AUDIO)


def test_the_first_run_is_used_at_once(world):
    library, head = world
    assert current_space(library, AUDIO) == Space(AUDIO, head, 0)
    assert use_run(library, AUDIO, head) == 0
    assert current_space(library, AUDIO) == Space(AUDIO, head, 0), "the same run again is no change"


def test_search_stays_with_the_old_run_until_no_track_would_be_lost(world):
    library, old = world
    tracks = [heard(f"/{number}.mp3", at(number)) for number in range(3)]
    add(library, old, tracks)
    new = new_ear(library)
    for number, lacking in enumerate((3, 2, 1)):
        assert use_run(library, AUDIO, new) == lacking
        assert current_space(library, AUDIO).run_id == old
        np.testing.assert_array_equal(read_vectors(library, AUDIO)[1], [at(0), at(1), at(2)])
        add(library, new, [heard(f"/{number}.mp3", at(90 + number))])
    before = current_space(library, AUDIO).revision
    assert use_run(library, AUDIO, new) == 0
    space = current_space(library, AUDIO)
    assert space.run_id == new and space.revision > before
    np.testing.assert_array_equal(read_vectors(library, AUDIO)[1], [at(90), at(91), at(92)])
    assert runs_held(library) == runs_held(library, "excerpts") == {new}, "the old ones are gone"


def test_tracks_that_are_not_searched_do_not_block(world):
    library, old = world
    add(library, old, [heard(f"/{number}.mp3", at(number)) for number in range(3)])
    set_status(library, "/1.mp3", 1_000, 1, "missing", None)
    set_status(library, "/2.mp3", 1_000, 1, "excluded", "a rule")
    set_status(library, "/bad.mp3", 1_000, 1, "failed", "not audio")
    new = new_ear(library)
    add(library, new, [heard("/0.mp3", at(50))])
    assert use_run(library, AUDIO, new) == 0
    assert current_space(library, AUDIO).run_id == new
    assert runs_held(library) == {new}


def test_a_switch_of_one_space_leaves_the_other_alone(world):
    library, audio = world
    add(library, audio, [heard("/a.mp3", at(0))])
    towers = [start_run(library, "train-tower", {}, fingerprint=name)[1] for name in ("first", "second")]
    for tower in towers:
        library.db.execute("INSERT INTO vectors VALUES (1, 'tower', ?, 2, ?)", [tower, at(tower).tobytes()])
        assert use_run(library, "tower", tower) == 0
    assert current_space(library, "tower").run_id == towers[1]
    assert runs_held(library) == {audio, towers[1]}
    assert runs_held(library, "excerpts") == {audio}
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(0))
