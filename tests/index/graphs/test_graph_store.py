"""Graphs: stored and replaced as a whole, imported by names, read back unchanged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.index.graphs.graph_store import (
    find_graph,
    read_edges,
    store_graph,
    stored_graphs,
)
from earshot.index.library import LibraryError
from earshot.index.removal import prune_missing
from library_world import add, at, heard, open_library


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    library, _ = open_library(tmp_path_factory.mktemp("edges") / "library")
    with library:
        yield library


def store(library, kind, pairs, weights=None, *, directed=True, level="artist"):
    sources, targets = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    with library.transaction():
        return store_graph(library, kind, level, sources, targets, weights, directed=directed, origin="by hand")


def triples(edges):
    return list(zip(edges.source_ids.tolist(), edges.target_ids.tolist(), edges.weights.tolist(), strict=True))


def test_a_directed_graph_by_hand(library):
    # 7 -> 3 twice (the stronger stays), 3 -> 7 is another edge, and a loop goes
    graph = store(library, "x", [(7, 3), (3, 7), (7, 3), (5, 5), (3, 9)], [1.0, 2.0, 4.0, 9.0, 0.5])
    assert (graph.n_nodes, graph.n_edges, graph.directed, graph.level) == (3, 3, True, "artist")
    edges = read_edges(library, ["x"])
    assert triples(edges) == [(3, 7, 2.0), (3, 9, 0.5), (7, 3, 4.0)]
    assert repr(edges) == "<Edges 3 directed, between artists>"
    assert edges.source_ids.dtype == np.int64 and edges.weights.dtype == np.float32


def test_an_undirected_edge_is_one_row_from_the_lesser_id(library):
    graph = store(library, "x", [(7, 3), (3, 7), (9, 3)], [1.0, 2.0, 0.5], directed=False)
    assert (graph.n_nodes, graph.n_edges) == (3, 2)
    assert triples(read_edges(library, ["x"])) == [(3, 7, 2.0), (3, 9, 0.5)]


def test_a_graph_replaces_the_one_of_its_name_only(library):
    store(library, "x", [(1, 2), (2, 3)])
    store(library, "y", [(1, 2)], directed=False)
    store(library, "x", [(4, 5)])
    assert triples(read_edges(library, ["x"])) == [(4, 5, 1.0)]
    assert triples(read_edges(library, ["y"])) == [(1, 2, 1.0)]
    assert [(graph.kind, graph.n_edges, graph.origin) for graph in stored_graphs(library)] == [
        ("x", 1, "by hand"),
        ("y", 1, "by hand"),
    ]


def test_several_graphs_are_read_as_one(library):
    store(library, "x", [(4, 5)])
    store(library, "y", [(1, 2)], directed=False)
    both = read_edges(library, ["x", "y"])
    assert both.directed and triples(both) == [(4, 5, 1.0), (1, 2, 1.0), (2, 1, 1.0)]
    assert not read_edges(library, ["y"]).directed


def test_a_failed_replacement_leaves_the_old_graph(library):
    store(library, "x", [(1, 2)])
    with pytest.raises(LibraryError, match="'x' would have no edge between two different artists; nothing was kept"):
        store(library, "x", [(3, 3)])
    with pytest.raises(RuntimeError), library.transaction():
        store_graph(library, "x", "artist", np.array([8]), np.array([9]), directed=True, origin="")
        raise RuntimeError("killed")
    assert triples(read_edges(library, ["x"])) == [(1, 2, 1.0)]


def test_pruned_tracks_take_their_edges_with_them(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{name}.mp3", at(0)) for name in "abcd"])
        store(library, "t", [(1, 2), (2, 3), (3, 4)], level="track")
        store(library, "gone", [(1, 4)], level="track")
        store(library, "artists", [(1, 4)])
        library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 4")
        assert prune_missing(library) == 1
        assert triples(read_edges(library, ["t"])) == [(1, 2, 1.0), (2, 3, 1.0)]
        left = {graph.kind: (graph.n_nodes, graph.n_edges) for graph in stored_graphs(library)}
        assert left == {"t": (3, 2), "artists": (2, 1)}
        assert prune_missing(library) == 0


def test_settings_are_kept(library):
    with library.transaction():
        store_graph(
            library, "s", "track", np.array([1]), np.array([2]), directed=True, origin="f.csv", settings={"top_n": 20}
        )
    graph = find_graph(library, "s")
    assert (graph.settings, graph.origin, graph.level) == ({"top_n": 20}, "f.csv", "track")
    assert graph.made.endswith("+00:00")


def test_what_is_not_there_is_refused_by_name(library):
    store(library, "x", [(1, 2)])
    store(library, "t", [(1, 2)], level="track")
    with pytest.raises(
        LibraryError, match=r"no graph 'jazz' in this library; there are .*x.*\n\nRun `cli import-graph`"
    ):
        read_edges(library, ["jazz"])
    with pytest.raises(LibraryError, match=r"no level in common: x \(artist\), t \(track\)"):
        read_edges(library, ["x", "t"])
    with pytest.raises(LibraryError, match="no level in common: none"):
        read_edges(library, [])


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([0.5, 1.0, 2.0])), min_size=1),
    st.booleans(),
)
def test_what_is_kept_is_what_a_dictionary_keeps(library, edges, directed):
    expected: dict[tuple[int, int], float] = {}
    for source, target, weight in edges:
        key = (source, target) if directed else (min(source, target), max(source, target))
        if source != target:
            expected[key] = max(weight, expected.get(key, 0.0))
    if expected:
        store(library, "h", [edge[:2] for edge in edges], np.array([edge[2] for edge in edges]), directed=directed)
        read = triples(read_edges(library, ["h"]))
        assert {(source, target): weight for source, target, weight in read} == expected and len(read) == len(expected)
