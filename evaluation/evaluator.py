"""Every figure of every recommender before the same queries, with intervals, and tables of them."""

from collections.abc import Mapping, Sequence

import numpy as np

from earshot.data.cosine import unit_rows
from earshot.evaluation.metrics.bootstrap import mean_intervals, ratio_interval
from earshot.evaluation.metrics.list_metrics import (
    artist_diversity,
    coverage,
    diversity,
    gini,
    novelty,
    own_popularity,
    popularity_lift,
)
from earshot.evaluation.metrics.metric_value import ALL, CHANCE, MetricValue, short
from earshot.evaluation.metrics.ranking_metrics import chance_ranking, ranking_metrics
from earshot.evaluation.queries import EvaluationQueries
from earshot.evaluation.slices import target_slices

LEGACY = ("recall_legacy", "ndcg_legacy")

ACCURACY = ("recall", "hit_rate", "ndcg", "mrr")
_WITH_INTERVAL = ("recall", "ndcg")  # in tables; the others' would fill the page
Columns = dict[tuple[str, str, int], np.ndarray]  # of a subject, a metric and a k: a number of each query


def recommendation_figures(
    lists: Mapping[str, np.ndarray],
    eval_queries: EvaluationQueries,
    ks: Sequence[int],
    *,
    vectors: np.ndarray | None = None,
    artist_rows: np.ndarray | None = None,
    seed: int = 0,
) -> list[MetricValue]:
    """Accuracy of every slice and subject, and what the lists are like; chance comes first.

    Intervals are over listeners drawn anew: queries of one listener are drawn together.

    Parameters
    ----------
    lists : by subject, each (n_queries, >= max(ks)) in the order of the exam
    vectors : (n_tracks, dim)
        Of sound, or whatever tells how different two tracks are: for the diversity of lists.
    artist_rows : (n_tracks,), -1 for unknown: likewise
    """
    figures: list[MetricValue] = []
    units = None if vectors is None else unit_rows(vectors)
    play_counts = np.bincount(eval_queries.known.track_rows, minlength=eval_queries.known.n_tracks)
    own = own_popularity(eval_queries.known, eval_queries.targets.user_rows, play_counts)
    is_reachable = eval_queries.is_reachable
    for slice_name, is_kept in target_slices(eval_queries).items():
        some, is_asked = eval_queries.targets.where(is_kept)
        columns: Columns = {}
        for k in ks:
            by_subject = {CHANCE: chance_ranking(some, k, eval_queries.n_candidates[is_asked], is_reachable[is_kept])}
            by_subject |= {name: ranking_metrics(found[is_asked], some, k) for name, found in lists.items()}
            for subject, values in by_subject.items():
                if slice_name == ALL and subject != CHANCE:
                    found = lists[subject][:, :k]
                    values |= {"novelty": novelty(found, play_counts)}
                    values |= {"popularity_lift": popularity_lift(found, own, play_counts)}
                    values |= _variety(found, units, artist_rows)
                columns |= {(subject, metric, k): column for metric, column in values.items()}
        figures += _figures(columns, slice_name, some.user_rows, seed)
    return figures + _of_catalog(lists, ks, eval_queries.known.n_tracks)


def paired_differences(
    lists: Mapping[str, np.ndarray], eval_queries: EvaluationQueries, subject: str, ks: Sequence[int], *, seed: int = 0
) -> list[MetricValue]:
    """By how much a subject is ahead of each other one, query by query, with the interval of the difference."""
    columns: Columns = {}
    for k in ks:
        values = {name: ranking_metrics(found, eval_queries.targets, k) for name, found in lists.items()}
        for name in lists:
            for metric in ("recall", "ndcg") if name != subject else ():
                columns[f"{subject} - {name}", metric, k] = values[subject][metric] - values[name][metric]
    return _figures(columns, ALL, eval_queries.targets.user_rows, seed)


def table_rows(figures: Sequence[MetricValue], k: int, slice_name: str = ALL) -> list[dict[str, object]]:
    """One row per subject and one column per metric, as text; in the order of the figures, but chance last."""
    told = [figure for figure in figures if (figure.k, figure.slice) == (k, slice_name)]
    columns = dict.fromkeys(figure.metric for figure in told)
    table: dict[str, dict[str, object]] = {}
    for figure in told:
        row = table.setdefault(figure.subject, {"subject": figure.subject, **dict.fromkeys(columns)})
        row[figure.metric] = _cell(figure)
        row["n"] = figure.n
    return sorted(table.values(), key=lambda row: row["subject"] == CHANCE)


