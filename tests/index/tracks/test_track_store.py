"""Results of single files: embedded, reused, failed, excluded, pruned."""

import os
from dataclasses import replace

import numpy as np
import pytest

from earshot.index.recommending.tower_runs import store_tower_vectors
from earshot.index.recordings.track_links import find_links
from earshot.index.removal import prune_missing
from earshot.index.runs import start_run
from earshot.index.search.excerpts import read_excerpts
from earshot.index.tracks.track_store import (
    PendingFile,
    reuse_vectors,
    set_status,
    store_rejection,
    store_track,
)
from earshot.index.vectors.spaces import AUDIO, read_vector, vector_blob
from library_world import add, at, finish, heard, open_library


@pytest.fixture
def world(tmp_path):
    """An empty library, its run, and a folder for files."""
    library, head = open_library(tmp_path / "library")
    with library:
        yield library, head, tmp_path


def row_of(library, track_id=1):
    (row,) = library.db.query("SELECT * FROM tracks WHERE id = ?", [track_id])
    return row


def tracks(library):
    return library.db.execute("SELECT id, path, status FROM tracks ORDER BY id").fetchall()


def names(library, table):
    return [name for (name,) in library.db.execute(f"SELECT name FROM {table} ORDER BY id")]


def make(folder, name, content):
    """A file on the disk that waits to be heard, and its hash (here: its content)."""
    path = folder / name
    path.write_text(content)
    return PendingFile(str(path), len(content), path.stat().st_mtime_ns)


def hear(library, head, file, content, vector, **facts):
    add(
        library, head, [heard(file.path, vector, content_hash=content, size=file.size, mtime_ns=file.mtime_ns, **facts)]
    )


def test_a_heard_track_is_stored_whole(world):
    library, head, _ = world
    facts = {"title": "Jóga", "artist": "Björk", "album": "Homogenic", "genre": "Pop", "year": 1997, "track_number": 2}
    facts |= {"mbid": "f7c1f8f8-7935-43ed-8aa9-22786e9ba4a8", "isrc": "GBAAA9700123"}
    more = {"duration": 305.5, "sample_rate": 48_000, "channels": 6, "codec": "flac", "note": "cut short"}
    more |= {"ctime_ns": 2}
    track = heard("/b/joga.flac", at(45), content_hash="abc", excerpts=[at(40), at(50)], **facts, **more)
    add(library, head, [track])
    assert row_of(library) == {
        **{"id": 1, "path": "/b/joga.flac", "path_bytes": None, "content_hash": "abc", "size": 1_000, "mtime_ns": 1},
        **{"ctime_ns": 2},
        **{"duration_s": 305.5, "sample_rate": 48_000, "channels": 6, "codec": "flac"},
        **facts,
        **{
            "artist_id": 1,
            "album_id": 1,
            "status": "embedded",
            "reason": "cut short",
            "linked_id": None,
            "album_artist": None,
            "names_from": "tags",
        },
    }
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(45))
    excerpts = read_excerpts(library, 1)
    assert excerpts.starts == [0.0, 30.0]
    np.testing.assert_array_equal(excerpts.vectors, [at(40), at(50)])


def test_vectors_are_little_endian_float32(world):
    assert vector_blob(np.array([1.0, -2.0], dtype=">f8")) == b"\x00\x00\x80\x3f\x00\x00\x00\xc0"


def test_a_name_that_is_not_utf8(world):
    library, head, _ = world
    add(library, head, [heard(os.fsdecode(b"/b/caf\xe9.mp3"), at(0))])
    row = row_of(library)
    assert (row["path"], row["path_bytes"], row["title"]) == ("/b/caf\\xe9.mp3", b"/b/caf\xe9.mp3", "caf\\xe9")


def test_artists_and_albums_are_entities(world):
    """One artist of two albums, and an album name that two artists share."""
    library, head, _ = world
    plan = [
        ("A", "First"),
        ("A", "Second"),
        ("A", "First"),
        ("B", "First"),
        (None, "First"),
        (None, "First"),
        ("B", None),
    ]
    add(library, head, [heard(f"/{i}.mp3", at(i), artist=a, album=b) for i, (a, b) in enumerate(plan)])
    assert names(library, "artists") == ["A", "B"]
    assert library.db.execute("SELECT name, artist_id FROM albums ORDER BY id").fetchall() == [
        *[("First", 1), ("Second", 1), ("First", 2), ("First", None)]
    ]
    ids = library.db.execute("SELECT artist_id, album_id FROM tracks ORDER BY id").fetchall()
    assert ids == [(1, 1), (1, 2), (1, 1), (2, 3), (None, 4), (None, 4), (2, None)]


