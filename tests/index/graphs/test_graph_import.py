"""An edge list between names becomes a graph between ids, or nothing at all."""

import numpy as np
import pytest

from earshot.data.tables.edge_lists import EdgeList, read_edge_list
from earshot.index.graphs.graph_store import import_graph, read_edges, stored_graphs
from earshot.index.library import LibraryError
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{artist}.mp3", at(0), artist=artist) for artist in ("Air", "Can")])
        yield library


def test_names_become_ids_and_unknown_ones_become_nodes(library, tmp_path):
    path = tmp_path / "likes.csv"
    path.write_text("source,target,weight\nAir,Can,2\nCan,Neu!,1\nair,Neu!,0.5\nNeu!,,1\n")
    done = import_graph(library, read_edge_list(path), "likes", "artist", directed=True, origin=str(path))
    edges = read_edges(library, ["likes"])
    # Air 1, Can 2, Neu! is new and so 3; "air" is Air
    expected = [(1, 2, 2.0), (1, 3, 0.5), (2, 3, 1.0)]
    assert list(zip(edges.source_ids, edges.target_ids, edges.weights, strict=True)) == expected
    assert (done.nodes.n_nodes, done.nodes.n_matched, done.nodes.n_with_audio) == (3, 2, 2)
    assert done.graph.settings == {"names_are": "names", "n_malformed": 1}
    again = import_graph(library, read_edge_list(path), "likes", "artist", directed=False, origin=str(path))
    assert (again.nodes.n_matched, again.graph.directed) == (3, False)
    assert [graph.kind for graph in stored_graphs(library)] == ["likes"]


def test_paths_are_found_from_the_folders_given(library):
    edges = EdgeList(["Air.mp3", "Can.mp3"], np.array([0]), np.array([1]), None, 0)
    done = import_graph(library, edges, "x", "track", directed=True, origin="", folders=["/m"])
    assert done.nodes.ids.tolist() == [1, 2] and done.graph.n_edges == 1


def test_a_graph_without_edges_leaves_no_nodes_behind(library):
    edges = EdgeList(["Neu!", "neu!"], np.array([0]), np.array([1]), None, 0)
    with pytest.raises(LibraryError, match="no edge between two different artists"):
        import_graph(library, edges, "x", "artist", directed=True, origin="")
    assert library.db.execute("SELECT count(*) FROM artists").fetchone() == (2,)
    edges = EdgeList(["1", "7"], np.array([0]), np.array([1]), None, 0)
    with pytest.raises(ValueError, match="'7' is the id of no artist"):
        import_graph(library, edges, "x", "artist", directed=True, origin="", names_are="ids")
