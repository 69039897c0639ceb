"""One value of a metric with its bootstrap interval, made in one way for every evaluation."""

from dataclasses import dataclass

import numpy as np

from earshot.evaluation.metrics.bootstrap import NO_INTERVAL, mean_intervals

POPULAR = "popular"  # subject: the popularity baseline
CHANCE = "chance"  # subject: a random ranking, whose values are exact
ALL = "all"  # slice: every query
UNIFORM, BY_PLAYS = "99 uniform", "99 popular"  # slices: against sampled negatives, by how they are drawn
FULL = "one of all tracks"  # slice: one target of each query, against the full catalog

Columns = dict[tuple[str, str, int | None], np.ndarray]
"""One number per query, (n_queries,), NaN where it is undefined; by subject, metric and k."""


@dataclass(frozen=True)
class MetricValue:
    """One metric of one subject, as a row of the table `metrics`."""

    subject: str  # what is evaluated: a recommender, a set of vectors, or "a - b" for a paired difference
    metric: str
    k: int | None  # length of the lists
    slice: str  # the subset of the queries
    value: float | None  # None where it is not defined
    ci_low: float | None  # of the 95 % bootstrap interval, artists or users drawn; None for an exact value
    ci_high: float | None
    n: int  # queries, triplets or pairs

    @classmethod
    def of(
        cls,
        subject: str,
        metric: str,
        k: int | None,
        value: float,
        n: int,
        *,
        slice: str = ALL,
        interval: tuple[float, float] = NO_INTERVAL,
    ) -> "MetricValue":
        """Make a value, with None for each number that is NaN."""
        known = [None if np.isnan(number) else float(number) for number in (value, *interval)]
        return cls(subject, metric, k, slice, known[0], known[1], known[2], n)


def mean_values(columns: Columns, groups: np.ndarray, *, slice: str = ALL, seed: int = 0) -> list[MetricValue]:
    """Means of columns with their intervals, all by the same draws of groups; chance is exact and gets no interval."""
    if not columns:
        return []
    intervals = mean_intervals(np.stack(list(columns.values()), axis=1), groups, seed=seed)
    values = []
    for ((subject, metric, k), column), (low, high) in zip(columns.items(), intervals, strict=True):
        n = int((~np.isnan(column)).sum())
        mean = float(np.nanmean(column)) if n else float("nan")
        interval = NO_INTERVAL if subject == CHANCE else (low, high)
        values.append(MetricValue.of(subject, metric, k, mean, n, slice=slice, interval=interval))
    return values