def test_heard_again_a_track_keeps_its_id(world):
    library, head, _ = world
    first, second = heard("/a.mp3", at(0), title="Old"), heard("/b.mp3", at(90))
    add(library, head, [first, second])
    add(library, head, [heard("/a.mp3", at(10), title="New", content_hash="other", excerpts=[at(10)] * 3)])
    assert tracks(library) == [(1, "/a.mp3", "embedded"), (2, "/b.mp3", "embedded")]
    assert row_of(library)["title"] == "New"
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(10))
    assert len(read_excerpts(library, 1).starts) == 3


def vector_rows(library):
    return library.db.execute("SELECT track_id, space, run_id FROM vectors ORDER BY 1, 2, 3").fetchall()


def test_another_ear_adds_a_vector_and_other_music_drops_them_all(world):
    library, head, _ = world
    add(library, head, [heard("/a.mp3", at(0), content_hash="x")])
    _, new_head = start_run(library, "embed-audio", {}, fingerprint="another ear")
    add(library, new_head, [heard("/a.mp3", at(5), content_hash="x")])
    library.db.execute("INSERT INTO vectors SELECT track_id, 'tower', run_id, dim, vector FROM vectors LIMIT 1")
    assert vector_rows(library) == [(1, "audio", 1), (1, "audio", 2), (1, "tower", 1)]
    add(library, new_head, [heard("/a.mp3", at(70), content_hash="y")])
    assert vector_rows(library) == [(1, "audio", 2)], "no vector of the earlier music is left, under any run"
    assert library.db.execute("SELECT DISTINCT run_id FROM excerpts").fetchall() == [(2,)]


def test_a_failure_drops_what_an_earlier_content_had(world):
    library, head, _ = world
    add(library, head, [heard("/a.mp3", at(0)), heard("/b.mp3", at(1))])
    store_rejection(library, PendingFile("/a.mp3", 7, 8), "failed", "nothing but silence")
    row = row_of(library)
    assert (row["status"], row["reason"], row["size"], row["mtime_ns"]) == ("failed", "nothing but silence", 7, 8)
    assert (row["content_hash"], row["duration_s"]) == (None, None)
    assert vector_rows(library) == [(2, "audio", 1)]
    assert read_excerpts(library, 1).starts == []


def test_an_exclusion_drops_what_an_earlier_content_had(world):
    """Else a file that was replaced by a short one would come back with the vector of the long one."""
    library, head, _ = world
    add(library, head, [heard("/a.mp3", at(0), content_hash="long")])
    store_rejection(library, PendingFile("/a.mp3", 7, 8), "excluded", "shorter than --min-duration 30 (5 s)", 5.0)
    row = row_of(library)
    assert (row["status"], row["duration_s"], row["content_hash"]) == ("excluded", 5.0, None)
    assert vector_rows(library) == []


def test_a_new_content_is_not_adopted(world):
    library, head, folder = world
    hear(library, head, make(folder, "a.mp3", "one"), "one", at(0))
    assert not reuse_vectors(library, make(folder, "b.mp3", "two"), "two", head)
    assert len(tracks(library)) == 1


def test_a_moved_file_keeps_its_id_and_all_it_had(world):
    library, head, folder = world
    file = make(folder, "a.mp3", "one")
    hear(library, head, file, "one", at(0), title="Jóga", note="cut short")
    os.rename(file.path, folder / "moved.mp3")
    moved = PendingFile(str(folder / "moved.mp3"), 3, 99, 100)
    assert reuse_vectors(library, moved, "one", head) == file.path
    assert tracks(library) == [(1, moved.path, "embedded")]
    row = row_of(library)
    assert (row["title"], row["mtime_ns"], row["ctime_ns"], row["reason"]) == ("Jóga", 99, 100, "cut short")
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(0))


def test_a_move_is_no_change_to_the_neighbours(world):
    """A track that was never marked missing in between, as when another root was scanned."""
    library, head, folder = world
    for degrees in (0, 10, 20):
        hear(library, head, make(folder, f"{degrees}.mp3", str(degrees)), str(degrees), at(degrees))
    finish(library)
    before = library.db.execute("SELECT * FROM neighbours").fetchall()
    os.rename(folder / "10.mp3", folder / "ten.mp3")
    assert reuse_vectors(library, PendingFile(str(folder / "ten.mp3"), 2, 5), "10", head)
    assert library.db.execute("SELECT * FROM neighbours").fetchall() == before != []


