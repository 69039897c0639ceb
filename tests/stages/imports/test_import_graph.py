"""Graphs from Python: read first, then imported."""

from pathlib import Path

import numpy as np
import pytest

from earshot.data.tables.edge_lists import EdgeList
from earshot.index.graphs.graph_store import read_edges, stored_graphs
from earshot.index.library import LibraryError
from earshot.stages.imports.import_graph import ImportGraphConfig, ReadGraph, import_graph, read_graph
from earshot.stages.shared.name_mapping import MappedNames
from library_world import add, at, heard, open_library


@pytest.fixture
def library(tmp_path):
    opened, _ = open_library(tmp_path / "library")
    with opened as library:
        yield library


def test_a_graph_is_read_then_imported(library, tmp_path):
    (tmp_path / "taste.csv").write_text("artist_id,friend_artist_id\n1,2\n")
    (tmp_path / "names.csv").write_text("artist_id,artist\n1,Air\n2,Can\n")
    graph = read_graph(tmp_path / "taste.csv", ImportGraphConfig(names=tmp_path / "names.csv", directed=False))
    assert graph.edges.names == ["Air", "Can"] and graph.names.level == "artist" and not graph.is_directed
    result = import_graph(library, graph)
    assert (result.graph.kind, result.graph.level, result.graph.directed) == ("taste", "artist", False)
    assert result.nodes.n_nodes == 2


def test_the_kind_of_a_config_names_the_graph(library, tmp_path):
    (tmp_path / "taste.csv").write_text("source,target\na,b\n")
    graph = read_graph(tmp_path / "taste.csv", ImportGraphConfig(kind="friends", level="artist"))
    assert import_graph(library, graph).graph.kind == "friends"


def test_an_edge_list_is_directed_unless_said(tmp_path):
    (tmp_path / "taste.csv").write_text("source,target\na,b\n")
    assert read_graph(tmp_path / "taste.csv").is_directed
    with pytest.raises(ValueError, match="who"):
        read_graph(tmp_path / "taste.csv", ImportGraphConfig(source="who"))


@pytest.fixture
def named_library(tmp_path):
    """A file by Air, and one by Can."""
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{artist}.mp3", at(0), artist=artist) for artist in ("Air", "Can")])
        yield library


def test_names_become_ids_and_unknown_ones_become_nodes(named_library, tmp_path):
    path = tmp_path / "likes.csv"
    path.write_text("source,target,weight\nAir,Can,2\nCan,Neu!,1\nair,Neu!,0.5\nNeu!,,1\n")
    done = import_graph(named_library, read_graph(path, ImportGraphConfig(level="artist")))
    edges = read_edges(named_library, ["likes"])
    # Air 1, Can 2, Neu! is new and so 3; "air" is Air
    expected = [(1, 2, 2.0), (1, 3, 0.5), (2, 3, 1.0)]
    assert list(zip(edges.source_ids, edges.target_ids, edges.weights, strict=True)) == expected
    assert (done.nodes.n_nodes, done.nodes.n_matched, done.nodes.n_with_audio) == (3, 2, 2)
    assert done.graph.settings == {"names_are": "names", "n_malformed": 1}
    again = import_graph(named_library, read_graph(path, ImportGraphConfig(level="artist", directed=False)))
    assert (again.nodes.n_matched, again.graph.directed) == (3, False)
    assert [graph.kind for graph in stored_graphs(named_library)] == ["likes"]


def graph_of(edges, level, *, names_are="auto", folders=()):
    return ReadGraph(Path("x.csv"), edges, "x", MappedNames(edges.names, level, names_are, folders, None), True)


def test_paths_are_found_from_the_folders_given(named_library):
    edges = EdgeList(["Air.mp3", "Can.mp3"], np.array([0]), np.array([1]), None, 0)
    done = import_graph(named_library, graph_of(edges, "track", folders=["/m"]))
    assert done.nodes.ids.tolist() == [1, 2] and done.graph.n_edges == 1


def test_a_graph_without_edges_leaves_no_nodes_behind(named_library):
    edges = EdgeList(["Neu!", "neu!"], np.array([0]), np.array([1]), None, 0)
    with pytest.raises(LibraryError, match="no edge between two different artists"):
        import_graph(named_library, graph_of(edges, "artist"))
    assert named_library.db.execute("SELECT count(*) FROM artists").fetchone() == (2,)
    edges = EdgeList(["1", "7"], np.array([0]), np.array([1]), None, 0)
    with pytest.raises(ValueError, match="'7' is the id of no artist"):
        import_graph(named_library, graph_of(edges, "artist", names_are="ids"))
