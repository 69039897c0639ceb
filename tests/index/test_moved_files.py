"""A file that was tagged and moved, or encoded anew, is the track that it was."""

from itertools import combinations

import numpy as np
import pytest

from earshot.index.graphs.graph_store import store_graph
from earshot.index.moved_files import adopt_moved_files
from earshot.index.recordings.recordings import group_recordings, recording_ids, store_same
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors.spaces import AUDIO, read_vector
from earshot.stages.playing.feedback import record_never, record_rating
from library_world import add, at, heard, open_library
from tower_world import import_table


@pytest.fixture
def moved(tmp_path):
    """Track 1 is gone and was in a playlist; 3 has its sound under other names; 2 is another."""
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard("/old.mp3", at(1), title="old", mbid="m"), heard("/b.mp3", at(50))])
        library.db.execute("INSERT INTO playlists (id, path, name, imported) VALUES (1, '/p.m3u', 'p', 'now')")
        library.db.execute("INSERT INTO playlist_tracks VALUES (1, 1, 1)")
        add(library, head, [heard("/Band/new.flac", at(2), title="New", artist="Band", fingerprint=b"new")])
        set_status(library, "/old.mp3", 1, 1, "missing", None)
        store_same(library, [(1, 3, "sound", 0.9)])
        group_recordings(library)
        yield library


def track(library, track_id):
    row = library.db.execute("SELECT path, title, artist, mbid, status FROM tracks WHERE id = ?", [track_id])
    return row.fetchone()


def test_the_id_stays_and_all_else_is_new(moved):
    assert adopt_moved_files(moved) == 1
    assert track(moved, 1) == ("/Band/new.flac", "New", "Band", "m", "embedded") and track(moved, 3) is None
    assert read_vector(moved, AUDIO, 1).tolist() == at(2).tolist()
    assert moved.column("SELECT fingerprint FROM fingerprints WHERE track_id = 1") == [b"new"]
    assert moved.column("SELECT count(*) FROM excerpts WHERE track_id = 1") == [1]
    assert recording_ids(moved) == {} and adopt_moved_files(moved) == 0


def test_other_files_of_the_recording_stay_of_it(moved):
    added = moved.db.execute("INSERT INTO tracks (title, status) VALUES ('New', 'catalog')").lastrowid
    store_same(moved, [(3, added, "name", None)])
    adopt_moved_files(moved)
    assert recording_ids(moved) == {added: 1}


@pytest.mark.parametrize(
    "reason",
    ["a playlist", "a link", "a graph", "listens", "an exclusion", "a rating", "an older file", "two are gone"],
)
def test_a_track_that_somebody_names_keeps_its_id(moved, reason, tmp_path):
    if reason == "a playlist":
        moved.db.execute("INSERT INTO playlist_tracks VALUES (1, 2, 3)")
    elif reason == "a link":
        moved.db.execute("INSERT INTO tracks (title, status, linked_id) VALUES ('New', 'catalog', 3)")
    elif reason == "a graph":
        store_graph(moved, "g", "track", np.array([2]), np.array([3]), directed=False, origin="g.csv")
    elif reason == "listens":
        import_table(moved, tmp_path / "plays.csv", ["user,artist,title,timestamp", "me,Band,New,1000"])
    elif reason in ("an exclusion", "a rating"):
        record_never(moved, 3, "ana") if reason == "an exclusion" else record_rating(moved, "ana", 3, 3)
    elif reason == "an older file":
        moved.db.execute("UPDATE tracks SET status = 'embedded' WHERE id = 1")
        moved.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 3")
    else:
        store_same(moved, [(1, 2, "sound", 0.9)])
        moved.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    group_recordings(moved)
    assert adopt_moved_files(moved) == (reason == "two are gone")
    assert (track(moved, 3) is None) == (reason == "two are gone")


def test_each_file_of_a_recording_that_is_moved_takes_an_id(moved):
    """An album and a best-of, tagged and renamed in one go; 2 stays where it is."""
    ids = [
        moved.db.execute("INSERT INTO tracks (path, title, status) VALUES (?, 'x', 'embedded')", [path]).lastrowid
        for path in ("/best.mp3", "/best new.flac")
    ]
    store_same(moved, [(one, other, "sound", 0.9) for one, other in combinations([1, 2, 3, *ids], 2)])
    moved.db.execute("UPDATE tracks SET status = 'missing' WHERE id = ?", [ids[0]])
    group_recordings(moved)
    assert adopt_moved_files(moved) == 2
    assert track(moved, 1)[0] == "/Band/new.flac" and track(moved, ids[0])[0] == "/best new.flac"
    assert track(moved, ids[1]) is None and recording_ids(moved) == {2: 1, ids[0]: 1}