def test_a_missing_track_comes_back_without_its_reason(world):
    library, head, folder = world
    file = make(folder, "a.mp3", "one")
    hear(library, head, file, "one", at(0))
    set_status(library, file.path, file.size, file.mtime_ns, "excluded", "in a folder marked .notmusic")
    assert reuse_vectors(library, file, "one", head)
    assert (row_of(library)["status"], row_of(library)["reason"]) == ("embedded", None)


def test_a_title_that_was_the_file_name_follows_the_file(world):
    library, head, folder = world
    file = make(folder, "track01.mp3", "one")
    hear(library, head, file, "one", at(0))
    os.rename(file.path, folder / "Hyperballad.mp3")
    reuse_vectors(library, PendingFile(str(folder / "Hyperballad.mp3"), 3, 1), "one", head)
    assert row_of(library)["title"] == "Hyperballad"
    assert library.db.execute("SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH 'hyperballad'").fetchall() == [(1,)]


def test_a_copy_is_a_track_of_its_own(world):
    library, head, folder = world
    facts = {"artist": "Björk", "album": "Post", "genre": "Pop", "year": 1995, "track_number": 3}
    hear(library, head, make(folder, "a.mp3", "one"), "one", at(0), excerpts=[at(1), at(2)], note="cut short", **facts)
    copy = replace(make(folder, "b.mp3", "one"), ctime_ns=9)
    assert reuse_vectors(library, copy, "one", head)
    first, second = row_of(library, 1), row_of(library, 2)
    stamps = {"size": 3, "mtime_ns": copy.mtime_ns, "ctime_ns": 9}
    changed = {"id": 2, "path": copy.path, "title": "b"} | stamps
    assert second == first | changed
    assert second["reason"] == "cut short"
    np.testing.assert_array_equal(read_vector(library, AUDIO, 2), at(0))
    np.testing.assert_array_equal(read_excerpts(library, 2).vectors, read_excerpts(library, 1).vectors)


def test_a_copy_of_an_excluded_track_does_not_inherit_the_reason(world):
    library, head, folder = world
    file = make(folder, "a.mp3", "one")
    hear(library, head, file, "one", at(0))
    set_status(library, file.path, file.size, file.mtime_ns, "excluded", "matches --exclude a*")
    reuse_vectors(library, make(folder, "b.mp3", "one"), "one", head)
    copy = row_of(library, tracks(library)[-1][0])
    assert (copy["status"], copy["reason"]) == ("embedded", None)


def test_a_file_that_was_moved_over_another(world):
    """b.mp3 was renamed to a.mp3: the track of b lives on under the name of a, and what a was is gone."""
    library, head, folder = world
    hear(library, head, make(folder, "a.mp3", "one"), "one", at(0))
    hear(library, head, make(folder, "b.mp3", "two"), "two", at(90))
    os.rename(folder / "b.mp3", folder / "a.mp3")
    file = PendingFile(str(folder / "a.mp3"), 3, 7)
    assert reuse_vectors(library, file, "two", head)
    assert tracks(library) == [(2, file.path, "embedded")]
    np.testing.assert_array_equal(read_vector(library, AUDIO, 2), at(90))
    assert vector_rows(library) == [(2, "audio", 1)]


def test_a_file_that_was_copied_over_another(world):
    library, head, folder = world
    hear(library, head, make(folder, "a.mp3", "one"), "one", at(0))
    hear(library, head, make(folder, "b.mp3", "two"), "two", at(90))
    assert reuse_vectors(library, make(folder, "a.mp3", "two"), "two", head)
    assert [(i, s) for i, _, s in tracks(library)] == [(1, "embedded"), (2, "embedded")]
    np.testing.assert_array_equal(read_vector(library, AUDIO, 1), at(90))
    assert row_of(library, 1)["content_hash"] == "two"


@pytest.mark.parametrize(("bounds", "adopted"), [((None, None), True), ((60.0, None), False), ((None, 9.0), False)])
def test_what_a_rule_leaves_out_is_not_adopted(world, bounds, adopted):
    library, head, folder = world
    hear(library, head, make(folder, "a.mp3", "one"), "one", at(0), duration=30.0)
    assert bool(reuse_vectors(library, replace(make(folder, "b.mp3", "one"), bounds=bounds), "one", head)) is adopted
    assert len(tracks(library)) == 1 + adopted


