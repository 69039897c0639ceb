"""Preference graphs of items that share listeners, playlists, albums, artists or genres."""

from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.graph.build.co_occurrence import co_occurrence_edges
from earshot.graph.build.tag_edges import tag_edges
from earshot.graph.preference_graph import graph_from_ids


@dataclass(frozen=True)
class BuiltEdges:
    """Edges between durable ids."""

    source_ids: np.ndarray  # (n_edges,) int64
    target_ids: np.ndarray  # (n_edges,) int64
    weights: np.ndarray | None  # (n_edges,) float32
    directed: bool


def co_occurrence_graph(
    group_rows: np.ndarray,
    item_ids: np.ndarray,
    counts: np.ndarray | None = None,
    *,
    weighting: str = "ppmi",
    top_n: int = 20,
    min_together: int = 2,
) -> BuiltEdges:
    """Connect each item to those it shares most of its listeners or playlists with."""
    items = IdMap(np.unique(item_ids))
    sources, targets, weights = co_occurrence_edges(
        group_rows, items.rows(item_ids), counts,
        n_items=len(items), weighting=weighting, top_n=top_n, min_groups=min_together,
    )  # fmt: skip
    return BuiltEdges(items.ids(sources), items.ids(targets), weights, directed=True)


def tag_graph(group_rows: np.ndarray, item_ids: np.ndarray, *, top_n: int = 20, seed: int = 0) -> BuiltEdges:
    """Connect the items of each tag, with weight 1."""
    sources, targets = tag_edges(group_rows, item_ids, top_n=top_n, seed=seed)
    return BuiltEdges(sources, targets, None, directed=False)


def top_in_degree(edges: BuiltEdges, *, min_degree: int | None = None, top: int | None = None) -> BuiltEdges:
    """Keep only the edges between the nodes with the highest in-degree.

    "Reconstructing a music recommendation model" (ocramz.github.io, 2024) keeps the albums that more than ten others
    recommend, and of those the fifty most recommended.

    Parameters
    ----------
    min_degree : least in-degree of a node
    top : number of nodes, by in-degree; of equals the lower ids
    """
    if min_degree is None and top is None:
        return edges
    ids, graph = graph_from_ids(edges.source_ids, edges.target_ids, edges.weights, directed=edges.directed)
    degrees = graph.in_degrees()
    rows = np.argsort(-degrees, kind="stable")[: top if top is not None else None]
    top_ids = ids.ids(rows[degrees[rows] >= (min_degree or 0)])
    is_between = np.isin(edges.source_ids, top_ids) & np.isin(edges.target_ids, top_ids)
    weights = None if edges.weights is None else edges.weights[is_between]
    return BuiltEdges(edges.source_ids[is_between], edges.target_ids[is_between], weights, edges.directed)
