"""GraphML and GEXF, read as networkx writes them and written as networkx reads them."""

import networkx as nx
import numpy as np
import pytest

from earshot.graph import graph_files
from earshot.graph.graph_files import as_networkx, read_graph_file, write_graphml
from earshot.graph.preference_graph import build_graph


def named(edges):
    names = edges.names
    pairs = [(names[s], names[t]) for s, t in zip(edges.source_rows, edges.target_rows, strict=True)]
    return dict(zip(pairs, edges.weights.tolist(), strict=True))


@pytest.mark.parametrize(("suffix", "write"), [(".graphml", nx.write_graphml), (".gexf", nx.write_gexf)])
def test_labels_weights_and_directions_are_read(tmp_path, suffix, write):
    graph = nx.DiGraph()
    graph.add_node("n1", label="Air")
    graph.add_node("n2", label="Björk")
    graph.add_node("n3", label=" ")
    graph.add_weighted_edges_from([("n1", "n2", 0.5), ("n2", "n3", 2.0), ("n3", "n1", -1.0)])
    write(graph, tmp_path / f"x{suffix}")
    edges, directed = read_graph_file(tmp_path / f"x{suffix}")
    assert directed and named(edges) == {("Air", "Björk"): 0.5, ("Björk", "n3"): 2.0}
    assert edges.n_malformed == 1 and edges.malformed == ("n3 to Air: weight -1.0",)


def test_undirected_and_unweighted(tmp_path):
    nx.write_graphml(nx.path_graph(3), tmp_path / "x.graphml")
    edges, directed = read_graph_file(tmp_path / "x.graphml")
    assert not directed and named(edges) == {("0", "1"): 1.0, ("1", "2"): 1.0}


def test_a_graph_goes_out_and_comes_back(tmp_path):
    graph = build_graph([0, 1, 2], [1, 2, 0], [1.0, 0.25, 2.0], n_nodes=4, directed=True)
    write_graphml(tmp_path / "out.graphml", graph, ["Air", "Can\x00", "<Neu!>", "Alone"])
    back = nx.read_graphml(tmp_path / "out.graphml")
    assert [label for _, label in back.nodes(data="label")] == ["Air", "Can ", "<Neu!>", "Alone"]
    assert dict(back.edges) == {("0", "1"): {"weight": 1.0}, ("1", "2"): {"weight": 0.25}, ("2", "0"): {"weight": 2.0}}


def test_networkx_sees_the_same_edges(rng):
    sources, targets = rng.integers(0, 20, (2, 60))
    for directed in (True, False):
        graph = build_graph(sources, targets, n_nodes=20, directed=directed)
        copy = as_networkx(graph, [str(row) for row in range(20)])
        assert copy.is_directed() == directed and copy.number_of_edges() == graph.n_edges
        degrees = copy.in_degree if directed else copy.degree
        assert [degree for _, degree in degrees] == graph.in_degrees().tolist()


def test_what_is_too_large_for_graphml_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_files, "MAX_EXPORT_EDGES", 2)
    graph = build_graph([0, 1, 2], [1, 2, 3], n_nodes=4)
    with pytest.raises(ValueError, match="a graph of 3 edges; GraphML is written of up to 2"):
        write_graphml(tmp_path / "x.graphml", graph, list("abcd"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.gml", "graph []", "x.gml: graph files end in .graphml, .gexf"),
        ("x.graphml", "<graphml", "x.graphml is not XML"),
        ("x.graphml", "<html></html>", "x.graphml cannot be read as GRAPHML"),
        ("x.gexf", "<html></html>", "x.gexf cannot be read as GEXF"),
        ("x.gexf", "", "x.gexf is not XML"),
    ],
)
def test_what_is_no_graph_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=words):
        read_graph_file(tmp_path / name)


def test_rows_are_small_integers(tmp_path):
    nx.write_gexf(nx.path_graph(3), tmp_path / "x.gexf")
    edges, _ = read_graph_file(tmp_path / "x.gexf")
    assert edges.source_rows.dtype == edges.target_rows.dtype == np.int32
