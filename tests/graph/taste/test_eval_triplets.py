"""Triplets and pairs of a preference graph, checked against distances by networkx."""

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earshot.graph.bfs import MAX_HOPS
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste import eval_triplets
from earshot.graph.taste.eval_triplets import DRAWS_PER_ANCHOR, MIN_NEGATIVE_HOPS, draw_triplets

# 0 - 1 - 2 - 3 - 4 - 5 - 6, and 7 alone
PATH = build_graph(range(6), range(1, 7), n_nodes=8)


def test_on_a_path(rng):
    drawn = draw_triplets(PATH, np.arange(8), np.array([0]), rng)
    assert set(drawn.anchors) == {0} and len(drawn.anchors) == DRAWS_PER_ANCHOR
    assert set(drawn.positives) == {1}
    assert set(drawn.negatives) <= {3, 4, 5, 6, 7}
    assert set(drawn.firsts) == {0} and set(drawn.seconds) <= set(range(1, 8))
    expected = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 5, 7: 5}  # beyond four hops, and without a way, five
    assert all(expected[other] == hops for other, hops in zip(drawn.seconds, drawn.hops, strict=True))


def test_directions_do_not_count(rng):
    directed = build_graph([1], [0], n_nodes=3, directed=True)
    drawn = draw_triplets(directed, np.arange(3), np.array([0]), rng)
    assert set(drawn.positives) == {1} and set(drawn.negatives) == {2}


def test_tracks_of_one_node_are_not_asked_against_each_other(rng):
    """Tracks 0, 1 and 2 are at node 0, 3 at node 1, 4 at node 7."""
    drawn = draw_triplets(PATH, np.array([0, 0, 0, 1, 7]), np.arange(3), rng)
    assert set(drawn.anchors) == {0, 1, 2} and set(drawn.positives) == {3} and set(drawn.negatives) == {4}
    assert set(drawn.seconds) == {3, 4}


def test_tracks_that_the_graph_does_not_know(rng):
    node_rows = np.array([-1, 0, 1, 7, -1])
    drawn = draw_triplets(PATH, node_rows, np.arange(5), rng)
    assert {0, 4} & {*drawn.anchors, *drawn.positives, *drawn.negatives, *drawn.firsts, *drawn.seconds} == set()
    nothing = draw_triplets(PATH, np.full(5, -1), np.arange(5), rng)
    assert len(nothing.anchors) == len(nothing.firsts) == 0


def test_where_all_are_near_no_triplet_is_asked(rng):
    triangle = build_graph([0, 1, 2], [1, 2, 0], n_nodes=3)
    drawn = draw_triplets(triangle, np.arange(3), np.arange(3), rng)
    assert len(drawn.anchors) == 0 and set(drawn.hops) == {1}


def test_of_many_anchors_some_are_drawn(rng, monkeypatch):
    monkeypatch.setattr(eval_triplets, "MAX_ANCHORS", 3)
    assert len(set(draw_triplets(PATH, np.arange(8), np.arange(8), rng).firsts)) == 3


def test_one_seed_one_set_of_questions():
    one, again = (draw_triplets(PATH, np.arange(8), np.arange(8), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.negatives, again.negatives)
    np.testing.assert_array_equal(one.hops, again.hops)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=14), st.integers(0, 9))
def test_distances_are_those_of_networkx(edges, seed):
    graph = build_graph([one for one, _ in edges], [other for _, other in edges], n_nodes=10)
    oracle = nx.Graph(edges)
    oracle.add_nodes_from(range(10))
    drawn = draw_triplets(graph, np.arange(10), np.arange(10), np.random.default_rng(seed))

    def hops(one, other):
        try:
            return min(nx.shortest_path_length(oracle, one, other), MAX_HOPS + 1)
        except nx.NetworkXNoPath:
            return MAX_HOPS + 1

    for anchor, positive, negative in zip(drawn.anchors, drawn.positives, drawn.negatives, strict=True):
        assert hops(anchor, positive) == 1 and hops(anchor, negative) >= MIN_NEGATIVE_HOPS
    for first, second, distance in zip(drawn.firsts, drawn.seconds, drawn.hops, strict=True):
        assert hops(first, second) == distance != 0


def test_questions_introduce_themselves(rng):
    text = repr(draw_triplets(PATH, np.arange(8), np.array([0]), rng))
    assert text == "<GraphTriplets: 20 triplets, 20 pairs>"