def slice_rows(
    figures: Sequence[MetricValue], k: int, metric: str, n_least: int
) -> tuple[list[dict[str, object]], str]:
    """One metric: a row per subject and a column per slice, n below; and which slices have too few queries for that."""
    told = [figure for figure in figures if (figure.metric, figure.k) == (metric, k)]
    n = {figure.slice: figure.n for figure in told}
    kept = [name for name in n if n[name] >= n_least or name == ALL]
    table: dict[str, dict[str, object]] = {}
    for figure in told:
        row = table.setdefault(figure.subject, {"subject": figure.subject, **dict.fromkeys(kept)})
        if figure.slice in kept and figure.value is not None:
            row[figure.slice] = short(figure.value, 3)
    rows = sorted(table.values(), key=lambda row: row["subject"] == CHANCE)
    few = ", ".join(f"{name} ({n[name]})" for name in n if name not in kept)
    rows.append({"subject": "n", **{name: f"{n[name]:,}" for name in kept}})
    return rows, f"Asked of fewer than {n_least}, and left out here: {few}." if few else ""


def _figures(columns: Columns, slice_name: str, groups: np.ndarray, seed: int) -> list[MetricValue]:
    """Means of columns with their intervals, all by the same draws of groups; chance is exact and needs none."""
    if not columns:
        return []
    bounds = mean_intervals(np.stack(list(columns.values()), axis=1), groups, seed=seed)
    figures = []
    for ((subject, metric, k), column), ends in zip(columns.items(), bounds, strict=True):
        n = int((~np.isnan(column)).sum())
        mean = float(np.nanmean(column)) if n else None
        low, high = (None if subject == CHANCE else _known(end) for end in ends)
        figures.append(MetricValue(subject, metric, k, slice_name, mean, low, high, n))
    return figures


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _variety(lists: np.ndarray, units: np.ndarray | None, artist_rows: np.ndarray | None) -> dict[str, np.ndarray]:
    values = {} if units is None else {"diversity": diversity(lists, units)}
    if artist_rows is not None and (artist_rows >= 0).any():
        values["artist_diversity"] = artist_diversity(lists, artist_rows)
    return values


def _of_catalog(lists: Mapping[str, np.ndarray], ks: Sequence[int], n_tracks: int) -> list[MetricValue]:
    return [
        MetricValue(subject, metric, k, ALL, of_all(found[:, :k], n_tracks), None, None, len(found))
        for subject, found in lists.items()
        for k in ks
        for metric, of_all in (("coverage", coverage), ("gini", gini))
    ]


def _cell(figure: MetricValue) -> str | None:
    if figure.value is None:
        return None
    if figure.ci_low is None or figure.ci_high is None or figure.metric not in _WITH_INTERVAL:
        return short(figure.value, 3)
    return f"{short(figure.value, 3)} [{short(figure.ci_low, 3)} {short(figure.ci_high, 3)}]"


def legacy_figures(
    lists: Mapping[str, np.ndarray], eval_queries: EvaluationQueries, ks: Sequence[int], *, seed: int = 0
) -> list[MetricValue]:
    """Both figures of every subject."""
    n_plays = np.add.reduceat(eval_queries.plays, eval_queries.targets.starts[:-1]).astype(np.float64)  # (n_queries,)
    figures = []
    for subject, found in lists.items():
        for k in ks:
            hits = eval_queries.targets.hits(found[:, :k])
            discounts = 1 / np.log2(np.arange(2, k + 2))
            best = np.cumsum(discounts)[np.minimum(n_plays, k).astype(np.int64) - 1]
            pairs = (hits.sum(axis=1) / n_plays, np.ones(len(hits))), (hits @ discounts, best)
            for metric, (over, under) in zip(LEGACY, pairs, strict=True):
                low, high = ratio_interval(over, under, eval_queries.targets.user_rows, seed=seed)
                bounds = [None if np.isnan(bound) else bound for bound in (low, high)]
                value = float(over.mean() / under.mean())
                figures.append(MetricValue(subject, metric, k, ALL, value, bounds[0], bounds[1], len(hits)))
    return figures
