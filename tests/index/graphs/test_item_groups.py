"""Groups for graphs: plays of listeners, playlists, and tags."""

import polars as pl
import pytest

from earshot.data.listens.event_batch import Batch
from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.graphs.item_groups import present_sources, read_groups
from earshot.index.listens.listen_store import import_listens
from earshot.index.listens.playlist_store import import_playlists
from library_world import add, at, collected_events, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Tracks 1 and 2 by Air on one album, 3 by Can, 4 without tags."""
    library, head = open_library(tmp_path / "library")
    tracks = [
        heard("/m/1.mp3", at(0), title="One", artist="Air", album="Moon", genre="Pop/Rock; Electronic"),
        heard("/m/2.mp3", at(1), title="Two", artist="Air", album="Moon", genre="electronic| Electronic"),
        heard("/m/3.mp3", at(2), title="Three", artist="Can", genre="Pop/Rock"),
        heard("/m/4.mp3", at(3)),
    ]
    with library:
        add(library, head, tracks)
        yield library


def listened(library, level, items):
    batch = Batch(pl.DataFrame({"user": ["me"] * len(items), "title": items, "plays": [2.0] * len(items)}))
    with collected_events(library, batch, level=level) as collector:
        import_listens(library, collector, f"digest of {level}", origin="by hand")


def members(groups):
    """The items of each group, as sets without order."""
    return {frozenset(groups.item_ids[groups.group_rows == row].tolist()) for row in set(groups.group_rows.tolist())}


def test_tags(library):
    assert present_sources(library) == ["artist", "album"]
    (artist,) = read_groups(library, "artist").values()
    assert members(artist) == {frozenset({1, 2}), frozenset({3})} and artist.level == "track"
    assert (artist.n_groups, artist.n_items, artist.counts) == (2, 3, None)
    assert members(read_groups(library, "album")["album"]) == {frozenset({1, 2})}
    # A slash is part of a genre's name; case and repetition do not count.
    assert members(read_groups(library, "genre")["genre"]) == {frozenset({1, 3}), frozenset({1, 2})}
    library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2")
    assert members(read_groups(library, "album")["album"]) == {frozenset({1})}


def test_playlists(library):
    assert read_groups(library, "playlists") == {}
    lists = [Playlist(f"/p/{n}.m3u", n, [Entry((f"/m/{t}.mp3",)) for t in n], 0) for n in ("121", "34", "x")]
    import_playlists(library, lists)
    assert present_sources(library) == ["playlists"]
    (groups,) = read_groups(library, "playlists").values()
    assert members(groups) == {frozenset({1, 2}), frozenset({3, 4})}
    assert len(groups.item_ids) == 4  # a track that stands twice on a list is there once


def test_listens_of_one_level_and_of_both(library):
    assert read_groups(library, "listens") == {}
    listened(library, "artist", ["Air", "Can"])
    assert present_sources(library) == ["listens"]
    ((kind, groups),) = read_groups(library, "listens").items()
    assert (kind, groups.level) == ("listens", "artist")
    assert (groups.group_rows.tolist(), groups.item_ids.tolist(), groups.counts.tolist()) == ([0, 0], [1, 2], [2, 2])
    listened(library, "track", ["Air - One", "Can - Three", "Nobody - Nothing"])
    both = read_groups(library, "listens")
    assert {kind: groups.level for kind, groups in both.items()} == {"listens": "track", "listens-artist": "artist"}
    assert both["listens"].item_ids.tolist() == [1, 3, 5]


def test_an_empty_library_has_nothing(tmp_path):
    library, _ = open_library(tmp_path / "empty")
    with library:
        assert present_sources(library) == []
        assert [read_groups(library, source) for source in ("listens", "playlists", "genre")] == [{}, {}, {}]


def test_sessions_are_the_groups_of_one_listener(tmp_path):
    library, _ = open_library(tmp_path / "library")
    rows = [("me", "One", 0), ("me", "Two", 200), ("me", "One", 400), ("me", "Two", 9_000), ("me", "Three", 9_300)]
    frame = pl.DataFrame(rows, schema=["user", "title", "time_s"], orient="row")
    split = {"protocol": "per-user", "share": 0.2}
    with library:
        for level, kind in (("track", "listens"), ("artist", "listens-artist")):
            with collected_events(library, Batch(frame), level=level) as collector:
                import_listens(library, collector, level, origin="by hand")
            groups = read_groups(library, "listens")[kind]
            assert members(groups) == {frozenset({1, 2}), frozenset({2, 3})} and groups.counts.tolist() == [2, 1, 1, 1]
        assert members(read_groups(library, "listens", split)["listens"]) == {frozenset({1, 2})}
