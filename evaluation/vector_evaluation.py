"""Every metric of sets of vectors, with intervals: what `cli evaluate-audio` prints and the table `metrics` stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from earshot.data.cosine import top_k
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, MetricValue
from earshot.evaluation.metrics.vector_metrics import (
    LabelSets,
    cosines,
    hit_at_k,
    hit_chance,
    hubness_skewness,
    k_occurrence,
    precision_at_k,
    share_at_k,
    share_chance,
    skewness_chance,
    spearman_correlation,
    triplet_accuracy,
)

_MAX_QUERIES = 5_000  # more of them narrow no interval noticeably


@dataclass(frozen=True)
class GraphTriplets:
    """Triplets and pairs of tracks from a preference graph; vectors should be as near as their nodes."""

    triplets: np.ndarray  # (n_triplets, 3) rows of tracks: anchor, one near it in the graph, one far from it
    pairs: np.ndarray  # (n_pairs, 3): rows of two tracks, and the hops between them in the graph

    def __repr__(self) -> str:
        return f"<GraphTriplets: {len(self.triplets):,} triplets, {len(self.pairs):,} pairs>"


@dataclass(frozen=True)
class TrackFacts:
    """Facts about the tracks of a matrix; groups as in `evaluation.metrics.vector_metrics`, each (n_tracks,)."""

    artists: np.ndarray
    sample_rates: np.ndarray
    twins: np.ndarray  # tracks with the same recording
    labels: Mapping[str, LabelSets] = field(default_factory=dict)  # by column
    triplets: Mapping[str, GraphTriplets] = field(default_factory=dict)  # by graph


@dataclass(frozen=True)
class BootstrappedMetric:
    """A metric beside chance, with its bootstrap draws, so that two subjects can be compared."""

    metric: str
    k: int | None
    value: float
    draws: np.ndarray  # (n_draws,)
    n: int
    chance: float  # the expected value for a random ranking


def choose_queries(rows: np.ndarray, seed: int) -> np.ndarray:
    """Choose all rows or, of very many, a seeded sample in rising order."""
    if len(rows) <= _MAX_QUERIES:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _MAX_QUERIES, replace=False))


def evaluate_vectors(
    vectors: np.ndarray,
    facts: TrackFacts,
    query_rows: np.ndarray,
    k: int = 10,
    *,
    penalty: np.ndarray | None = None,
    seed: int = 0,
) -> list[BootstrappedMetric]:
    """Compute every metric that the facts allow, without those that are defined for no query.

    Parameters
    ----------
    vectors : (n_tracks, dim)
    penalty : (n_tracks,), half the mean cosine of each track with its nearest, to correct for hubs
    """
    rows, artists, result = query_rows, facts.artists, list[BootstrappedMetric]()

    def add_mean(
        metric: str,
        k: int | None,
        per_query: np.ndarray,
        chance: np.ndarray | float,
        groups: np.ndarray = artists[rows],
    ) -> None:
        n = int((~np.isnan(per_query)).sum())
        if n:
            value, draws = float(np.nanmean(per_query)), draw_means(per_query, groups, seed=seed)
            result.append(BootstrappedMetric(metric, k, value, draws, n, float(np.nanmean(chance))))

    for column, labels in facts.labels.items():
        found = top_k(vectors, k, query_rows=rows, candidates=labels.known, groups=artists, penalty=penalty)
        add_mean(f"precision_{column}", k, precision_at_k(found, rows, labels), labels.chance(rows, artists))
    found = top_k(vectors, k, query_rows=rows, penalty=penalty)
    add_mean("same_artist_hit", k, hit_at_k(found, rows, artists), hit_chance(rows, artists, k))
    add_mean("twin_hit", 1, hit_at_k(found[:, :1], rows, facts.twins), hit_chance(rows, facts.twins, 1))
    rates = facts.sample_rates
    add_mean("same_sample_rate", k, share_at_k(found, rows, rates), share_chance(rows, rates))
    skewness = hubness_skewness(k_occurrence(found, len(vectors)), artists, seed=seed)
    by_chance = skewness_chance(len(artists), len(rows), k)
    result.append(BootstrappedMetric("hubness_skew", k, *skewness, len(rows), by_chance))
    for kind, graph in facts.triplets.items():
        is_right = triplet_accuracy(vectors, graph.triplets, penalty)
        add_mean(f"triplet_accuracy_{kind}", None, is_right, 0.5, artists[graph.triplets[:, 0]])
        if len(graph.pairs):
            first, second, hops = graph.pairs.T
            spearman = spearman_correlation(cosines(vectors, first, second, penalty), -hops, artists[first], seed=seed)
            result.append(BootstrappedMetric(f"spearman_{kind}", None, *spearman, len(hops), 0.0))
    return result


def vector_metric_values(by_subject: Mapping[str, Sequence[BootstrappedMetric]], slice: str = ALL) -> list[MetricValue]:
    """Make values of every subject, of chance, and of the paired differences between the first and each other one."""

    def value_of(subject: str, of: BootstrappedMetric, value: float, draws: np.ndarray) -> MetricValue:
        return MetricValue.of(subject, of.metric, of.k, value, of.n, slice=slice, interval=interval(draws))

    first, *others = by_subject
    values = [value_of(subject, one, one.value, one.draws) for subject in by_subject for one in by_subject[subject]]
    values += [value_of(CHANCE, one, one.chance, np.empty(0)) for one in by_subject[first]]  # exact, without draws
    for other in others:
        by_metric = {one.metric: one for one in by_subject[other]}
        pairs = [(one, by_metric[one.metric]) for one in by_subject[first]]
        values += [value_of(f"{first} - {other}", a, a.value - b.value, a.draws - b.draws) for a, b in pairs]
    return values
