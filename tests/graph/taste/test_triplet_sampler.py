"""Triplets by graph distance: worked by hand on a chain, and as laws on random graphs."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.graph.bfs import MAX_HOPS, UNREACHABLE
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste import triplet_sampler
from earshot.graph.taste.track_graph import TrackGraph
from earshot.graph.taste.triplet_sampler import (
    DRAWS_PER_ANCHOR,
    MIN_NEGATIVE_HOPS,
    TripletSampler,
    draw_triplets,
    held_out_triplets,
)

# Tracks 0 - 1 - 2 - 3 in a chain, 4 - 5 apart from them, 6 with nobody.
CHAIN = TrackGraph("likes", build_graph([0, 1, 2, 4], [1, 2, 3, 5], n_nodes=7), np.arange(7))


def test_closer_is_likelier():
    """From track 0, with a decay of 1/2: track 1 at one hop is twice as likely as track 2 at two; 3 is too far."""
    sampler = TripletSampler([CHAIN], np.arange(7), TasteConfig(near_hops=2, decay=0.5))
    rng = np.random.default_rng(0)
    drawn = np.concatenate([sampler.batch(np.zeros(100, dtype=np.int64), rng).positive_rows for _ in range(60)])
    shares = np.bincount(drawn, minlength=7) / len(drawn)
    np.testing.assert_allclose(shares, [0, 2 / 3, 1 / 3, 0, 0, 0, 0], atol=0.03)


def test_a_track_that_nobody_likes_has_only_itself():
    batch = TripletSampler([CHAIN], np.arange(7), TasteConfig()).batch(np.array([6, 4]), np.random.default_rng(0))
    assert batch.positive_rows.tolist() == [6, 5]
    n = UNREACHABLE
    assert batch.hops.tolist() == [[0, n, 0, n], [n, 0, n, 1]]  # candidates: 6, 4, then 6, 5
    assert batch.negative_candidates(2).tolist() == [[False, True, False, True], [True, False, True, False]]


def test_affinity_of_a_batch_by_hand():
    """Anchors 0 and 2, positives 1 and 3. From 0: 2 is two hops away, 1 one, 3 three, so 1/4, 1/2 and nothing; scaled
    to 1/3 and 2/3. The anchor itself has as large a say as the graph. From 2: 0 is two hops away, 1 and 3 one."""
    sampler = TripletSampler([CHAIN], np.arange(7), TasteConfig(loss="graded", near_hops=2, decay=0.5, own_share=1.0))
    positives = np.array([1, 3])
    sampler._draw_positives = lambda anchors, rng: positives
    batch = sampler.batch(np.array([0, 2]), np.random.default_rng(0))
    np.testing.assert_allclose(batch.affinity, [[1 / 2, 1 / 6, 1 / 3, 0], [1 / 10, 1 / 2, 1 / 5, 1 / 5]], atol=1e-6)


def test_with_no_share_of_its_own_a_track_that_nobody_likes_still_has_itself():
    sampler = TripletSampler([CHAIN], np.arange(7), TasteConfig(loss="graded", near_hops=1, own_share=0.0))
    batch = sampler.batch(np.array([6, 4]), np.random.default_rng(0))  # the positive of 4 is 5
    np.testing.assert_allclose(batch.affinity, [[1 / 2, 0, 1 / 2, 0], [0, 0, 0, 1]])


def test_a_large_library_is_looked_at_in_parts(monkeypatch):
    sampler = TripletSampler([CHAIN], np.arange(7), TasteConfig())
    anchors = np.array([0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3])
    whole = sampler.batch(anchors, np.random.default_rng(3)).positive_rows
    monkeypatch.setattr("earshot.graph.taste.triplet_sampler._MAX_PAIRS", 20)  # fewer than three anchors at a time
    assert (sampler.batch(anchors, np.random.default_rng(3)).positive_rows == whole).all()


def test_graphs_have_their_shares_and_the_nearest_counts():
    far = TrackGraph("other", build_graph([0], [3], n_nodes=7), np.arange(7), share=3.0)
    sampler = TripletSampler([CHAIN, far], np.arange(7), TasteConfig(near_hops=1, own_share=0.0))
    hops = sampler.hops(np.array([0]), np.arange(7))
    assert hops.tolist() == [[0, 1, 2, 1, UNREACHABLE, UNREACHABLE, UNREACHABLE]]
    rng = np.random.default_rng(0)
    drawn = np.concatenate([sampler.batch(np.zeros(100, dtype=np.int64), rng).positive_rows for _ in range(60)])
    np.testing.assert_allclose(np.bincount(drawn, minlength=7) / len(drawn), [0, 0.25, 0, 0.75, 0, 0, 0], atol=0.03)


def test_an_epoch_has_every_track_once_in_batches_of_like_size():
    sampler = TripletSampler([], np.arange(3, 50), TasteConfig())
    batches = list(sampler.epoch(np.random.default_rng(1), 20))
    assert [len(batch.anchor_rows) for batch in batches] == [24, 23]
    assert sorted(np.concatenate([batch.anchor_rows for batch in batches]).tolist()) == list(range(3, 50))
    assert all((batch.positive_rows == batch.anchor_rows).all() for batch in batches), "without a graph, crops alone"
    again = list(sampler.epoch(np.random.default_rng(1), 20))
    assert all((one.anchor_rows == other.anchor_rows).all() for one, other in zip(batches, again, strict=True))


@pytest.mark.parametrize("gap", [1, 2])
def test_held_out_triplets_obey_the_distances(gap, rng):
    n, n_edges = 60, 80
    graph = TrackGraph("random", build_graph(rng.integers(n, size=n_edges), rng.integers(n, size=n_edges), n_nodes=n),
                       np.arange(n))  # fmt: skip
    held_out = np.arange(0, 60, 2)
    config = TasteConfig(near_hops=2, gap=gap)
    triplets = held_out_triplets([graph], held_out, config, n=300)
    assert len(triplets) and set(triplets.ravel().tolist()) <= set(held_out.tolist())
    alone = TripletSampler([graph.without(np.arange(1, 60, 2))], held_out, config)
    for anchor, positive, negative in triplets[:100].tolist():
        near, far = alone.hops(np.array([anchor]), np.array([positive, negative]))[0].tolist()
        assert anchor != positive and near <= 2 and far >= near + gap
    assert (held_out_triplets([graph], held_out, config, n=300) == triplets).all()


def test_without_a_graph_there_is_nothing_to_ask():
    assert held_out_triplets([], np.arange(4), TasteConfig()).shape == (0, 3)


# 0 - 1 - 2 - 3 - 4 - 5 - 6, and 7 alone
PATH = build_graph(range(6), range(1, 7), n_nodes=8)


def test_on_a_path(rng):
    drawn = draw_triplets(PATH, np.arange(8), np.array([0]), rng)
    anchors, positives, negatives = drawn.triplets.T
    assert set(anchors) == {0} and len(anchors) == DRAWS_PER_ANCHOR
    assert set(positives) == {1}
    assert set(negatives) <= {3, 4, 5, 6, 7}
    assert set(drawn.pairs[:, 0]) == {0} and set(drawn.pairs[:, 1]) <= set(range(1, 8))
    expected = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 5, 7: 5}  # beyond four hops, and without a way, five
    assert all(expected[other] == hops for _, other, hops in drawn.pairs.tolist())


def test_directions_do_not_count(rng):
    directed = build_graph([1], [0], n_nodes=3, directed=True)
    drawn = draw_triplets(directed, np.arange(3), np.array([0]), rng)
    assert set(drawn.triplets[:, 1]) == {1} and set(drawn.triplets[:, 2]) == {2}


def test_tracks_of_one_node_are_not_asked_against_each_other(rng):
    """Tracks 0, 1 and 2 are at node 0, 3 at node 1, 4 at node 7."""
    drawn = draw_triplets(PATH, np.array([0, 0, 0, 1, 7]), np.arange(3), rng)
    assert [set(column) for column in drawn.triplets.T] == [{0, 1, 2}, {3}, {4}]
    assert set(drawn.pairs[:, 1]) == {3, 4}


def test_tracks_that_the_graph_does_not_know(rng):
    node_rows = np.array([-1, 0, 1, 7, -1])
    drawn = draw_triplets(PATH, node_rows, np.arange(5), rng)
    assert {0, 4} & {*drawn.triplets.ravel(), *drawn.pairs[:, :2].ravel()} == set()
    nothing = draw_triplets(PATH, np.full(5, -1), np.arange(5), rng)
    assert len(nothing.triplets) == len(nothing.pairs) == 0


def test_where_all_are_near_no_triplet_is_asked(rng):
    triangle = build_graph([0, 1, 2], [1, 2, 0], n_nodes=3)
    drawn = draw_triplets(triangle, np.arange(3), np.arange(3), rng)
    assert len(drawn.triplets) == 0 and set(drawn.pairs[:, 2]) == {1}


def test_of_many_anchors_some_are_drawn(rng, monkeypatch):
    monkeypatch.setattr(triplet_sampler, "MAX_ANCHORS", 3)
    assert len(set(draw_triplets(PATH, np.arange(8), np.arange(8), rng).pairs[:, 0])) == 3


def test_one_seed_one_set_of_questions():
    one, again = (draw_triplets(PATH, np.arange(8), np.arange(8), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.triplets, again.triplets)
    np.testing.assert_array_equal(one.pairs, again.pairs)


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

    for anchor, positive, negative in drawn.triplets.tolist():
        assert hops(anchor, positive) == 1 and hops(anchor, negative) >= MIN_NEGATIVE_HOPS
    for first, second, distance in drawn.pairs.tolist():
        assert hops(first, second) == distance != 0


def test_questions_introduce_themselves(rng):
    text = repr(draw_triplets(PATH, np.arange(8), np.array([0]), rng))
    assert text == "<GraphTriplets: 20 triplets, 20 pairs>"