def test_only_a_vector_of_the_same_ear_is_adopted(world):
    library, head, folder = world
    file = make(folder, "a.mp3", "one")
    hear(library, head, file, "one", at(0))
    _, new_head = start_run(library, "embed-audio", {}, fingerprint="another ear")
    assert not reuse_vectors(library, make(folder, "b.mp3", "one"), "one", new_head)
    assert reuse_vectors(library, make(folder, "b.mp3", "one"), "one", head)


def test_a_twin_that_is_gone_is_taken_before_one_that_is_there(world):
    """Two copies, one of them renamed: the renamed one keeps its id, no third track appears."""
    library, head, folder = world
    for name in ("a.mp3", "b.mp3"):
        hear(library, head, make(folder, name, "one"), "one", at(0))
    os.rename(folder / "b.mp3", folder / "c.mp3")
    set_status(library, str(folder / "b.mp3"), 3, 1, "missing", None)
    assert reuse_vectors(library, PendingFile(str(folder / "c.mp3"), 3, 1), "one", head)
    assert [(i, os.path.basename(p), s) for i, p, s in tracks(library)] == [
        *[(1, "a.mp3", "embedded"), (2, "c.mp3", "embedded")]
    ]


def test_looking_for_a_twin_does_not_walk_through_the_library(world):
    """SQLite counts its own steps: the same in a library a hundred times as large."""
    library, head, folder = world

    def steps() -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        library.db.conn.set_progress_handler(tick, 1)
        assert not reuse_vectors(library, PendingFile(str(folder / "new.mp3"), 1, 1), "new", head)
        library.db.conn.set_progress_handler(None, 0)
        return count

    add(library, head, [heard(f"/{number}.mp3", at(number)) for number in range(10)])
    small = steps()
    add(library, head, [heard(f"/more/{number}.mp3", at(number)) for number in range(1_000)])
    assert steps() < 2 * small


def test_pruning_removes_what_is_missing_and_nothing_else(world):
    library, head, _ = world
    add(library, head, [heard(f"/{i}.mp3", at(i)) for i in range(4)])
    set_status(library, "/1.mp3", 1, 1, "missing", None)
    set_status(library, "/3.mp3", 1, 1, "missing", None)
    set_status(library, "/bad.mp3", 1, 1, "failed", "not audio")
    assert prune_missing(library) == 2
    assert [path for _, path, _ in tracks(library)] == ["/0.mp3", "/2.mp3", "/bad.mp3"]
    assert vector_rows(library) == [(1, "audio", 1), (3, "audio", 1)]
    assert prune_missing(library) == 0


def test_what_was_listened_to_keeps_its_name_when_its_file_is_pruned(world):
    library, head, _ = world
    add(library, head, [heard(f"/{i}.mp3", at(i), artist="Ann", title=f"Song {i}") for i in range(3)])
    run, _ = start_run(library, "train-tower", {})
    store_tower_vectors(library, run, np.array([1, 2]), np.stack([at(0), at(1)]))
    library.db.execute("INSERT INTO tracks (title, status, linked_id) VALUES ('Song 0, too', 'catalog', 1)")
    for path in ("/0.mp3", "/1.mp3"):
        set_status(library, path, 1, 1, "missing", None)
    assert prune_missing(library, [1, 3, 99]) == 2  # 3 is listened to as well, and still there
    left = library.db.execute("SELECT id, path, title, status FROM tracks WHERE id <> 4 ORDER BY id").fetchall()
    assert left == [(1, None, "Song 0", "catalog"), (3, "/2.mp3", "Song 2", "embedded")]
    assert vector_rows(library) == [(1, "tower", run), (3, "audio", 1)]
    assert library.db.execute("SELECT linked_id FROM tracks WHERE title = 'Song 0, too'").fetchall() == [(None,)]
    assert prune_missing(library, [1, 3]) == 0
    add(library, head, [heard("/new.mp3", at(0), artist="Ann", title="Song 0")])  # the file comes back elsewhere
    assert [(pair.catalog.id, pair.file.id) for pair in find_links(library).matches] == [(1, 7)]


def test_a_track_half_stored_is_not_stored(world):
    """The caller's transaction holds all of it: a mistake in the last excerpt undoes the row and the vector."""
    library, head, _ = world
    track = heard("/a.mp3", at(0), excerpts=[at(0), at(1)], starts=[0.0])
    with pytest.raises(ValueError, match="zip"), library.transaction():
        store_track(library, track, head)
    assert (tracks(library), vector_rows(library)) == ([], [])
