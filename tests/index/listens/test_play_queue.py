"""The queue of a listener: kept as it was, and without tracks that are gone."""

import pytest

from earshot.index.listens.play_queue import read_play_queue, save_play_queue
from earshot.index.removal import remove_tracks
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{n}.mp3", at(n)) for n in range(4)])
        library.db.execute("INSERT INTO users (id, name) VALUES (1, 'ana'), (2, 'bob')")
        yield library


def test_a_queue_takes_the_place_of_the_one_before(library):
    assert read_play_queue(library, 1) is None
    save_play_queue(library, 1, [3, 1])
    save_play_queue(library, 1, [2, 4, 2, 1], place=2, position_ms=61_000, changed_by="phone")
    queue = read_play_queue(library, 1)
    assert (queue.track_ids, queue.place, queue.position_ms, queue.changed_by) == ([2, 4, 2, 1], 2, 61_000, "phone")
    assert read_play_queue(library, 2) is None
    save_play_queue(library, 1, [])
    assert (read_play_queue(library, 1).track_ids, read_play_queue(library, 1).place) == ([], 0)


def test_tracks_that_are_gone_leave_the_queue(library):
    save_play_queue(library, 1, [2, 4, 3, 1], place=2, position_ms=61_000)
    with library.transaction():
        remove_tracks(library, [4])
    queue = read_play_queue(library, 1)
    assert (queue.track_ids, queue.place, queue.position_ms) == ([2, 3, 1], 1, 61_000)
    with library.transaction():
        remove_tracks(library, [3, 1])
    queue = read_play_queue(library, 1)
    assert (queue.track_ids, queue.place, queue.position_ms) == ([2], 0, 0), "what played is gone, and so is its place"


def test_a_place_outside_of_the_queue_changes_nothing(library):
    save_play_queue(library, 1, [1])
    for wrong in ({"place": 2}, {"place": -1}, {"position_ms": -1}):
        with pytest.raises(ValueError, match="is no place in a queue"):
            save_play_queue(library, 1, [1, 2], **wrong)
    with pytest.raises(ValueError, match="a queue of 100,001 tracks"):
        save_play_queue(library, 1, [1] * 100_001)
    assert read_play_queue(library, 1).track_ids == [1]
