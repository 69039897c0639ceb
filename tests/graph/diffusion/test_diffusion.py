"""Sound spreads over the graph: by hand, against dense algebra, against torch-geometric's own layers."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.diffusion import centred, diffuse, sound_centre
from earshot.graph.preference_graph import build_graph
from library_world import random_units, unit

A, B = unit(1, 0), unit(0, 1)
METHODS = ("clamp", "ppr", "lightgcn")


def path_graph(n_nodes, weights=None, **options):
    return build_graph(range(n_nodes - 1), range(1, n_nodes), weights, n_nodes=n_nodes, **options)


def random_graph(rng, n_nodes, n_edges):
    sources, targets = rng.integers(n_nodes, size=(2, n_edges))
    return build_graph(sources, targets, rng.uniform(0.1, 3, n_edges), n_nodes=n_nodes)


def edge_index(graph):
    """The graph as torch-geometric takes it."""
    sources = np.repeat(np.arange(graph.n_nodes), graph.out_degrees())
    return torch.from_numpy(np.stack([sources, graph.indices]).astype(np.int64)), torch.from_numpy(graph.weights)


@pytest.mark.parametrize(
    ("steps", "second"),
    [
        # A path 0-1-2-3 of degrees 1, 2, 2, 1: its ends send 1/sqrt(2) of themselves, its middles 1/2 to each other.
        (1, (1, 0)),  # x1 = a / sqrt(2)
        (2, (2, 1)),  # x1 = a / sqrt(2) + (b / sqrt(2)) / 2
        (3, (5, 2)),  # x2 was (b + a/2) / sqrt(2), so x1 = (a + b/2 + a/4) / sqrt(2)
    ],
)
def test_two_ends_of_a_path_by_hand(steps, second):
    found = diffuse(path_graph(4), np.stack([A, B]), [0, 3], DiffusionConfig("clamp", steps=steps))
    np.testing.assert_allclose(found[[0, 3]], [A, B], atol=1e-6)
    np.testing.assert_allclose(found[1], unit(*second), atol=1e-6)
    np.testing.assert_allclose(found[2], unit(*reversed(second)), atol=1e-6)
    assert found.dtype == np.float32


def test_a_strong_edge_brings_more_by_hand():
    # Weights 3 and 1 on 0-1-2: degrees 3, 4, 1, so 3 / sqrt(3 * 4) = sqrt(3) / 2 of a and 1 / sqrt(4) of b arrive.
    found = diffuse(path_graph(3, [3, 1]), np.stack([A, B]), [0, 2], DiffusionConfig("clamp", steps=1))
    np.testing.assert_allclose(found[1], [np.sqrt(3) / 2, 1 / 2], atol=1e-6)


def test_personalised_pagerank_by_hand():
    # 0-1-2-3 with loops: degrees 2, 3, 3, 2. After one step x0 = .5 (a / 2) + .5 a = .75 a, x1 = .5 a / sqrt(6) and
    # x2 = .5 b / sqrt(6); after two x1 = .5 (.75 a + .5 a / 3 + .5 b / 3) / sqrt(6), which points to (11, 2).
    config = DiffusionConfig("ppr", steps=2, alpha=0.5)
    found = diffuse(path_graph(4), np.stack([A, B]), [0, 3], config)
    np.testing.assert_allclose(found, [A, unit(11, 2), unit(2, 11), B], atol=1e-6)


def test_light_graph_convolution_by_hand():
    # 0-1-2-3: layer one has x1 = a / sqrt(2) and x2 = b / sqrt(2), layer two x1 = x2 / 2; the mean points to (2, 1).
    found = diffuse(path_graph(4), np.stack([A, B]), [0, 3], DiffusionConfig("lightgcn", steps=2))
    np.testing.assert_allclose(found, [A, unit(2, 1), unit(1, 2), B], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_what_nothing_reaches_gets_no_vector(method):
    """0-1-2-3 with one step, and 4-5 apart; only 0 has audio."""
    graph = build_graph([0, 1, 2, 4], [1, 2, 3, 5], n_nodes=7)
    near = diffuse(graph, A[None], [0], DiffusionConfig(method, steps=1))
    assert near.any(axis=1).tolist() == [True, True, False, False, False, False, False]
    far = diffuse(graph, A[None], [0], DiffusionConfig(method, steps=3))
    assert far.any(axis=1).tolist() == [True, True, True, True, False, False, False]
    np.testing.assert_array_equal(far[4:], np.zeros((3, 2)))


def test_what_cancels_out_is_no_vector_either():
    """Between a sound and its opposite there is only rounding, and rounding has no direction worth keeping."""
    third = unit(1, 2, 3)
    found = diffuse(path_graph(3, [0.3, 0.3]), np.stack([third, -third]), [0, 2], DiffusionConfig("clamp", steps=1))
    assert not found[1].any()


@pytest.mark.parametrize("method", METHODS)
def test_directions_do_not_matter(method):
    forth, both = path_graph(4, directed=True), path_graph(4)
    config = DiffusionConfig(method, steps=4)
    one, other = (diffuse(graph, B[None], [3], config) for graph in (forth, both))
    np.testing.assert_array_equal(one, other)


@st.composite
def worlds(draw):
    """A small weighted graph, and which of its nodes have audio."""
    n_nodes = draw(st.integers(2, 9))
    node = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, st.sampled_from([0.25, 1.0, 4.0])), max_size=20))
    known = sorted(draw(st.sets(node, min_size=1)))
    columns = list(zip(*edges, strict=True)) if edges else [(), (), ()]
    return build_graph(*columns, n_nodes=n_nodes), known


@settings(max_examples=30, deadline=None)
@given(worlds(), st.integers(1, 6), st.sampled_from([0.0, 0.1, 0.6]), st.integers(0, 2**31))
def test_every_method_agrees_with_dense_algebra(world, steps, alpha, seed):
    """The equations of the docstring, with whole matrices and in double precision."""
    graph, known = world
    n = graph.n_nodes
    adjacency = np.zeros((n, n))
    for row in range(n):
        for at in range(graph.indptr[row], graph.indptr[row + 1]):
            adjacency[row, graph.indices[at]] = graph.weights[at]
    looped = adjacency + np.eye(n) * (graph.weights.mean() if len(graph.weights) else 1)
    plain, loops = (m / np.sqrt(np.outer(d := np.maximum(m.sum(1), 1e-30), d)) for m in (adjacency, looped))
    vectors = random_units(np.random.default_rng(seed), len(known), 3)
    h = np.zeros((n, 3))
    h[known] = vectors

    clamp = h.copy()
    ppr = h.copy()
    layers = [h]
    for _ in range(steps):
        clamp = plain @ clamp
        clamp[known] = h[known]
        ppr = (1 - alpha) * loops @ ppr + alpha * h
        layers.append(plain @ layers[-1])
    for method, expected in {"clamp": clamp, "ppr": ppr, "lightgcn": np.mean(layers, axis=0)}.items():
        found = diffuse(graph, vectors, known, DiffusionConfig(method, steps, alpha))
        lengths = np.linalg.norm(expected, axis=1)
        assert not (lengths[~found.any(axis=1)] > 1e-4).any()
        far = lengths > 1e-3  # nearer to cancelling, rounding shows
        far[known] = False
        np.testing.assert_array_equal(found[known], vectors)
        np.testing.assert_allclose(found[far], expected[far] / lengths[far, None], atol=1e-4)


def test_it_is_what_torch_geometric_computes(rng):
    """Its layers on edge lists: slower and larger, and written by somebody else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch-geometric's own use of torch.jit.script
        from torch_geometric.data import Data
        from torch_geometric.nn import APPNP, LGConv
        from torch_geometric.transforms import FeaturePropagation
    graph = random_graph(rng, n_nodes=60, n_edges=150)
    known = np.sort(rng.permutation(60)[:20])
    vectors = random_units(rng, 20, 37)  # more than two blocks of columns
    h = torch.zeros(60, 37)
    h[known] = torch.from_numpy(vectors)
    edges, weights = edge_index(graph)

    def agrees(method, expected, **settings):
        found = diffuse(graph, vectors, known, DiffusionConfig(method, **settings))
        others = np.setdiff1d(np.arange(60), known)
        np.testing.assert_allclose(found[others], torch.nn.functional.normalize(expected).numpy()[others], atol=1e-5)

    missing = torch.ones(60, 37, dtype=torch.bool)
    missing[known] = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch: sparse CSR is in beta
        data = FeaturePropagation(missing, 7)(Data(x=h, edge_index=edges, edge_weight=weights))
    agrees("clamp", data.x, steps=7)
    agrees("ppr", APPNP(5, 0.2)(h, edges, weights / weights.mean()), steps=5, alpha=0.2)
    agrees("ppr", APPNP(3, 0.0)(h, edges, weights / weights.mean()), steps=3, alpha=0.0)  # SGC
    layers = [h]
    for _ in range(3):
        layers.append(LGConv()(layers[-1], edges, weights))
    agrees("lightgcn", torch.stack(layers).mean(0), steps=3)


