"""Questions that a preference graph knows the answer to, to judge an ear by."""

import numpy as np

from earshot.evaluation.vector_facts import GraphTriplets
from earshot.graph.bfs import MAX_HOPS, UNREACHABLE, bfs
from earshot.graph.preference_graph import PreferenceGraph

MAX_ANCHORS = 2_000
DRAWS_PER_ANCHOR = 20
FAR_HOPS = 3  # from here on, and where no path leads, tracks count as strangers


def draw_triplets(
    graph: PreferenceGraph, node_rows: np.ndarray, anchor_rows: np.ndarray, rng: np.random.Generator
) -> GraphTriplets:
    """Draw questions about tracks at the nodes of a graph; tracks of one node are never asked against each other.

    A positive is one hop from its anchor, a negative `FAR_HOPS` or more, and the distance of a pair that no path of
    up to `MAX_HOPS` connects is one more than that.
    Edges count in both directions: liked together has none. A graph in which everything is near everything asks no
    triplets.

    Parameters
    ----------
    node_rows : shape (n_tracks,)
        The node of each track, -1 for tracks that the graph does not know.
    anchor_rows : shape (n,)
        Tracks that may be asked about; of more than `MAX_ANCHORS` that the graph knows, so many are drawn.
    """
    graph = graph.undirected()
    known = np.flatnonzero(node_rows >= 0)
    anchors = anchor_rows[node_rows[anchor_rows] >= 0]
    if len(anchors) > MAX_ANCHORS:
        anchors = rng.choice(anchors, MAX_ANCHORS, replace=False)
    triplets, pairs = [np.empty((0, 3), np.int64)], [np.empty((0, 3), np.int64)]
    for anchor, reached in zip(anchors, bfs(graph, node_rows[anchors], MAX_HOPS), strict=True):
        hops = reached.dense(graph.n_nodes)[node_rows[known]].astype(np.int64)  # (n_known,)
        near, far, others = known[hops == 1], known[hops >= FAR_HOPS], np.flatnonzero(hops > 0)
        if len(near) and len(far):
            positives, negatives = rng.choice(near, DRAWS_PER_ANCHOR), rng.choice(far, DRAWS_PER_ANCHOR)
            triplets.append(np.stack([np.full(DRAWS_PER_ANCHOR, anchor), positives, negatives], axis=1))
        if len(others):
            drawn = rng.choice(others, DRAWS_PER_ANCHOR)
            distances = np.where(hops[drawn] == UNREACHABLE, MAX_HOPS + 1, hops[drawn])
            pairs.append(np.stack([np.full(DRAWS_PER_ANCHOR, anchor), known[drawn], distances], axis=1))
    return GraphTriplets(*np.concatenate(triplets).T, *np.concatenate(pairs).T)
