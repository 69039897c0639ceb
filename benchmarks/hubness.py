"""What corrects for hubs: figures of a library's vectors as they are, centred, by mutual proximity and by CSLS.

Example: python benchmarks/hubness.py LIBRARY --labels tracks.csv
"""

import argparse
from pathlib import Path

import numpy as np

from earshot.data.cosine import top_k, unit_rows
from earshot.data.tables.label_tables import read_labels
from earshot.evaluation.metrics.vector_metrics import (
    hit_at_k,
    hubness_skewness,
    k_occurrence,
    precision_at_k,
    share_at_k,
)
from earshot.evaluation.vector_evaluation import TrackFacts
from earshot.index.evaluation.audio_facts import apply_labels, read_track_table
from earshot.index.library import Library
from earshot.index.vectors.neighbour_table import PER_TRACK

K = 10


def nearest_by(similarity: np.ndarray, apart: np.ndarray | None = None) -> np.ndarray:
    """The K nearest by any matrix of similarities, shape (n, n): what `top_k` finds by cosine."""
    scores = similarity.copy()
    np.fill_diagonal(scores, -np.inf)
    if apart is not None:
        scores[apart[:, None] == apart] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def mutual_proximity(vectors: np.ndarray) -> np.ndarray:
    """The share of all tracks that are farther from both of a pair than they are from each other, shape (n, n).

    Schnitzer, Flexer, Schedl, Widmer. Local and Global Scaling Reduce Hubs in Space. JMLR 2012: the empirical form.
    """
    units = unit_rows(vectors)
    cosines = units @ units.T
    return np.stack([((row < row[:, None]) & (cosines < row[:, None])).mean(axis=1) for row in cosines])


def mean_top_k_cosine(vectors: np.ndarray, k: int) -> np.ndarray:
    """The mean cosine of each row with its k nearest, shape (n,), high for a hub.

    Conneau, Lample, Ranzato, Denoyer, Jegou. Word Translation Without Parallel Data. ICLR 2018: CSLS ranks by twice the
    cosine less this mean of both, so half of it is the penalty in one list.
    """
    units = unit_rows(vectors)
    return np.mean([np.einsum("nd,nd->n", units, units[column]) for column in top_k(vectors, k).T], axis=0)


def line(name: str, all_found: np.ndarray, found: np.ndarray, facts: TrackFacts) -> str:
    rows = np.arange(len(found))
    cells = [float(np.nanmean(precision_at_k(found, rows, labels))) for labels in facts.labels.values()]
    cells += [float(np.nanmean(hit_at_k(all_found, rows, facts.artists)))]
    cells += [float(np.nanmean(share_at_k(all_found, rows, facts.sample_rates)))]
    cells += [hubness_skewness(k_occurrence(all_found, len(rows)), facts.artists)[0]]
    return f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    arguments = parser.parse_args()
    with Library.open(arguments.library) as library:
        tracks, facts, _ = apply_labels(
            library, read_track_table(library), read_labels(arguments.labels), arguments.labels
        )
    vectors, apart = tracks.vectors, facts.artists
    print("| vectors | " + " | ".join([*facts.labels, "same artist", "same sample rate", "skew"]) + " |")
    print("|" + "---|" * (4 + len(facts.labels)))
    centred = vectors - vectors.mean(axis=0)
    for name, matrix, penalty in (
        ("as they are", vectors, None),
        ("CSLS", vectors, mean_top_k_cosine(vectors, PER_TRACK) / 2),
        ("centred", centred, None),
        ("centred, CSLS", centred, mean_top_k_cosine(centred, PER_TRACK) / 2),
    ):
        found = top_k(matrix, K, groups=apart, penalty=penalty)
        print(line(name, top_k(matrix, K, penalty=penalty), found, facts))
    for name, matrix in (("mutual proximity", vectors), ("centred, mutual proximity", centred)):
        similarity = mutual_proximity(matrix)
        print(line(name, nearest_by(similarity), nearest_by(similarity, apart), facts))


if __name__ == "__main__":
    main()
