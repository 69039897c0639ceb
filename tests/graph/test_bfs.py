"""Hop distances are those of networkx, also where nothing is reached."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.graph.bfs import UNREACHABLE, bfs
from earshot.graph.preference_graph import build_graph


def test_a_path_by_hand():
    # 0 -> 1 -> 2 -> 3, and 4 apart
    graph = build_graph([0, 1, 2], [1, 2, 3], n_nodes=5, directed=True)
    (reached,) = bfs(graph, [1], max_hops=4)
    assert reached.rows.tolist() == [1, 2, 3] and reached.hops.tolist() == [0, 1, 2]
    assert reached.dense(5).tolist() == [UNREACHABLE, 0, 1, 2, UNREACHABLE]
    (back,) = bfs(graph.undirected(), [1], max_hops=1)
    assert back.dense(5).tolist() == [1, 0, 1, UNREACHABLE, UNREACHABLE]


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60),
    st.booleans(),
    st.integers(1, 5),
)
def test_it_agrees_with_networkx(n_nodes, edges, directed, max_hops):
    edges = [(source % n_nodes, target % n_nodes) for source, target in edges]
    oracle = nx.DiGraph(edges) if directed else nx.Graph(edges)
    oracle.add_nodes_from(range(n_nodes))
    graph = build_graph([s for s, _ in edges], [t for _, t in edges], n_nodes=n_nodes, directed=directed)
    for source, reached in enumerate(bfs(graph, np.arange(n_nodes), max_hops)):
        expected = nx.single_source_shortest_path_length(oracle, source, cutoff=max_hops)
        assert dict(zip(reached.rows.tolist(), reached.hops.tolist(), strict=True)) == expected
        assert (np.diff(reached.hops.astype(int)) >= 0).all()


def test_a_dense_frontier_is_counted_once(rng):
    """Large enough for both ways of collecting a frontier: by sorting and by flags."""
    n_nodes = 2_000
    sources, targets = rng.integers(0, n_nodes, (2, 20_000))
    oracle = nx.Graph(zip(sources.tolist(), targets.tolist(), strict=True))
    graph = build_graph(sources, targets, n_nodes=n_nodes)
    for reached in bfs(graph, [0, 7, 1_999], max_hops=4):
        expected = nx.single_source_shortest_path_length(oracle, int(reached.rows[0]), cutoff=4)
        assert dict(zip(reached.rows.tolist(), reached.hops.tolist(), strict=True)) == expected


def test_one_search_leaves_nothing_behind_for_the_next():
    graph = build_graph([0, 1], [1, 2], n_nodes=3)
    first, second, again = bfs(graph, [0, 2, 0], max_hops=2)
    assert first.dense(3).tolist() == again.dense(3).tolist() == [0, 1, 2]
    assert second.dense(3).tolist() == [2, 1, 0]


def test_bad_questions_are_refused_by_name():
    graph = build_graph([0], [1], n_nodes=2)
    with pytest.raises(ValueError, match="node row 2 in a graph of 2 nodes"):
        bfs(graph, [0, 2])
    with pytest.raises(ValueError, match="max_hops is 0; it lies between 1 and 254"):
        bfs(graph, [0], max_hops=0)
