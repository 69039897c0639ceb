"""Links from Python: found, rehearsed, made by hand, and what they make stale."""

import json

import pytest

from earshot.index.library import LibraryError
from earshot.index.listens.listen_store import import_digests
from earshot.index.listens.stored_interactions import listening_key
from earshot.stages.imports.link import change_links, link
from library_world import add, at, heard, open_library
from tower_world import import_table


@pytest.fixture
def library(tmp_path):
    """File 1, One by Air; catalog track 2 of the same name."""
    opened, head = open_library(tmp_path / "library")
    with opened as library:
        add(library, head, [heard("/m/1.mp3", at(0), artist="Air", title="One")])
        library.db.execute("INSERT INTO tracks (title, artist, status) VALUES ('One!', 'AIR', 'catalog')")
        yield library


def linked(library):
    return library.db.execute("SELECT id, linked_id FROM tracks WHERE linked_id IS NOT NULL").fetchall()


def test_a_rehearsal_changes_nothing(library):
    report = link(library, dry_run=True)
    assert (len(report.linkage.matches), report.n_linked, linked(library)) == (1, 0, [])
    assert link(library).n_linked == 1 and linked(library) == [(2, 1)]


def test_links_by_hand(library):
    report = change_links(library, [(2, 1)])
    assert (report.linkage, report.n_linked, report.n_removed, report.stale) == (None, 1, 0, ())
    assert change_links(library, unlink=[2, 99]).n_removed == 1 and linked(library) == []
    with pytest.raises(LibraryError, match="1 is the id of no catalog track"):
        change_links(library, [(1, 2)])


def test_a_change_names_what_is_stale(library, tmp_path):
    """A graph of listens; one of playlists knows nothing of links."""
    import_table(library, tmp_path / "x.csv", ["user,artist,title,timestamp", "me,Air,One,5"])
    settings = json.dumps({"listening": listening_key(library), "imports": import_digests(library, "track")})
    for kind in ("listens", "playlists"):
        library.db.execute(
            "INSERT INTO graphs (kind, level, directed, origin, settings, n_nodes, n_edges, made)"
            " VALUES (?, 'track', 1, 'build-graph', ?, 0, 0, '2026-01-01')",
            [kind, settings],
        )
    assert change_links(library, [(2, 1)]).stale == ("cli build-graph --from listens",)
    assert change_links(library).stale == ()
