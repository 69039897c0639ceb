"""Accuracy, list and catalog metrics of recommenders on the same evaluation queries, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.evaluation.metrics import list_metrics
from earshot.evaluation.metrics.bootstrap import ratio_interval
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, Columns, MetricValue, mean_values
from earshot.evaluation.metrics.ranking_metrics import chance_ranking, dcg_discounts, ranking_metrics
from earshot.evaluation.queries import EvaluationQueries
from earshot.evaluation.slices import target_slices

ACCURACY = ("recall", "hit_rate", "ndcg", "mrr")
LEGACY = ("recall_legacy", "ndcg_legacy")

Lists = Mapping[str, np.ndarray]
"""By subject, (n_queries, k) track rows, the best first and padded with -1, in the order of the queries."""


def recommendation_metrics(
    lists: Lists,
    eval_queries: EvaluationQueries,
    ks: Sequence[int],
    *,
    vectors: np.ndarray,
    artist_rows: np.ndarray,
    seed: int = 0,
) -> list[MetricValue]:
    """Compute accuracy by slice and subject, and what the lists are like; chance comes first.

    Intervals are over users: queries of one user are drawn together.

    Parameters
    ----------
    lists : of max(ks) places or more
    vectors : (n_tracks, dim), by which two tracks differ
    artist_rows : (n_tracks,), -1 for unknown
    """
    metric_values: list[MetricValue] = []
    units = unit_rows(vectors)
    play_counts = eval_queries.known.play_counts()
    users = eval_queries.targets.user_rows
    history_popularity = list_metrics.mean_history_popularity(eval_queries.known, users, play_counts)
    is_reachable = eval_queries.is_reachable
    for slice_name, in_slice in target_slices(eval_queries).items():
        targets, has_target = eval_queries.targets.select(in_slice)
        n_candidates = eval_queries.n_candidates[has_target]
        columns: Columns = {}
        for k in ks:
            by_subject = {CHANCE: chance_ranking(targets, k, n_candidates, is_reachable[in_slice])}
            by_subject |= {subject: ranking_metrics(rows[has_target], targets, k) for subject, rows in lists.items()}
            for subject, values in by_subject.items():
                if slice_name == ALL and subject != CHANCE:
                    top = lists[subject][:, :k]
                    values["novelty"] = list_metrics.novelty(top, play_counts)
                    values["popularity_lift"] = list_metrics.popularity_lift(top, history_popularity, play_counts)
                    values["diversity"] = list_metrics.diversity(top, units)
                    if (artist_rows >= 0).any():
                        values["artist_diversity"] = list_metrics.artist_diversity(top, artist_rows)
                columns |= {(subject, metric, k): column for metric, column in values.items()}
        metric_values += mean_values(columns, targets.user_rows, slice=slice_name, seed=seed)
    return metric_values + [
        MetricValue.of(subject, metric, k, of_lists(rows[:, :k], eval_queries.known.n_tracks), len(rows))
        for subject, rows in lists.items()
        for k in ks
        for metric, of_lists in (("coverage", list_metrics.coverage), ("gini", list_metrics.gini))
    ]


def paired_differences(
    lists: Lists, eval_queries: EvaluationQueries, subject: str, ks: Sequence[int], *, seed: int = 0
) -> list[MetricValue]:
    """Differences between a subject and each other one, query by query, with the interval of the difference."""
    columns: Columns = {}
    for k in ks:
        values = {name: ranking_metrics(rows, eval_queries.targets, k) for name, rows in lists.items()}
        columns |= {
            (f"{subject} - {name}", metric, k): values[subject][metric] - values[name][metric]
            for name in lists
            if name != subject
            for metric in ("recall", "ndcg")
        }
    return mean_values(columns, eval_queries.targets.user_rows, seed=seed)


def legacy_metrics(
    lists: Lists, eval_queries: EvaluationQueries, ks: Sequence[int], *, seed: int = 0
) -> list[MetricValue]:
    """Recall and NDCG as the code of Yambda's paper counts them: repeated plays are in the denominators."""
    targets = eval_queries.targets
    n_plays = np.add.reduceat(targets.plays, targets.starts[:-1]).astype(np.float64)  # (n_queries,)
    metric_values = []
    for subject, rows in lists.items():
        for k in ks:
            hits = targets.hits(rows[:, :k])
            discounts = dcg_discounts(k)
            best = np.cumsum(discounts)[np.minimum(n_plays, k).astype(np.int64) - 1]
            ratios = (hits.sum(axis=1) / n_plays, np.ones(len(hits))), (hits @ discounts, best)
            for metric, (over, under) in zip(LEGACY, ratios, strict=True):
                interval = ratio_interval(over, under, targets.user_rows, seed=seed)
                ratio = over.mean() / under.mean()
                metric_values.append(MetricValue.of(subject, metric, k, ratio, len(hits), interval=interval))
    return metric_values
