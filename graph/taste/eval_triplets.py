"""Triplets and pairs of tracks with known distances in a preference graph, to evaluate vectors by."""

import numpy as np

from earshot.evaluation.vector_facts import GraphTriplets
from earshot.graph.bfs import MAX_HOPS, UNREACHABLE, bfs
from earshot.graph.preference_graph import PreferenceGraph

MAX_ANCHORS = 2_000
DRAWS_PER_ANCHOR = 20
MIN_NEGATIVE_HOPS = 3  # tracks without a path are negatives, too


def draw_triplets(
    graph: PreferenceGraph, node_rows: np.ndarray, anchor_rows: np.ndarray, rng: np.random.Generator
) -> GraphTriplets:
    """Draw triplets and pairs of tracks at the nodes of a graph; two tracks of one node never make a pair.

    A positive is one hop from its anchor, a negative `MIN_NEGATIVE_HOPS` or more. A pair without a path of up to
    `MAX_HOPS` counts as one hop more than that. Edges count in both directions: liking together has none. A graph in
    which all nodes are near each other gives no triplets.

    Parameters
    ----------
    node_rows : shape (n_tracks,)
        Node of each track, -1 for tracks outside the graph.
    anchor_rows : shape (n,)
        Tracks that may be anchors; of more than `MAX_ANCHORS` in the graph, so many are drawn.
    """
    graph = graph.undirected()
    known = np.flatnonzero(node_rows >= 0)
    anchors = anchor_rows[node_rows[anchor_rows] >= 0]
    if len(anchors) > MAX_ANCHORS:
        anchors = rng.choice(anchors, MAX_ANCHORS, replace=False)
    triplets, pairs = [np.empty((0, 3), np.int64)], [np.empty((0, 3), np.int64)]
    for anchor, reached in zip(anchors, bfs(graph, node_rows[anchors], MAX_HOPS), strict=True):
        hops = reached.dense(graph.n_nodes)[node_rows[known]].astype(np.int64)  # (n_known,)
        near, far, elsewhere = known[hops == 1], known[hops >= MIN_NEGATIVE_HOPS], np.flatnonzero(hops > 0)
        if len(near) and len(far):
            positives, negatives = rng.choice(near, DRAWS_PER_ANCHOR), rng.choice(far, DRAWS_PER_ANCHOR)
            triplets.append(np.stack([np.full(DRAWS_PER_ANCHOR, anchor), positives, negatives], axis=1))
        if len(elsewhere):
            drawn = rng.choice(elsewhere, DRAWS_PER_ANCHOR)
            distances = np.where(hops[drawn] == UNREACHABLE, MAX_HOPS + 1, hops[drawn])
            pairs.append(np.stack([np.full(DRAWS_PER_ANCHOR, anchor), known[drawn], distances], axis=1))
    return GraphTriplets(*np.concatenate(triplets).T, *np.concatenate(pairs).T)
