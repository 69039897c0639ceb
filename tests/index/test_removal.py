"""Removed imports leave the names that others need, and nothing else."""

import numpy as np
import pytest

from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import LibraryError
from earshot.index.listens.playlist_store import import_playlists
from earshot.index.listens.stored_interactions import find_user, read_interactions
from earshot.index.recordings.never_list import never_recordings
from earshot.index.recordings.recordings import group_recordings, recording_ids, store_same
from earshot.index.recordings.track_links import find_links, store_links
from earshot.index.removal import forget_listens, prune_missing
from earshot.index.tracks.track_store import set_status
from earshot.stages.playing.exclusions import exclude_or_include, listed_exclusions
from earshot.stages.playing.feedback import record_never, record_rating
from library_world import add, at, heard, open_library
from tower_world import import_table


@pytest.fixture
def library(tmp_path):
    """A file, One; two imports, of which both know Two, and only the second knows Three to Five and sam."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/1.mp3", at(0), artist="Ann", title="One")])
        head = "user,artist,title,timestamp"
        import_table(library, tmp_path / "first.csv", [head, "eve,Ann,One,5", "eve,Ann,Two,6"])
        more = ["eve,Ann,Two,9", *(f"sam,Ann,{title},9" for title in ("One", "Three", "Four", "Five"))]
        import_table(library, tmp_path / "second.csv", [head, *more])
        yield library


def titles(library):
    return [title for (title,) in library.db.execute("SELECT title FROM tracks ORDER BY id")]


def test_what_only_it_knew_goes_along(library):
    ids = dict(library.db.execute("SELECT title, id FROM tracks"))
    ends = np.array([ids["Three"]]), np.array([ids["Two"]])
    store_graph(library, "listens", "track", *ends, directed=True, origin="build-graph")
    ends = np.array([ids["Four"]]), np.array([ids["One"]])
    store_graph(library, "friends", "track", *ends, directed=True, origin="friends.csv")
    import_playlists(library, [Playlist("/p.m3u", "p", [Entry(artist="Ann", title="Five")], 0)])
    library.db.execute("UPDATE tracks SET mbid = 'm' WHERE title IN ('Three', 'Four', 'Five')")
    group_recordings(library)
    files = set((library.folder / "listens").glob("*.parquet"))
    gone = forget_listens(library, 2)
    assert (gone.n_events, gone.n_users, gone.n_tracks) == (5, 1, 1) and gone.origin.endswith("second.csv")
    assert titles(library) == ["One", "Two", "Four", "Five"]
    assert recording_ids(library) == {ids["Five"]: ids["Four"]}  # without the one that counted for all
    assert library.db.execute("SELECT name FROM users").fetchall() == [("eve",)]
    assert library.db.execute("SELECT kind FROM graphs").fetchall() == [("friends",)]
    assert len(files) == 2 and len(set((library.folder / "listens").glob("*.parquet"))) == 1
    assert len(read_interactions(library).interactions) == 2


def test_what_a_listener_said_of_a_name_keeps_it(library):
    ids = dict(library.db.execute("SELECT title, id FROM tracks"))
    record_never(library, ids["Three"], "ana")
    record_rating(library, "ana", ids["Four"], 3)
    assert forget_listens(library, 2).n_tracks == 1 and titles(library) == ["One", "Two", "Three", "Four"]
    assert never_recordings(library, find_user(library, "ana")) == [ids["Three"]]


@pytest.mark.parametrize("n_copies", [0, 1])
def test_an_exclusion_outlives_its_file(library, n_copies):
    """Of a copy that stays, and of the file when it comes back under another id."""
    head = library.value("SELECT run_id FROM spaces")
    copies = add(library, head, [heard(f"/copy {n}.mp3", at(0), artist="Ann", title="One") for n in range(n_copies)])
    store_same(library, [(1, copy, "sound", 0.9) for copy in copies])
    record_never(library, 1)
    set_status(library, "/1.mp3", 1, 1, "missing", None)
    group_recordings(library)
    for _ in range(2):
        assert never_recordings(library) == (copies or [1])
        assert [(row["id"], row["title"]) for row in listed_exclusions(library)] == [(*(copies or [1]), "One")]
        prune_missing(library)
    if not copies:
        copies = add(library, head, [heard("/back.mp3", at(0), artist="Ann", title="One")])
        store_links(library, [(pair.catalog.id, pair.file.id) for pair in find_links(library).matches])
    assert never_recordings(library) == copies
    assert exclude_or_include(library, copies[0], None, undo=True) == ["Ann - One"]
    assert never_recordings(library) == listed_exclusions(library) == []


def test_the_last_one_and_one_whose_file_is_gone(library):
    assert forget_listens(library, 2).n_tracks == 3
    for path in (library.folder / "listens").glob("*.parquet"):
        path.unlink()
    assert (forget_listens(library, 1).n_tracks, titles(library)) == (0, ["One", "Two"])
    with pytest.raises(LibraryError, match=r"There is no import 1; there are none\."):
        forget_listens(library, 1)


@pytest.mark.parametrize("is_recorded", [True, False])
@pytest.mark.parametrize("damaged", [1, 2])
def test_where_a_log_is_damaged_any_import_can_be_forgotten_and_takes_no_name_along(library, damaged, is_recorded):
    ((file,),) = library.db.execute("SELECT file FROM listens WHERE id = ?", [damaged]).fetchall()
    data = bytearray((library.folder / "listens" / file).read_bytes())
    data[4:-200] = bytes(len(data) - 204)  # the pages; its beginning, size and end are as they were
    (library.folder / "listens" / file).write_bytes(data)
    if not is_recorded:
        library.db.execute("DELETE FROM kept_files")
    before = titles(library)
    assert [(gone.n_users, gone.n_tracks) for gone in (forget_listens(library, 2), forget_listens(library, 1))] == [
        (0, 0),
        (0, 0) if damaged == 1 else (1, 1),
    ]
    assert titles(library) == (before if damaged == 1 else [title for title in before if title != "Two"])
