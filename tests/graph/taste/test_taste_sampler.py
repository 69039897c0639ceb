"""Triplets by graph distance: worked by hand on a chain, and as laws on random graphs."""

import numpy as np
import pytest

from earshot.graph.bfs import UNREACHABLE
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.taste_sampler import TasteSampler, held_out_triplets
from earshot.graph.taste.track_graph import TrackGraph

# Tracks 0 - 1 - 2 - 3 in a chain, 4 - 5 apart from them, 6 with nobody.
CHAIN = TrackGraph("likes", build_graph([0, 1, 2, 4], [1, 2, 3, 5], n_nodes=7), np.arange(7))


def test_closer_is_likelier():
    """From track 0, with a decay of 1/2: track 1 at one hop is twice as likely as track 2 at two; 3 is too far."""
    sampler = TasteSampler([CHAIN], np.arange(7), TasteConfig(near_hops=2, decay=0.5))
    rng = np.random.default_rng(0)
    drawn = np.concatenate([sampler.batch(np.zeros(100, dtype=np.int64), rng).positive_rows for _ in range(60)])
    shares = np.bincount(drawn, minlength=7) / len(drawn)
    np.testing.assert_allclose(shares, [0, 2 / 3, 1 / 3, 0, 0, 0, 0], atol=0.03)


def test_a_track_that_nobody_likes_has_only_itself():
    batch = TasteSampler([CHAIN], np.arange(7), TasteConfig()).batch(np.array([6, 4]), np.random.default_rng(0))
    assert batch.positive_rows.tolist() == [6, 5]
    n = UNREACHABLE
    assert batch.hops.tolist() == [[0, n, 0, n], [n, 0, n, 1]]  # candidates: 6, 4, then 6, 5
    assert batch.same_track().tolist() == [[True, False, True, False], [False, True, False, False]]


def test_affinity_of_a_batch_by_hand():
    """Anchors 0 and 2, positives 1 and 3. From 0: 2 is two hops away, 1 one, 3 three, so 1/4, 1/2 and nothing; scaled
    to 1/3 and 2/3. The anchor itself has as large a say as the graph. From 2: 0 is two hops away, 1 and 3 one."""
    sampler = TasteSampler([CHAIN], np.arange(7), TasteConfig(loss="graded", near_hops=2, decay=0.5, own_share=1.0))
    positives = np.array([1, 3])
    sampler._draw_positives = lambda anchors, rng: positives
    batch = sampler.batch(np.array([0, 2]), np.random.default_rng(0))
    np.testing.assert_allclose(batch.affinity, [[1 / 2, 1 / 6, 1 / 3, 0], [1 / 10, 1 / 2, 1 / 5, 1 / 5]], atol=1e-6)


def test_with_no_share_of_its_own_a_track_that_nobody_likes_still_has_itself():
    sampler = TasteSampler([CHAIN], np.arange(7), TasteConfig(loss="graded", near_hops=1, own_share=0.0))
    batch = sampler.batch(np.array([6, 4]), np.random.default_rng(0))  # the positive of 4 is 5
    np.testing.assert_allclose(batch.affinity, [[1 / 2, 0, 1 / 2, 0], [0, 0, 0, 1]])


def test_a_large_library_is_looked_at_in_parts(monkeypatch):
    sampler = TasteSampler([CHAIN], np.arange(7), TasteConfig())
    anchors = np.array([0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3])
    whole = sampler.batch(anchors, np.random.default_rng(3)).positive_rows
    monkeypatch.setattr("earshot.graph.taste.taste_sampler._MAX_PAIRS", 20)  # fewer than three anchors at a time
    assert (sampler.batch(anchors, np.random.default_rng(3)).positive_rows == whole).all()


def test_graphs_have_their_shares_and_the_nearest_counts():
    far = TrackGraph("other", build_graph([0], [3], n_nodes=7), np.arange(7), share=3.0)
    sampler = TasteSampler([CHAIN, far], np.arange(7), TasteConfig(near_hops=1, own_share=0.0))
    hops = sampler.hops(np.array([0]), np.arange(7))
    assert hops.tolist() == [[0, 1, 2, 1, UNREACHABLE, UNREACHABLE, UNREACHABLE]]
    rng = np.random.default_rng(0)
    drawn = np.concatenate([sampler.batch(np.zeros(100, dtype=np.int64), rng).positive_rows for _ in range(60)])
    np.testing.assert_allclose(np.bincount(drawn, minlength=7) / len(drawn), [0, 0.25, 0, 0.75, 0, 0, 0], atol=0.03)


def test_an_epoch_has_every_track_once_in_batches_of_like_size():
    sampler = TasteSampler([], np.arange(3, 50), TasteConfig())
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
    alone = TasteSampler([graph.without(np.arange(1, 60, 2))], held_out, config)
    for anchor, positive, negative in triplets[:100].tolist():
        near, far = alone.hops(np.array([anchor]), np.array([positive, negative]))[0].tolist()
        assert anchor != positive and near <= 2 and far >= near + gap
    assert (held_out_triplets([graph], held_out, config, n=300) == triplets).all()


def test_without_a_graph_there_is_nothing_to_ask():
    assert held_out_triplets([], np.arange(4), TasteConfig()).shape == (0, 3)
