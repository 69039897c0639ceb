"""Graphs of a library with the nodes of its tracks, as training and evaluation take them."""

import numpy as np
import pytest

from earshot.graph.bfs import MAX_HOPS
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.triplet_sampler import draw_triplets
from earshot.index.evaluation.audio_facts import read_track_table
from earshot.index.graphs.graph_store import store_graph
from earshot.index.library import LibraryError
from earshot.stages.shared.taste_graphs import same_artist_graph, stored_track_graphs
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    """Five tracks, 1 and 2 by Ann, the last by nobody; a path 1 > 2 > 3 > 4 > 5 of tracks, and Ann to Bob."""
    library, head = open_library(tmp_path / "library")
    artists = ["Ann", "Ann", "Bob", "Cat", None]
    with library:
        add(library, head, [heard(f"/music/{n}.mp3", at(10 * n), artist=name) for n, name in enumerate(artists)])
        with library.transaction():
            path = np.array([1, 2, 3, 4]), np.array([2, 3, 4, 5]), np.array([1, 2, 1, 3])
            store_graph(library, "liked", "track", *path, directed=True, origin="by hand")
            ends = np.array([1]), np.array([2]), np.array([1.0])
            store_graph(library, "near", "artist", *ends, directed=False, origin="by hand")
        yield library


def test_each_track_stands_at_its_node(library):
    graphs = {graph.kind: graph for graph in stored_track_graphs(library, read_track_table(library))}
    assert list(graphs) == ["liked", "near"]
    assert graphs["liked"].node_rows.tolist() == [0, 1, 2, 3, 4] and not graphs["liked"].graph.directed
    assert graphs["liked"].graph.weights[graphs["liked"].graph.indptr[1] :][:2].tolist() == [1, 2]  # of 2 to 1 and 3
    assert graphs["near"].node_rows.tolist() == [0, 0, 1, -1, -1]
    (near,) = stored_track_graphs(library, read_track_table(library), ["near"])
    assert near.kind == "near"
    with pytest.raises(LibraryError, match="wrong"):
        list(stored_track_graphs(library, read_track_table(library), ["wrong"]))


def test_questions_are_those_of_the_directed_graph(library):
    """`draw_triplets` looks in both directions itself."""
    (graph,) = stored_track_graphs(library, read_track_table(library), ["liked"])
    directed = build_graph([0, 1, 2, 3], [1, 2, 3, 4], [1, 2, 1, 3], n_nodes=5, directed=True)
    rows = np.arange(5)
    ours, theirs = (draw_triplets(one, rows, rows, np.random.default_rng(0)) for one in (graph.graph, directed))
    np.testing.assert_array_equal(ours.pairs, theirs.pairs)
    assert ours.pairs[:, 2].max() == MAX_HOPS


def test_tracks_of_one_artist_are_one_node(library):
    (graph,) = same_artist_graph(read_track_table(library))
    assert graph.kind == "same artist" and graph.node_rows.tolist() == [0, 0, 1, 2, -1] and not graph.graph.n_edges


def test_without_artists_there_is_no_such_graph(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard("/music/a.mp3", at(0))])
        assert same_artist_graph(read_track_table(library)) == []
