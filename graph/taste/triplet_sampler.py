"""Triplet sampling: anchors, positives and negatives by distance in preference graphs.

`TripletSampler` draws the batches that the encoder learns from, `held_out_triplets` those that validate its training,
and `draw_triplets` those that evaluate finished vectors.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from earshot.evaluation.vector_evaluation import GraphTriplets
from earshot.graph.bfs import MAX_HOPS, UNREACHABLE, bfs
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import PreferenceGraph
from earshot.graph.taste.track_graph import TrackDistances, TrackGraph

MAX_ANCHORS = 2_000  # of `draw_triplets`, as are the next two
DRAWS_PER_ANCHOR = 20
MIN_NEGATIVE_HOPS = 3  # tracks without a path are negatives, too
_MAX_PAIRS = 2**24  # of anchors and tracks in memory together, at some 30 bytes each


@dataclass(frozen=True)
class TripletBatch:
    """Anchors and positives; of the candidates that may be negatives, the loss takes semi-hard ones.

    Candidates are second views of the anchors, then the positives: column j < n is anchor j, column n + j its positive.
    A candidate of the anchor's own track is at 0 hops.
    """

    anchor_rows: np.ndarray  # (n,) tracks
    positive_rows: np.ndarray  # (n,) tracks; the anchor itself if nothing is near it
    hops: np.ndarray | None = None  # (n, 2 n) uint8, the fewest in any graph; None if the loss needs none
    affinity: np.ndarray | None = None  # (n, 2 n) float32, each row sums to one; None if the loss needs none

    @property
    def candidate_rows(self) -> np.ndarray:
        return np.concatenate([self.anchor_rows, self.positive_rows])

    def negative_candidates(self, gap: int) -> np.ndarray:
        """Mask of candidates that are at least `gap` hops farther than the positive, shape (n, 2 n)."""
        assert self.hops is not None
        hops, n = self.hops.astype(np.int64), len(self.anchor_rows)
        return hops >= hops[np.arange(n), np.arange(n) + n][:, None] + gap


class TripletSampler:
    """Sampler of training batches: near tracks are positives, and far ones of the same batch may be negatives.

    Without a graph, or for tracks outside all graphs, the only positive is the track itself in another crop.
    """

    def __init__(self, graphs: Sequence[TrackGraph], track_rows: np.ndarray, config: TasteConfig) -> None:
        self.track_rows, self.config = np.asarray(track_rows), config
        # A negative is at least `gap` hops beyond its positive; greater distances need not be distinguished.
        self._distances = [TrackDistances(graph, config.near_hops + config.gap - 1) for graph in graphs]

    def epoch(self, rng: np.random.Generator, batch_size: int) -> Iterator[TripletBatch]:
        """Yield batches in which every track is an anchor once, with a new random positive."""
        order = rng.permutation(self.track_rows)
        for anchors in np.array_split(order, max(1, round(len(order) / batch_size))):
            yield self.batch(anchors, rng)

    def batch(self, anchor_rows: np.ndarray, rng: np.random.Generator) -> TripletBatch:
        """Draw a positive for each anchor, and measure all pairs of the batch as the loss needs it."""
        positives = self._draw_positives(anchor_rows, rng)
        candidates = np.concatenate([anchor_rows, positives])
        if self.config.loss == "graded":
            return TripletBatch(anchor_rows, positives, affinity=self._shared_affinity(anchor_rows, candidates))
        return TripletBatch(anchor_rows, positives, hops=self.hops(anchor_rows, candidates))

    def hops(self, track_rows: np.ndarray, candidate_rows: np.ndarray) -> np.ndarray:
        """Fewest hops in any graph, shape (n_tracks, n_candidates) uint8; 0 for the track itself."""
        fewest = np.full((len(track_rows), len(candidate_rows)), UNREACHABLE, dtype=np.uint8)
        for distances in self._distances:
            np.minimum(fewest, distances.hops(track_rows, candidate_rows), out=fewest)
        fewest[track_rows[:, None] == candidate_rows[None]] = 0
        return fewest

    def _draw_positives(self, anchor_rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a near track for each anchor, closer ones more often; the anchor itself if none is near."""
        n_blocks = max(1, -(-len(anchor_rows) * len(self.track_rows) // _MAX_PAIRS))
        positives = []
        for anchors in np.array_split(anchor_rows, n_blocks):
            cumulated = self._graph_affinity(anchors, self.track_rows).cumsum(axis=1)  # (n, n_tracks)
            total = cumulated[:, -1]
            drawn = (cumulated > (rng.random(len(anchors)) * total)[:, None]).argmax(axis=1)
            positives.append(np.where(total > 0, self.track_rows[drawn], anchors))
        return np.concatenate(positives)

    def _graph_affinity(self, track_rows: np.ndarray, candidate_rows: np.ndarray) -> np.ndarray:
        """Sum of the graphs' affinities, each scaled to its share of a row; 0 for the track itself."""
        config = self.config
        total = np.zeros((len(track_rows), len(candidate_rows)), dtype=np.float32)
        for distances in self._distances:
            affinity = distances.affinity(track_rows, candidate_rows, config.near_hops, config.decay)
            affinity[track_rows[:, None] == candidate_rows] = 0
            share = np.float64(distances.graph.share)  # products and sums in double precision
            total += share * affinity / np.maximum(affinity.sum(axis=1, keepdims=True), 1e-12)
        return total

    def _shared_affinity(self, anchor_rows: np.ndarray, candidate_rows: np.ndarray) -> np.ndarray:
        affinity = self._graph_affinity(anchor_rows, candidate_rows)
        own_affinity = (anchor_rows[:, None] == candidate_rows[None]).astype(np.float32)
        own_affinity /= own_affinity.sum(axis=1, keepdims=True)
        affinity += self.config.own_share * own_affinity
        total = affinity.sum(axis=1, keepdims=True)
        # Without anything near, and an own_share of 0, only the track itself is left.
        return np.where(total > 0, affinity / np.maximum(total, 1e-12), own_affinity)


def held_out_triplets(
    graphs: Sequence[TrackGraph], track_rows: np.ndarray, config: TasteConfig, n: int = 2_000
) -> np.ndarray:
    """Draw triplets of held-out tracks for validation, shape (<= n, 3): anchor, positive, negative; seeded.

    The positive is a near track (never the anchor itself), the negative at least `gap` hops beyond it. `track_rows` are
    sorted.
    """
    rng = np.random.default_rng([config.seed, 1])
    held_out = [graph.without(np.setdiff1d(np.arange(len(graph.node_rows)), track_rows)) for graph in graphs]
    sampler = TripletSampler(held_out, track_rows, config)
    triplets: list[tuple[int, int, int]] = []
    for _ in range(20 * n // len(track_rows) + 1 if len(track_rows) else 0):
        for batch in sampler.epoch(rng, 256):
            hops = sampler.hops(batch.anchor_rows, sampler.track_rows)
            size = len(batch.anchor_rows)
            positive_hops = hops[np.arange(size), np.searchsorted(sampler.track_rows, batch.positive_rows)]
            is_negative = hops.astype(np.int64) >= positive_hops[:, None].astype(np.int64) + config.gap
            usable = is_negative.any(axis=1) & (batch.positive_rows != batch.anchor_rows)
            negatives = np.where(is_negative, rng.random(is_negative.shape), -1).argmax(axis=1)
            columns = (batch.anchor_rows, batch.positive_rows, sampler.track_rows[negatives])
            triplets += np.stack(columns, axis=1)[usable].tolist()
        if len(triplets) >= n or not triplets:
            break
    return np.array(triplets[:n], dtype=np.int64).reshape(-1, 3)


def draw_triplets(
    graph: PreferenceGraph, node_rows: np.ndarray, anchor_rows: np.ndarray, rng: np.random.Generator
) -> GraphTriplets:
    """Draw triplets, and pairs with their distance, to evaluate vectors by; two tracks of one node never make a pair.

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
    return GraphTriplets(np.concatenate(triplets), np.concatenate(pairs))