def test_neighbours_in_taste_sound_alike_even_unheard(rng):
    """Four tastes, each with its sound and its own graph; 30 of 200 nodes have audio, the others find their taste."""
    tastes = np.repeat(np.arange(4), 50)
    sources = rng.integers(200, size=3_000)
    targets = rng.integers(200, size=3_000)
    alike = tastes[sources] == tastes[targets]
    alike |= rng.random(3_000) < 0.04  # one edge in ten of those that stay is noise
    graph = build_graph(sources[alike], targets[alike], n_nodes=200)
    sounds = np.eye(4, 6, dtype=np.float32)
    known = rng.permutation(200)[:30]
    for method in METHODS:
        found = diffuse(graph, sounds[tastes[known]], known, DiffusionConfig(method, steps=3))
        assert found.any(axis=1).all()
        assert ((found @ sounds.T).argmax(axis=1) == tastes).mean() > 0.95


def test_a_common_component_is_taken_away(rng):
    vectors = random_units(rng, 200, 5) + 10 * unit(1, 1, 1, 1, 1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors @ vectors.T).min() > 0.9, "all alike, as the vectors of one encoder can be"
    centre = sound_centre(vectors)
    np.testing.assert_allclose(centre, vectors.mean(axis=0), atol=1e-6)
    moved = centred(vectors, centre)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-6)
    assert abs((moved @ moved.T).mean()) < 0.02
    np.testing.assert_allclose(sound_centre(vectors, 0.5), centre / 2, atol=1e-6)
    np.testing.assert_allclose(centred(vectors, sound_centre(vectors, 0.0)), vectors, atol=1e-6)


def test_few_vectors_have_no_centre_but_themselves():
    """Subtracting the mean of two vectors would make them opposites; a single one would vanish."""
    np.testing.assert_array_equal(sound_centre(np.stack([A, B])), [0, 0])
    np.testing.assert_array_equal(centred(A[None], A), A[None])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([0, 9], "node row 9 in a graph of 4 nodes"),
        ([0, -1], "node row -1 in a graph of 4 nodes"),
        ([2, 2], "a node has two vectors"),
        ([0], r"vectors of shape \(2, 2\) for 1 nodes with audio"),
    ],
)
def test_vectors_that_fit_no_node(rows, message):
    with pytest.raises(ValueError, match=message):
        diffuse(path_graph(4), np.stack([A, B]), rows, DiffusionConfig())
