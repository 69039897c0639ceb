"""All listens of a library as cached arrays."""

import polars as pl
import pytest

from earshot.data.listens.event_batch import Batch
from earshot.index.library import Library, LibraryError
from earshot.index.listens.listen_store import import_listens, stored_listens
from earshot.index.listens.stored_interactions import find_user, read_history, read_interactions
from earshot.index.recordings.recordings import group_recordings, same_names
from earshot.stages.playing.feedback import listener_id, record_play
from library_world import add, at, collected_events, heard, open_library


def listened(library, digest, *rows, level="track"):
    batch = Batch(pl.DataFrame(rows, schema=["user", "artist", "title", "time_s"], orient="row"))
    with collected_events(library, batch, level=level) as collector:
        import_listens(library, collector, digest, origin=digest)


@pytest.fixture
def library(tmp_path):
    """Track 1 has audio; 2 is a catalog track of the listens."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/1.mp3", at(0), artist="Air", title="One")])
        listened(library, "a", ("me", "Air", "One", 5), ("me", "Can", "Two", 3), ("you", "can", "two", 4))
        yield library


def test_rows_have_ids(library):
    found = read_interactions(library)
    assert repr(found.interactions) == "<Interactions 2 users x 2 tracks, 3 events>"
    assert found.users.ids(found.interactions.user_rows).tolist() == [1, 1, 2]
    assert found.items.ids(found.interactions.track_rows).tolist() == [2, 1, 2]
    assert found.interactions.times.tolist() == [3, 5, 4]


def test_a_history_does_not_depend_on_what_others_tell(library, tmp_path):
    with pytest.raises(LibraryError, match="no listens to tracks yet"):
        read_history(open_library(tmp_path / "empty")[0], 1)
    record_play(library, "you", 1, 100, 200.0)
    record_play(library, "me", 1, 300, 200.0)
    told = {one.listener_id: library.folder / "listens" / one.file for one in stored_listens(library, "track")}
    told[find_user(library, "you")].write_bytes(b"damaged")
    assert read_history(library, find_user(library, "me"))["times"].tolist() == [3, 5, 300]
    with pytest.raises(LibraryError, match="damaged"):
        read_history(library, find_user(library, "you"))
    library.db.execute("DELETE FROM listens WHERE listener_id IS NULL")
    with library.transaction():
        new = listener_id(library, "new")
    assert [len(values) for values in read_history(library, new).values()] == [0, 0, 0, 0]


def folders(library):
    return sorted(path.name for path in (library.folder / "listens").glob("*arrays*"))


def test_they_are_made_once_and_again_after_a_change(library):
    read_interactions(library)
    (first,) = folders(library)
    with Library.open(library.folder) as reader:
        assert len(read_interactions(reader).interactions) == 3
    assert folders(library) == [first]
    listened(library, "b", ("me", "Air", "One", 5), ("me", "Air", "One", 9))  # one of them was known
    assert len(read_interactions(library).interactions) == 4
    (second,) = folders(library)
    assert second != first
    library.db.execute("UPDATE tracks SET linked_id = 1 WHERE id = 2")
    group_recordings(library)
    assert (
        read_interactions(library).items.ids([0]).tolist() == [1]
        and read_interactions(library).interactions.n_tracks == 1
    )
    assert len(folders(library)) == 1 and folders(library) != [second]


def test_a_song_on_two_albums_counts_once_where_two_imports_tell_of_it(tmp_path):
    """The first names no albums, and means one file alone; the second means the one of its album."""
    library, head = open_library(tmp_path / "library")
    schema = ["user", "artist", "title", "album", "time_s"]
    with library:
        for number, album in enumerate(("Moon", "Best of"), start=1):
            add(library, head, [heard(f"/{number}.mp3", at(50 * number), artist="Air", title="One", album=album)])
        plays = [
            ("me", "Air", "One", "Best of", 1_000),
            ("me", "Air", "one", "Best of", 1_240),
            ("me", "Air", "One", "Moon", 9_000),
        ]
        account = [(*names, None, time // 60 * 60) for *names, _, time in plays]
        for digest, rows in (("a", account), ("b", plays)):
            with collected_events(library, Batch(pl.DataFrame(rows, schema=schema, orient="row"))) as collector:
                import_listens(library, collector, digest, origin=digest)
        found = read_interactions(library)
        times, ids = found.interactions.times.tolist(), found.items.ids(found.interactions.track_rows).tolist()
        assert sorted(zip(times, ids, strict=True)) == [(1_000, 2), (1_240, 2), (9_000, 1)]
        assert same_names(library) == {2: 1}
        library.db.execute("DELETE FROM listens WHERE content_hash = 'a'")
        assert same_names(library) == {}


def test_arrays_of_an_older_version_are_made_anew(library, monkeypatch):
    read_interactions(library)
    (before,) = folders(library)
    (library.folder / "listens" / before / "weights").write_bytes(b"of another kind")
    monkeypatch.setattr("earshot.index.listens.stored_interactions.ARRAY_FORMAT", 99)
    assert read_interactions(library).interactions.weights.tolist() == [1.0] * 3
    assert len(folders(library)) == 1 and folders(library) != [before]


def test_without_listens_it_says_what_to_type(tmp_path):
    library, _ = open_library(tmp_path)
    with library, pytest.raises(LibraryError, match=r"no listens to tracks yet\.\n\nRun `cli import-listens FILE`"):
        read_interactions(library)


def test_towers_do_not_learn_from_artists(tmp_path):
    library, _ = open_library(tmp_path)
    with library:
        listened(library, "a", ("me", None, "Air", 5), level="artist")
        with pytest.raises(LibraryError, match="no listens to tracks yet; those to artists are for `cli build-graph`"):
            read_interactions(library)


def test_listens_to_artists_are_not_among_them(library):
    batch = Batch(pl.DataFrame({"user": ["me"], "title": ["Air"]}))
    with collected_events(library, batch, level="artist") as collector:
        import_listens(library, collector, "artists", origin="x")
    assert len(read_interactions(library).interactions) == 3 and len(folders(library)) == 1


def test_the_id_of_a_user(library):
    assert [find_user(library, name) for name in ("me", "you")] == [1, 2]


def test_an_unknown_user_is_refused_with_names_of_known_ones(library):
    with pytest.raises(LibraryError, match=r"No listener is called 'bob'; there are me, you\.\n"):
        find_user(library, "bob")
    library.db["users"].insert_all({"name": name} for name in ("ann", "ben", "cid", "dan"))
    with pytest.raises(LibraryError, match=r"'bob'; among 6 there are ann, ben, cid, dan, me\.\n"):
        find_user(library, "bob")
