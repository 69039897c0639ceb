"""TODO."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from earshot.evaluation.metrics.vector_metrics import LabelSets


@dataclass(frozen=True)
class GraphTriplets:
    """What a preference graph asks: which of two is nearer to the anchor, and how near are the two of a pair."""

    anchors: np.ndarray  # (n_triplets,) rows of tracks
    positives: np.ndarray  # (n_triplets,), near their anchor in the graph
    negatives: np.ndarray  # (n_triplets,), far from it
    firsts: np.ndarray  # (n_pairs,) rows of tracks
    seconds: np.ndarray  # (n_pairs,)
    hops: np.ndarray  # (n_pairs,), how far apart in the graph

    def __repr__(self) -> str:
        return f"<Questions: {len(self.anchors):,} triplets, {len(self.firsts):,} pairs>"


@dataclass(frozen=True)
class TrackFacts:
    """Facts about the tracks of a matrix; groups as in `evaluation.metrics.vector_metrics`, each (n_tracks,)."""

    artists: np.ndarray
    sample_rates: np.ndarray
    twins: np.ndarray  # tracks that hold the same recording
    labels: Mapping[str, LabelSets] = field(default_factory=dict)  # by column
    questions: Mapping[str, GraphTriplets] = field(default_factory=dict)  # by graph
