"""Facts about tracks by which vectors are evaluated: labels, groups, and triplets of a preference graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from earshot.evaluation.metrics.vector_metrics import LabelSets


@dataclass(frozen=True)
class GraphTriplets:
    """Triplets and pairs of tracks from a preference graph; vectors should be as near as their nodes."""

    anchors: np.ndarray  # (n_triplets,) rows of tracks
    positives: np.ndarray  # (n_triplets,), near their anchor in the graph
    negatives: np.ndarray  # (n_triplets,), far from it
    firsts: np.ndarray  # (n_pairs,) rows of tracks
    seconds: np.ndarray  # (n_pairs,)
    hops: np.ndarray  # (n_pairs,), between the two in the graph

    def __repr__(self) -> str:
        return f"<GraphTriplets: {len(self.anchors):,} triplets, {len(self.firsts):,} pairs>"


@dataclass(frozen=True)
class TrackFacts:
    """Facts about the tracks of a matrix; groups as in `evaluation.metrics.vector_metrics`, each (n_tracks,)."""

    artists: np.ndarray
    sample_rates: np.ndarray
    twins: np.ndarray  # tracks with the same recording
    labels: Mapping[str, LabelSets] = field(default_factory=dict)  # by column
    triplets: Mapping[str, GraphTriplets] = field(default_factory=dict)  # by graph
