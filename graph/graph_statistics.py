"""Statistics of a preference graph: degrees, components, and distances between nodes."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csgraph

from earshot.graph.bfs import MAX_HOPS, bfs
from earshot.graph.preference_graph import PreferenceGraph

_QUANTILES = {"min": 0.0, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "90 %": 0.9, "99 %": 0.99, "max": 1.0}
_MIN_SOURCES, _MAX_SOURCES = 20, 500
_MAX_ENTRIES = 500_000_000  # read by all searches together: some seconds


@dataclass(frozen=True)
class GraphStatistics:
    """Statistics of one graph. Shares are in [0, 1]."""

    n_nodes: int
    n_edges: int
    directed: bool
    in_degrees: dict[str, float]  # by quantile; neighbours, in an undirected graph
    out_degrees: dict[str, float]
    n_components: int  # ignoring directions
    largest_component: float  # share of the nodes
    hop_shares: dict[str, float]  # of pairs of nodes: "1" to "4" hops apart, or "unreachable"
    n_sources: int  # nodes that the pairs were searched from


def graph_statistics(graph: PreferenceGraph, *, seed: int = 0) -> GraphStatistics:
    """Measure a graph. Distances are from a seeded sample of nodes, which is smaller for a very large graph."""
    n_components, component_rows = csgraph.connected_components(graph.matrix(), graph.directed, connection="weak")
    affordable = np.clip(_MAX_ENTRIES // (len(graph.indices) + 1), _MIN_SOURCES, _MAX_SOURCES)
    n_sources = min(int(affordable), graph.n_nodes)
    sources = np.random.default_rng(seed).choice(graph.n_nodes, n_sources, replace=False)
    counts = np.zeros(MAX_HOPS + 1, dtype=np.int64)
    for reached in bfs(graph, sources):
        counts += np.bincount(reached.hops, minlength=MAX_HOPS + 1)
    n_pairs = max(n_sources * (graph.n_nodes - 1), 1)
    shares = {str(hop): float(counts[hop] / n_pairs) for hop in range(1, MAX_HOPS + 1)}
    return GraphStatistics(
        graph.n_nodes,
        graph.n_edges,
        graph.directed,
        _quantiles(graph.in_degrees()),
        _quantiles(graph.out_degrees()),
        int(n_components),
        float(np.bincount(component_rows).max(initial=0) / max(graph.n_nodes, 1)),
        shares | {"unreachable": 1.0 - sum(shares.values())},
        n_sources,
    )


def neighbourhood(graph: PreferenceGraph, row: int, n_nodes: int) -> np.ndarray:
    """List a node and those around it, ignoring directions: the nearest first, of equals the best connected.

    Shape (at most `n_nodes`,), the node itself first; none is more than `MAX_HOPS` hops away.
    """
    both_ways = graph.undirected()
    (reached,) = bfs(both_ways, [row])
    order = np.lexsort((-both_ways.out_degrees()[reached.rows], reached.hops))
    return reached.rows[order][:n_nodes]


def _quantiles(degrees: np.ndarray) -> dict[str, float]:
    if not len(degrees):
        return {}
    return dict(zip(_QUANTILES, np.quantile(degrees, list(_QUANTILES.values())).tolist(), strict=True))
