"""Hidden nodes and whether spreading finds them again, in worlds whose answer is known."""

import networkx as nx
import numpy as np
import pytest

from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.hidden_audio_check import (
    NEAREST,
    check_recovery,
    degree_preserving_random,
    middle_ranks,
    neighbour_means,
)
from earshot.graph.preference_graph import build_graph
from library_world import random_units, unit


def homophilous_world(rng, n_nodes=240, dim=12, n_edges=6):
    """Every node has a taste on the sphere, sounds like it with some noise, and likes its nearest in taste."""
    tastes = random_units(rng, n_nodes, dim)
    sounds = tastes + 0.1 * rng.standard_normal((n_nodes, dim)).astype(np.float32)
    sounds /= np.linalg.norm(sounds, axis=1, keepdims=True)
    near = np.argsort(-(tastes @ tastes.T), axis=1)[:, 1 : n_edges + 1]
    graph = build_graph(np.repeat(np.arange(n_nodes), n_edges), near.ravel(), n_nodes=n_nodes)
    return graph, sounds


def table(values):
    return {(metric.subject, metric.metric, metric.k): metric.value for metric in values}


def test_ranks_by_hand():
    truth = np.stack([unit(1, 0), unit(0, 1), unit(1, 0)])
    guesses = np.stack([unit(2, 1), unit(2, 1), np.zeros(2, np.float32)])
    # The first guess: rows 0 and 2 tie at the top, places 1 and 2, the middle 1.5. Row 1 comes third.
    # Zeros tie with all three: the middle of 1, 2 and 3.
    assert middle_ranks(guesses, truth, np.array([0, 1, 1])).tolist() == [1.5, 3.0, 2.0]


def test_neighbour_means_by_hand():
    # Node 1 has neighbours 0 (a, weight 3) and 2 (b, weight 4); node 3 has none, and node 0 none with audio.
    graph = build_graph([0, 1], [1, 2], [3, 4], n_nodes=4)
    means = neighbour_means(graph, np.stack([unit(1, 0), unit(0, 1)]), np.array([0, 2]))
    np.testing.assert_allclose(means, [[0, 0], [0.6, 0.8], [0, 0], [0, 0]], atol=1e-6)


def test_a_shuffled_graph_keeps_degrees(rng):
    ring = build_graph(range(1_000), [*range(1, 1_000), 0], n_nodes=1_000)
    star = build_graph([0] * 30, range(1, 31), n_nodes=1_000)
    for graph in (ring, star):
        other = degree_preserving_random(graph, rng)
        lost = graph.out_degrees() - other.out_degrees()
        assert lost.min() >= 0 and lost.sum() <= 0.02 * len(graph.indices) + 30
    kept = nx.Graph(zip(np.repeat(np.arange(1_000), 2), ring.indices, strict=True))
    assert sum(kept.has_edge(row, row + 1) for row in range(999)) == 999
    mixed = degree_preserving_random(ring, rng)
    same = sum(row + 1 in mixed.indices[mixed.indptr[row] : mixed.indptr[row + 1]] for row in range(999))
    assert same < 20, "and forgets who knew whom"


@pytest.mark.parametrize("method", ["clamp", "ppr", "lightgcn"])
def test_hidden_nodes_are_found_far_better_than_by_chance(rng, method):
    graph, sounds = homophilous_world(rng)
    known = np.arange(0, 240, 2)  # half of the nodes have audio; 24 of them are hidden
    values = table(check_recovery(graph, sounds[known], known, DiffusionConfig(method, steps=3), hide=0.2, seed=1))
    assert values["chance", "hit", 1] == pytest.approx(1 / 24)
    assert values["chance", "hit", NEAREST] == pytest.approx(10 / 24)
    assert values["chance", "mrr", None] == pytest.approx(sum(1 / place for place in range(1, 25)) / 24)
    assert values["diffused", "hit", 1] > 8 * values["chance", "hit", 1]
    assert values["diffused", "hit", NEAREST] > 0.9
    assert values["diffused", "cosine", None] > 0.7
    assert values["diffused", "reached", None] == 1
    assert abs(values["random graph", "cosine", None]) < 0.3
    assert values["random graph", "mrr", None] < 0.5 * values["diffused", "mrr", None]
    assert values["diffused", "graph neighbours", NEAREST] > 2 * values["chance", "graph neighbours", NEAREST]
    assert values["audio", "graph neighbours", NEAREST] > 2 * values["chance", "graph neighbours", NEAREST]


def test_spreading_reaches_where_no_neighbour_has_audio(rng):
    """One node in ten has audio: the mean of the direct neighbours knows little, three steps know more."""
    graph, sounds = homophilous_world(rng, n_nodes=1_000, n_edges=3)
    known = rng.permutation(1_000)[:100]
    values = table(check_recovery(graph, sounds[known], known, DiffusionConfig("clamp", steps=8), hide=0.3, seed=0))
    assert values["neighbour mean", "reached", None] < 0.8 < values["diffused", "reached", None]
    assert values["diffused", "cosine", None] > values["neighbour mean", "cosine", None]
    assert values["diffused", "mrr", None] > values["neighbour mean", "mrr", None]


def test_a_graph_that_knows_nothing_recovers_nothing(rng):
    _, sounds = homophilous_world(rng)
    sources, targets = rng.integers(240, size=(2, 1_000))
    graph = build_graph(sources, targets, n_nodes=240)
    values = check_recovery(graph, sounds, np.arange(240), DiffusionConfig(), hide=0.5, seed=0)
    (cosine,) = [f for f in values if (f.subject, f.metric) == ("diffused", "cosine")]
    assert cosine.ci_low < 0 < cosine.ci_high and cosine.n == 120
    assert table(values)["diffused", "hit", 1] < 0.05


def test_a_seed_decides_what_is_hidden(rng):
    graph, sounds = homophilous_world(rng)
    one, same, other = (
        check_recovery(graph, sounds, np.arange(240), DiffusionConfig(), seed=seed) for seed in (1, 1, 2)
    )
    assert one == same != other


def test_a_graph_without_edges_finds_nothing_and_breaks_nothing(rng):
    values = table(
        check_recovery(build_graph([], [], n_nodes=20), random_units(rng, 20, 4), np.arange(20), DiffusionConfig())
    )
    assert values["diffused", "reached", None] == 0
    assert values["diffused", "mrr", None] == pytest.approx(1 / 2.5)  # the middle of four
    assert ("audio", "graph neighbours", NEAREST) not in values


@pytest.mark.parametrize(("n_known", "hide"), [(4, 0.5), (10, 0.1), (10, 1.0), (10, 0.0), (10, -0.2)])
def test_what_cannot_be_checked(rng, n_known, hide):
    graph = build_graph(range(9), range(1, 10), n_nodes=10)
    with pytest.raises(ValueError, match=f"hiding {hide:g} of {n_known} nodes with audio: the check hides two or more"):
        check_recovery(graph, random_units(rng, n_known, 3), np.arange(n_known), DiffusionConfig(), hide=hide)
