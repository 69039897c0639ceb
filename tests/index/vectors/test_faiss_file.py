"""Index files: published whole, verified before use, never trusted against library.db."""

import json
import os
import shutil

import faiss
import numpy as np
import pytest

from earshot.index.library import Library
from earshot.index.manifest import file_hash
from earshot.index.runs import start_run
from earshot.index.tracks.track_store import set_status
from earshot.index.vectors import faiss_file
from earshot.index.vectors.ann import TYPES
from earshot.index.vectors.faiss_file import build_index, index_state, open_index
from earshot.index.vectors.spaces import AUDIO
from library_world import add, heard, open_library, random_units


@pytest.fixture
def library(tmp_path):
    """50 tracks of 4 dimensions, and their index."""
    library, head = open_library(tmp_path)
    with library:
        vectors = random_units(np.random.default_rng(3), 50, 4)
        add(library, head, [heard(f"/{number}.mp3", vector) for number, vector in enumerate(vectors)])
        build_index(library, AUDIO)
        yield library


def files(library):
    return sorted(path.name for path in library.folder.glob("*faiss*"))


def test_an_empty_library_has_no_index(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        assert build_index(library, AUDIO) is None
        assert index_state(library, AUDIO) is None
        assert open_index(library, AUDIO) == (None, "there is no index yet")


def test_a_built_index_says_what_it_is(library):
    state = build_index(library, AUDIO, "hnsw", target=0.9)
    assert (state.type, state.asked_type, state.target_recall) == ("hnsw", "hnsw", 0.9)
    assert (state.n_vectors, state.settings, state.problem) == (50, {"efSearch": 128}, None)
    assert state.recall_at_10 >= 0.9
    assert state == index_state(library, AUDIO, verify=True)
    assert files(library) == [state.path.name]
    row = library.db.execute("SELECT name, hash, run_id, revision, settings FROM index_files").fetchall()
    (name, digest, run, revision, settings), *more = row
    assert (name, run, json.loads(settings), more) == (f"audio-{digest[:12]}.faiss", 1, {"efSearch": 128}, [])
    assert revision == library.db.execute("SELECT revision FROM spaces").fetchone()[0]


def test_the_index_answers_with_the_ids_of_tracks(library):
    index, problem = open_index(library, AUDIO)
    assert problem is None
    query = np.frombuffer(library.db.execute("SELECT vector FROM vectors WHERE track_id = 17").fetchone()[0], "<f4")
    scores, found = index.search(query[None], 1)
    assert found.tolist() == [[17]]
    assert scores[0, 0] == pytest.approx(1, abs=1e-6)


def test_the_same_vectors_give_the_same_file(library):
    before = files(library)
    build_index(library, AUDIO)
    assert files(library) == before


def test_older_files_go_when_a_new_one_is_published(library):
    (old,) = files(library)
    (library.folder / "audio-0123456789ab.faiss.unfinished").write_bytes(b"half")
    other_spaces = ["audio-x-0123456789ab.faiss", "audio-x.faiss", "tower-0123456789ab.faiss"]
    for name in other_spaces:
        (library.folder / name).write_bytes(b"of another space")
    add(library, 1, [heard("/new.mp3", random_units(np.random.default_rng(4), 1, 4)[0])])
    new = build_index(library, AUDIO).path.name
    assert new != old
    assert files(library) == sorted([new, *other_spaces])


def test_an_index_of_what_is_no_longer_there_is_forgotten(library):
    library.db.execute("DELETE FROM tracks")
    assert index_state(library, AUDIO).problem == "the library has changed since it was built"
    assert build_index(library, AUDIO) is None
    assert index_state(library, AUDIO) is None
    assert files(library) == []  # it held the vectors of all that went


def deleted(path):
    path.unlink()


def truncated(path):
    os.truncate(path, path.stat().st_size // 2)


def emptied(path):
    path.write_bytes(b"")


def with_a_flipped_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def longer(path):
    path.write_bytes(path.read_bytes() + b"\0")


def swapped_for_another_index(path):
    """A well-formed index of other vectors: FAISS itself would open it gladly."""
    other = faiss.IndexIDMap(faiss.IndexFlatIP(4))
    other.add_with_ids(np.eye(4, dtype=np.float32), np.arange(4))
    faiss.write_index(other, str(path))


def a_folder(path):
    path.unlink()
    path.mkdir()


DAMAGES = {
    deleted: "its file is gone",
    a_folder: "its file is gone",
    **dict.fromkeys((truncated, emptied, with_a_flipped_bit, longer, swapped_for_another_index), "its file is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_and_not_used(library, damage):
    path = index_state(library, AUDIO).path
    damage(path)
    assert index_state(library, AUDIO, verify=True).problem == DAMAGES[damage]
    assert open_index(library, AUDIO) == (None, DAMAGES[damage])


def test_every_single_flipped_bit_is_noticed(library):
    """One in each byte of the file, from its header to its last number."""
    path = index_state(library, AUDIO).path
    good = path.read_bytes()
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :])
        assert open_index(library, AUDIO) == (None, "its file is damaged"), place


def test_a_file_that_nobody_touched_is_verified_once(library, monkeypatch):
    verified = []
    monkeypatch.setattr(faiss_file, "file_hash", lambda path: verified.append(path) or file_hash(path))
    indexes = [open_index(library, AUDIO)[0] for _ in range(3)]
    assert indexes[0] is indexes[1] is indexes[2] and len(verified) == 1
    path = index_state(library, AUDIO).path
    content, before = path.read_bytes(), path.stat()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a failing disk leaves it, or somebody who hides
    assert open_index(library, AUDIO) == (None, "its file is damaged")
    path.write_bytes(content)
    assert open_index(library, AUDIO)[0].ntotal == 50


def a_new_track(library):
    add(library, 1, [heard("/new.mp3", random_units(np.random.default_rng(4), 1, 4)[0])])


def a_changed_vector(library):
    library.db.execute("UPDATE vectors SET vector = (SELECT vector FROM vectors WHERE track_id = 2) WHERE track_id = 1")


def a_track_less(library):
    library.db.execute("DELETE FROM tracks WHERE id = 5")


def a_missing_track(library):
    set_status(library, "/5.mp3", 1, 1, "missing", None)


def another_run(library):
    start_run(library, "embed-audio", {}, fingerprint="new ear")
    library.db.execute("UPDATE spaces SET run_id = 2")


def a_row_of_another_run(library):
    """At the very same revision."""
    start_run(library, "embed-audio", {}, fingerprint="new ear")
    library.db.execute("UPDATE index_files SET run_id = 2")


def an_older_row(library):
    """As after restoring an older index_files table from a backup."""
    library.db.execute("UPDATE index_files SET revision = revision - 1")


@pytest.mark.parametrize(
    "change",
    [a_new_track, a_changed_vector, a_track_less, a_missing_track, another_run, a_row_of_another_run, an_older_row],
)
def test_an_index_of_another_revision_is_not_used(library, change):
    change(library)
    assert index_state(library, AUDIO).problem == "the library has changed since it was built"
    assert open_index(library, AUDIO) == (None, "the library has changed since it was built")
    if library.db.execute("SELECT 1 FROM current_vectors").fetchone():
        build_index(library, AUDIO)
        assert open_index(library, AUDIO)[1] is None


def test_an_index_and_its_row_from_different_backups(library):
    """The file of an earlier generation under the name of the present one."""
    shutil.copy(index_state(library, AUDIO).path, library.folder / "earlier")
    a_new_track(library)
    shutil.move(library.folder / "earlier", build_index(library, AUDIO).path)
    assert open_index(library, AUDIO) == (None, "its file is damaged")


def test_killed_between_the_file_and_its_row(library, monkeypatch):
    """There is a file too many; the next build clears it away."""
    (old,) = files(library)
    a_new_track(library)

    def die():
        raise KeyboardInterrupt

    monkeypatch.setattr(faiss_file, "now", die)  # the last thing before the row is written
    with pytest.raises(KeyboardInterrupt):
        build_index(library, AUDIO)
    monkeypatch.undo()
    assert len(files(library)) == 2 and old in files(library)
    assert open_index(library, AUDIO) == (None, "the library has changed since it was built")
    state = build_index(library, AUDIO)
    assert files(library) == [state.path.name]
    assert open_index(library, AUDIO)[0].ntotal == 51


def test_killed_while_the_file_is_written(library, monkeypatch):
    before = files(library)
    a_new_track(library)

    def die(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", die)
    with pytest.raises(KeyboardInterrupt):
        build_index(library, AUDIO)
    monkeypatch.undo()
    assert files(library) == before
    build_index(library, AUDIO)
    assert len(files(library)) == 1


def test_a_file_that_vanishes_while_it_is_verified(library, monkeypatch):
    """Another process publishes a new one at this moment."""

    def gone(*_):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(faiss_file, "file_hash", gone)
    assert open_index(library, AUDIO) == (None, "its file cannot be read: No such file or directory")


@pytest.mark.skipif(not os.path.isfile("/proc/self/status"), reason="needs /proc")
def test_an_index_that_is_a_file_of_the_kernels(library):
    path = index_state(library, AUDIO).path
    path.unlink()
    path.symlink_to("/proc/self/status")  # as /proc/kmsg, which waits for ever
    found, problem = open_index(library, AUDIO)
    assert found is None and "is a file of the kernel's, not a regular file" in problem


def test_a_file_that_this_faiss_cannot_read(library):
    """Its hash is right: it was written so, by a version to come."""
    state = index_state(library, AUDIO)
    state.path.write_bytes(b"Zukunft" * 100)
    library.db.execute("UPDATE index_files SET hash = ?", [file_hash(state.path)])
    found, problem = open_index(library, AUDIO)
    assert found is None
    assert problem == "its file is not one of this library's (it holds b'Zuku' where 'IxMp' should be)"


@pytest.mark.parametrize("type", TYPES)
def test_a_file_read_through_the_page_cache_answers_as_it_was_built(tmp_path, type):
    rng = np.random.default_rng(5)
    vectors = random_units(rng, 10_000 if type == "ivf-pq" else 2_000, 8)
    library, head = open_library(tmp_path)
    with library:
        add(library, head, [heard(f"/{number}.mp3", vector, excerpts=[]) for number, vector in enumerate(vectors)])
        state = build_index(library, AUDIO, type)
        assert state.type == type
        in_memory, (mapped, problem) = faiss.read_index(str(state.path)), open_index(library, AUDIO)
        assert problem is None
        for one, other in zip(in_memory.search(vectors[:50], 10), mapped.search(vectors[:50], 10), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_reader_needs_no_lock(library):
    with Library.open(library.folder) as reader:
        assert open_index(reader, AUDIO)[0].ntotal == 50
