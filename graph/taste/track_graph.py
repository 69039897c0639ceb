"""Nodes of tracks in a preference graph, the distances between tracks, and the split by artist."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.graph.bfs import UNREACHABLE, bfs
from earshot.graph.preference_graph import PreferenceGraph, build_graph

_MAX_CACHE_BYTES = 2**29  # of remembered distances


@dataclass(frozen=True)
class TrackGraph:
    """A preference graph and the node of each track: the track itself, its album or its artist.

    The tracks of one node share its distances, and are at distance 0 from each other.
    """

    kind: str
    graph: PreferenceGraph
    node_rows: np.ndarray  # (n_tracks,) int64, -1 for a track outside the graph
    share: float = 1.0  # weight beside other graphs

    @classmethod
    def of_groups(cls, kind: str, group_ids: np.ndarray, share: float = 1.0) -> "TrackGraph":
        """Make a graph without edges: the tracks of a group, such as an artist, are one node; below 0 is no group."""
        groups = IdMap(np.unique(group_ids[group_ids >= 0]))
        return cls(kind, build_graph([], [], n_nodes=len(groups)), groups.find(group_ids), share)

    def __repr__(self) -> str:
        n_tracks = int((self.node_rows >= 0).sum())
        return f"<TrackGraph {self.kind}: {n_tracks:,} of {len(self.node_rows):,} tracks in {self.graph!r}>"

    def without(self, track_rows: np.ndarray) -> "TrackGraph":
        """Remove tracks, and their nodes with every path through them.

        A node stays if another of its tracks stays; a split by artist has no track on both sides.
        """
        graph, node_rows = self.graph, self.node_rows.copy()
        node_rows[track_rows] = -1
        is_removed = np.zeros(graph.n_nodes, dtype=bool)
        is_removed[np.setdiff1d(self.node_rows, node_rows)] = True
        stays = ~is_removed[graph.sources()] & ~is_removed[graph.indices]
        indptr = np.append(0, np.cumsum(stays))[graph.indptr]
        remaining = PreferenceGraph(indptr, graph.indices[stays], graph.weights[stays], graph.directed)
        return TrackGraph(self.kind, remaining, node_rows, self.share)


class TrackDistances:
    """Hops between tracks, searched on demand up to `max_hops`, and remembered; beyond is unreachable."""

    def __init__(self, graph: TrackGraph, max_hops: int) -> None:
        self.graph, self.max_hops = graph, max_hops
        self._nodes = np.unique(graph.node_rows[graph.node_rows >= 0])
        self._of_track = IdMap(self._nodes).find(graph.node_rows)  # positions in `_nodes`, -1 outside the graph
        self._weights = graph.graph.matrix()[self._nodes][:, self._nodes]  # between nodes that have tracks
        self._mean_weight = graph.graph.mean_weight
        self._searched: dict[int, np.ndarray] = {}

    def hops(self, track_rows: np.ndarray, candidate_rows: np.ndarray) -> np.ndarray:
        """Hops from each track to each candidate, shape (n_tracks, n_candidates) uint8, or `UNREACHABLE`."""
        hops = np.full((len(track_rows), len(candidate_rows)), UNREACHABLE, dtype=np.uint8)
        positions, candidates = self._of_track[track_rows], self._of_track[candidate_rows]
        self._search(positions[positions >= 0])
        for row, position in enumerate(positions):
            if position >= 0:
                hops[row] = np.where(candidates >= 0, self._searched[int(position)][candidates], UNREACHABLE)
        return hops

    def affinity(self, track_rows: np.ndarray, candidate_rows: np.ndarray, near_hops: int, decay: float) -> np.ndarray:
        """Affinity of each candidate to each track, shape (n_tracks, n_candidates) float32.

        1 for another track of the same node, ``decay ** hops`` up to `near_hops`, 0 beyond; a direct edge counts by
        its weight, relative to the graph's mean.
        """
        hops = self.hops(track_rows, candidate_rows)
        affinity = np.where(hops <= near_hops, np.float32(decay) ** hops.clip(max=near_hops), np.float32(0))
        direct = hops == 1
        if direct.any():
            positions, candidates = self._of_track[track_rows], self._of_track[candidate_rows]
            rows, columns = np.nonzero(direct)
            weights = np.asarray(self._weights[positions[rows], candidates[columns]]).ravel()
            affinity[rows, columns] *= weights / self._mean_weight
        return affinity.astype(np.float32)

    def _search(self, positions: np.ndarray) -> None:
        """Search the distances from these nodes, unless they are remembered."""
        unknown = [position for position in np.unique(positions).tolist() if position not in self._searched]
        if len(self._nodes) * (len(self._searched) + len(unknown)) > _MAX_CACHE_BYTES:
            self._searched.clear()
            unknown = np.unique(positions).tolist()
        for position, reached in zip(unknown, bfs(self.graph.graph, self._nodes[unknown], self.max_hops), strict=True):
            self._searched[position] = reached.dense(self.graph.graph.n_nodes)[self._nodes]


def split_by_group(groups: Sequence[str], share: float, seed: int) -> np.ndarray:
    """Hold out whole groups (artists), about `share` of all tracks, and return their rows, sorted.

    With an artist on both sides, the encoder would know the answer from the voice. Groups are drawn by a hash of their
    names, so in a library that has grown nearly every group stays on its side, and an encoder that goes on learning is
    hardly evaluated by tracks it has learned from. A group with more than half of all tracks is never held out.

    Raises
    ------
    ValueError
        The share is not from 0 up to 1, or there are fewer than three groups to split.
    """
    if not 0 <= share < 1:
        raise ValueError(f"held_out is {share:g}; it is a share from 0 up to, but not at, 1")
    if share == 0:
        return np.empty(0, dtype=np.int64)
    names, group_rows, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(names) < 3:
        raise ValueError(f"{len(names)} artists cannot be split into training and validation")
    draws = [hashlib.sha256(f"{seed} {name}".encode()).digest() for name in names]
    chosen, n_held_out = np.zeros(len(names), dtype=bool), 0
    for group in sorted(range(len(names)), key=draws.__getitem__):
        if n_held_out < share * len(groups) and n_held_out + sizes[group] <= max(share, 0.5) * len(groups):
            chosen[group] = True
            n_held_out += sizes[group]
    return np.flatnonzero(chosen[group_rows])
