"""The graph's arrays say what the list of edges said."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.graph.preference_graph import BuiltEdges, PreferenceGraph, build_graph, graph_from_ids, top_in_degree

edges = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.floats(0.125, 4.0, width=16)), max_size=40)


def as_edges(graph: PreferenceGraph) -> dict[tuple[int, int], float]:
    sources = np.repeat(np.arange(graph.n_nodes), graph.out_degrees())
    return dict(zip(zip(sources.tolist(), graph.indices.tolist(), strict=True), graph.weights.tolist(), strict=True))


def test_a_graph_by_hand():
    # 0 - 1 twice (0.5, then 2), 1 - 2 once, a loop at 2 that goes away, and node 3 alone
    graph = build_graph([0, 1, 2, 1], [1, 0, 2, 2], [0.5, 2.0, 9.0, 1.0], n_nodes=4)
    assert as_edges(graph) == {(0, 1): 2.0, (1, 0): 2.0, (1, 2): 1.0, (2, 1): 1.0}
    assert graph.out_degrees().tolist() == [1, 2, 1, 0]
    assert repr(graph) == "<PreferenceGraph 4 nodes, 2 undirected edges>"


def test_a_directed_graph_keeps_its_directions():
    graph = build_graph([0, 0, 2, 2], [1, 1, 1, 0], n_nodes=3, directed=True)
    assert as_edges(graph) == {(0, 1): 1.0, (2, 1): 1.0, (2, 0): 1.0}
    assert graph.in_degrees().tolist() == [1, 2, 0]  # the repeated edge counts once
    assert as_edges(graph.undirected()) == {(a, b): 1.0 for a, b in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)]}


def test_ids_become_rows_in_rising_order():
    ids, graph = graph_from_ids(np.array([30, 30, 7]), np.array([7, 500, 500]), directed=True)
    assert ids.ids([0, 1, 2]).tolist() == [7, 30, 500]
    assert as_edges(graph) == {(1, 0): 1.0, (1, 2): 1.0, (0, 2): 1.0}


def test_the_part_between_some_nodes():
    graph = build_graph([0, 1, 2, 3], [1, 2, 3, 0], [1.0, 2.0, 3.0, 4.0], n_nodes=4, directed=True)
    part = graph.subgraph(np.array([3, 0, 2]))
    assert as_edges(part) == {(0, 1): 4.0, (2, 0): 3.0} and part.directed


@given(edges, st.booleans())
def test_it_agrees_with_networkx(edges, directed):
    oracle = nx.DiGraph() if directed else nx.Graph()
    oracle.add_nodes_from(range(9))
    for source, target, weight in edges:
        if source != target:
            held = oracle.get_edge_data(source, target, {"weight": 0.0})["weight"]
            oracle.add_edge(source, target, weight=max(weight, held))
    columns = [list(column) for column in zip(*edges, strict=True)] or [[], [], []]
    graph = build_graph(*columns, n_nodes=9, directed=directed)
    expected = {}
    for source, target, weight in oracle.edges(data="weight"):
        expected[source, target] = weight
        if not directed:
            expected[target, source] = weight
    assert as_edges(graph) == expected
    assert graph.n_edges == oracle.number_of_edges()
    assert all(np.all(np.diff(part) > 0) for part in np.split(graph.indices, graph.indptr[1:-1]))


def test_what_is_no_edge_is_refused_by_name():
    with pytest.raises(ValueError, match="columns of 2, 1 and 2 edges"):
        build_graph([0, 1], [1], n_nodes=3)
    with pytest.raises(ValueError, match="node row 3 in a graph of 3 nodes"):
        build_graph([0, 3], [1, 1], n_nodes=3)
    with pytest.raises(ValueError, match="node row -1 in a graph of 3 nodes"):
        build_graph([0], [-1], n_nodes=3)
    for weight in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="weights are positive numbers"):
            build_graph([0], [1], [weight], n_nodes=3)


def test_a_graph_without_edges():
    graph = build_graph([], [], n_nodes=3)
    assert graph.n_edges == 0 and graph.out_degrees().tolist() == [0, 0, 0]


def pairs(edges):
    return set(zip(edges.source_ids.tolist(), edges.target_ids.tolist(), strict=True))


@pytest.fixture
def star():
    """1, 2, 3 and 4 recommend 9; 1 and 9 recommend 2; 3 recommends 4."""
    sources, targets = np.array([1, 2, 3, 4, 1, 9, 3]), np.array([9, 9, 9, 9, 2, 2, 4])
    return BuiltEdges(sources, targets, np.arange(1, 8, dtype=np.float32), directed=True)


def test_the_most_recommended(star):
    # in-degrees: 9 has 4, 2 has 2, 4 has 1, 1 and 3 none
    assert pairs(top_in_degree(star, top=2)) == {(2, 9), (9, 2)}
    assert pairs(top_in_degree(star, min_degree=1)) == {(2, 9), (9, 2), (4, 9)}
    assert pairs(top_in_degree(star, min_degree=2, top=5)) == {(2, 9), (9, 2)}
    assert top_in_degree(star, top=2).weights.tolist() == [2.0, 6.0]
    assert top_in_degree(star) is star
    assert pairs(top_in_degree(star, min_degree=5)) == set()


def test_of_equals_the_lower_ids_stay():
    edges = BuiltEdges(np.array([1, 2, 3]), np.array([2, 3, 1]), None, directed=True)
    assert pairs(top_in_degree(edges, top=2)) == {(1, 2)}
