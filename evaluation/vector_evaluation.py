"""Every metric of sets of vectors, with intervals: what `cli evaluate-audio` prints and the table `metrics` stores."""

from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class BootstrappedMetric:
    """A metric with its bootstrap draws, so that two subjects can be compared."""

    metric: str
    k: int | None
    value: float
    draws: np.ndarray  # (n_draws,)
    n: int


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
    penalty : (n_tracks,), half of `data.cosine.mean_top_k_cosine`, to correct for hubs
    """
    query_artists = facts.artists[query_rows]

    def mean(
        metric: str, per_query: np.ndarray, k: int | None, groups: np.ndarray = query_artists
    ) -> Iterator[BootstrappedMetric]:
        n = int((~np.isnan(per_query)).sum())
        if n:
            draws = draw_means(per_query, groups, seed=seed)
            yield BootstrappedMetric(metric, k, float(np.nanmean(per_query)), draws, n)

    result: list[BootstrappedMetric] = []
    for column, labels in facts.labels.items():
        neighbours = top_k(
            vectors, k, query_rows=query_rows, candidates=labels.known, groups=facts.artists, penalty=penalty
        )
        result += mean(f"precision_{column}", precision_at_k(neighbours, query_rows, labels), k)
    neighbours = top_k(vectors, k, query_rows=query_rows, penalty=penalty)
    result += mean("same_artist_hit", hit_at_k(neighbours, query_rows, facts.artists), k)
    result += mean("twin_hit", hit_at_k(neighbours[:, :1], query_rows, facts.twins), 1)
    result += mean("same_sample_rate", share_at_k(neighbours, query_rows, facts.sample_rates), k)
    skewness = hubness_skewness(k_occurrence(neighbours, len(vectors)), facts.artists, seed=seed)
    result.append(BootstrappedMetric("hubness_skew", k, *skewness, len(query_rows)))
    for kind, graph in facts.triplets.items():
        is_right = triplet_accuracy(vectors, graph.anchors, graph.positives, graph.negatives, penalty)
        result += mean(f"triplet_accuracy_{kind}", is_right, None, facts.artists[graph.anchors])
        if len(graph.hops):
            similarities = cosines(vectors, graph.firsts, graph.seconds, penalty)
            spearman = spearman_correlation(similarities, -graph.hops, facts.artists[graph.firsts], seed=seed)
            result.append(BootstrappedMetric(f"spearman_{kind}", None, *spearman, len(graph.hops)))
    return result


def chance_vectors(facts: TrackFacts, query_rows: np.ndarray, k: int = 10) -> dict[str, float]:
    """Compute the expected value of each metric for a random ranking."""
    per_query = {
        f"precision_{column}": labels.chance(query_rows, facts.artists) for column, labels in facts.labels.items()
    }
    per_query |= {
        "same_artist_hit": hit_chance(query_rows, facts.artists, k),
        "twin_hit": hit_chance(query_rows, facts.twins, 1),
        "same_sample_rate": share_chance(query_rows, facts.sample_rates),
    }
    result = {metric: float(np.nanmean(values)) for metric, values in per_query.items() if not np.isnan(values).all()}
    result["hubness_skew"] = skewness_chance(len(facts.artists), len(query_rows), k)
    for kind in facts.triplets:
        result |= {f"triplet_accuracy_{kind}": 0.5, f"spearman_{kind}": 0.0}
    return result


def vector_metric_values(
    by_subject: Mapping[str, Sequence[BootstrappedMetric]], by_chance: Mapping[str, float], slice: str = ALL
) -> list[MetricValue]:
    """Make values of every subject, of chance, and of the paired differences between the first and each other one."""

    def value_of(subject: str, of: BootstrappedMetric, value: float, draws: np.ndarray) -> MetricValue:
        return MetricValue.of(subject, of.metric, of.k, value, of.n, slice=slice, interval=interval(draws))

    first, *others = by_subject
    no_draws = np.empty(0)  # chance is exact
    values = [value_of(subject, one, one.value, one.draws) for subject in by_subject for one in by_subject[subject]]
    values += [value_of(CHANCE, one, by_chance[one.metric], no_draws) for one in by_subject[first]]
    for other in others:
        by_metric = {one.metric: one for one in by_subject[other]}
        pairs = [(one, by_metric[one.metric]) for one in by_subject[first]]
        values += [value_of(f"{first} - {other}", a, a.value - b.value, a.draws - b.draws) for a, b in pairs]
    return values
