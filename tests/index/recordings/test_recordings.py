"""Recordings: which tracks are one, which counts, and which is shown."""

import numpy as np
import pytest

from earshot.index.recordings.recordings import (
    as_recordings,
    group_recordings,
    recording_ids,
    recordings_of,
    store_same,
    tracks_of,
    tracks_to_show,
)
from earshot.index.removal import remove_tracks
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.neighbour_table import fill_neighbours
from earshot.index.vectors.spaces import AUDIO, current_space, read_vectors
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 to 6 at 0, 10, ... 50 degrees, and 7 of the catalog."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{n}.mp3", at(10 * n), title=f"T{n}", album=f"A{n}") for n in range(6)])
        library.db.execute("INSERT INTO tracks (title, status) VALUES ('T0', 'catalog')")
        yield library


def same(library, *pairs):
    store_same(library, [(one, other, "sound", 0.9) for one, other in pairs])
    return group_recordings(library)


def test_every_track_is_a_recording_of_its_own_at_first(library):
    rows = library.db.execute("SELECT * FROM recordings ORDER BY track_id").fetchall()
    assert rows == [(track, track, 1) for track in range(1, 8)]
    assert recording_ids(library) == {} and group_recordings(library) == 0


def test_tracks_connected_by_pairs_are_one_recording(library):
    assert same(library, (3, 2), (3, 5)) == 2  # the first counts, and is the best
    assert recording_ids(library) == {3: 2, 5: 2} and group_recordings(library) == 0
    assert recordings_of(library, [5, 1, 99]) == [2, 1, 99]
    assert as_recordings(library, np.array([5, 1, 99, 3])).tolist() == [2, 1, 99, 2]
    assert tracks_of(library, [2, 1]) == {2: [2, 3, 5]}


def test_a_recording_falls_apart_without_its_pairs(library):
    same(library, (1, 2), (2, 3))
    library.db.execute("DELETE FROM same_recording WHERE track_id = 2")
    group_recordings(library)
    assert recording_ids(library) == {2: 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE tracks SET content_hash = 'one' WHERE id IN (2, 4, 5)", {4: 2, 5: 2}),
        ("UPDATE tracks SET mbid = 'one', duration_s = 100 + 15 * id WHERE id IN (2, 4, 5)", {4: 2, 5: 2}),
        ("UPDATE tracks SET isrc = 'one' WHERE id IN (2, 4)", {4: 2}),
        ("UPDATE tracks SET isrc = 'one', duration_s = 100 * id WHERE id IN (2, 4)", {}),  # twice as long
        ("UPDATE tracks SET mbid = 'one' WHERE id IN (2, 7)", {}),  # `link` decides
        ("UPDATE tracks SET linked_id = 2 WHERE id = 7", {7: 2}),
    ],
)
def test_reasons(library, change, expected):
    library.db.execute(change)
    group_recordings(library)
    assert recording_ids(library) == expected


def test_the_best_file_is_shown_and_the_first_one_counts(library):
    library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 4")
    library.db.execute("UPDATE tracks SET size = 9000000 WHERE id = 3")
    library.db.execute("UPDATE tracks SET linked_id = 2 WHERE id = 7")
    same(library, (2, 3), (3, 4))
    assert recording_ids(library) == {3: 2, 4: 2, 7: 2}
    assert [row.id for row in tracks_to_show(library, [2])[2]] == [4, 2, 3, 7]
    assert [row.id for row in tracks_to_show(library, [2], {"a2"})[2]] == [3, 4, 2, 7]  # the album of the seed
    library.db.execute("UPDATE tracks SET codec = 'mp3' WHERE id = 4")
    group_recordings(library)
    assert [row.id for row in tracks_to_show(library, [2])[2]] == [3, 2, 4, 7]  # by bit rate


def test_a_file_without_names_bears_those_of_its_recording(library):
    library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 4")
    same(library, (2, 3), (3, 4))
    assert [row.name for row in tracks_to_show(library, [2])[2]] == ["T3", "T1", "T2"]
    library.db.execute("UPDATE tracks SET artist = 'Ann' WHERE id = 3")
    shown = tracks_to_show(library, [2])[2]
    assert [(row.id, row.name, row.album) for row in shown] == [(node, "Ann - T2", "A2") for node in (4, 2, 3)]


def test_a_file_that_is_gone_hands_its_recording_on(library):
    same(library, (2, 3))
    set_status(library, "/1.mp3", 1, 1, "missing", None)
    group_recordings(library)
    assert recording_ids(library) == {2: 3} and [row.id for row in tracks_to_show(library, [3])[3]] == [3]


@pytest.mark.parametrize("gone", [2, 3])
def test_a_track_that_is_removed(library, gone):
    library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 3")
    same(library, (2, 3), (3, 4), (2, 4))
    remove_tracks(library, [gone])
    assert recording_ids(library) == {4: 5 - gone}
    assert library.column("SELECT track_id FROM recordings WHERE is_best AND track_id IN (2, 3, 4)") == [5 - gone]


def test_a_removal_by_another_program_loses_no_track(library):
    library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 3")
    same(library, (2, 3), (3, 4))
    library.db.execute("DELETE FROM tracks WHERE id = 2")
    rows = library.db.execute("SELECT * FROM recordings WHERE track_id IN (3, 4)").fetchall()
    assert rows == [(3, 3, 1), (4, 4, 1)]


def test_vectors_and_neighbours_know_a_recording_once(library):
    finish(library)
    before = current_space(library, AUDIO)
    same(library, (2, 3))
    assert current_space(library, AUDIO).revision > before.revision  # the index is out of date
    assert read_vectors(library, AUDIO)[0].all_ids.tolist() == [1, 2, 4, 5, 6]
    assert len(read_vectors(library, AUDIO, with_copies=True)[0]) == 6
    for _ in fill_neighbours(library, AUDIO, k=3):
        pass
    query = "SELECT neighbour_id FROM neighbours WHERE track_id = ? ORDER BY rank"
    assert library.column(query, [1]) == [2, 4, 5] and library.column(query, [3]) == []


def test_sql_answers_for_any_file_with_the_best_ones(library):
    library.db.execute("UPDATE tracks SET codec = 'flac' WHERE id = 3")
    same(library, (2, 3))
    finish(library)
    query = "SELECT path, neighbour_path FROM similar_tracks WHERE track_id = ? ORDER BY rank LIMIT 2"
    assert library.db.execute(query, [1]).fetchall() == [("/0.mp3", "/2.mp3"), ("/0.mp3", "/3.mp3")]
    assert library.db.execute(query, [3]).fetchall() == [("/2.mp3", "/0.mp3"), ("/2.mp3", "/3.mp3")]
