"""Facts about tracks."""

import numpy as np

from earshot.evaluation.vector_facts import GraphTriplets, TrackFacts


def test_triplets_introduce_themselves():
    rows = np.array([0, 1])
    triplets = GraphTriplets(rows, rows, rows, np.arange(3), np.arange(3), np.ones(3))
    assert repr(triplets) == "<GraphTriplets: 2 triplets, 3 pairs>"


def test_labels_and_triplets_may_be_unknown():
    nothing = TrackFacts(np.array([-1]), np.array([-1]), np.array([-1]))
    assert nothing.labels == {} and nothing.triplets == {}
