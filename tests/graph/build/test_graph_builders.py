"""From groups of ids to edges between ids, and to the most recommended of them."""

import numpy as np
import pytest

from earshot.graph.build.graph_builders import BuiltEdges, co_occurrence_graph, tag_graph, top_in_degree


def pairs(edges):
    return set(zip(edges.source_ids.tolist(), edges.target_ids.tolist(), strict=True))


def test_ids_come_back_as_ids():
    # Items 70 and 500 share both listeners, 9 one of them.
    edges = co_occurrence_graph(np.array([0, 0, 1, 1, 1]), np.array([70, 500, 70, 500, 9]), weighting="cosine")
    assert pairs(edges) == {(70, 500), (500, 70)} and edges.directed
    assert edges.weights.tolist() == pytest.approx([1.0, 1.0])
    every = co_occurrence_graph(
        np.array([0, 0, 1, 1, 1]), np.array([70, 500, 70, 500, 9]), weighting="cosine", min_together=1
    )
    assert len(pairs(every)) == 6


def test_tags_make_undirected_edges_without_weights():
    edges = tag_graph(np.array([0, 0, 1]), np.array([70, 9, 9]))
    assert pairs(edges) == {(70, 9)} and not edges.directed and edges.weights is None


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
