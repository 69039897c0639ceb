"""Statistics of a graph are those of networkx, and a neighbourhood begins with the nearest."""

import networkx as nx
import numpy as np
import pytest

from earshot.graph.graph_files import as_networkx
from earshot.graph.graph_statistics import graph_statistics, neighbourhood
from earshot.graph.preference_graph import build_graph


def test_a_graph_by_hand():
    # 0 -> 1 -> 2 -> 3 and 4 -> 5: in-degrees 0, 1, 1, 1, 0, 1
    found = graph_statistics(build_graph([0, 1, 2, 4], [1, 2, 3, 5], n_nodes=6, directed=True))
    assert (found.n_nodes, found.n_edges, found.directed, found.n_sources) == (6, 4, True, 6)
    assert (found.n_components, found.largest_component) == (2, pytest.approx(4 / 6))
    assert found.in_degrees["min"] == 0 and found.in_degrees["median"] == 1 and found.in_degrees["max"] == 1
    # of 30 ordered pairs: four are one hop apart, two are two, one is three, the others are out of reach
    expected = {"1": 4 / 30, "2": 2 / 30, "3": 1 / 30, "4": 0.0, "unreachable": 23 / 30}
    assert found.hop_shares == pytest.approx(expected)


@pytest.mark.parametrize("directed", [True, False])
def test_it_agrees_with_networkx(rng, directed):
    graph = build_graph(*rng.integers(0, 60, (2, 70)), n_nodes=60, directed=directed)
    oracle = as_networkx(graph, [""] * 60)
    found = graph_statistics(graph)
    parts = list(nx.weakly_connected_components(oracle) if directed else nx.connected_components(oracle))
    assert found.n_components == len(parts)
    assert found.largest_component == pytest.approx(max(map(len, parts)) / 60)
    lengths = [length for _, of in nx.all_pairs_shortest_path_length(oracle, cutoff=4) for length in of.values()]
    for hop in range(1, 5):
        assert found.hop_shares[str(hop)] == pytest.approx(lengths.count(hop) / (60 * 59))
    degrees = [degree for _, degree in (oracle.in_degree if directed else oracle.degree)]
    assert found.in_degrees["90 %"] == pytest.approx(np.quantile(degrees, 0.9))


def test_a_sample_of_sources_is_the_seeds(rng):
    graph = build_graph(*rng.integers(0, 3_000, (2, 6_000)), n_nodes=3_000)
    found = graph_statistics(graph, seed=1)
    assert found.n_sources == 500 and found == graph_statistics(graph, seed=1) != graph_statistics(graph, seed=2)


def test_no_nodes():
    found = graph_statistics(build_graph([], [], n_nodes=0))
    assert (found.n_nodes, found.n_components, found.largest_component, found.in_degrees) == (0, 0, 0.0, {})


def test_surroundings_begin_with_the_nearest_and_the_best_connected():
    # 2 -> 0, 0 -> 1, 1 -> 3, 1 -> 4: around 0 are 1 (three neighbours) and 2 (one), then 3 and 4
    graph = build_graph([2, 0, 1, 1], [0, 1, 3, 4], n_nodes=6, directed=True)
    assert neighbourhood(graph, 0, 10).tolist() == [0, 1, 2, 3, 4]
    assert neighbourhood(graph, 0, 3).tolist() == [0, 1, 2]
    assert neighbourhood(graph, 5, 3).tolist() == [5]
