"""Cluster bootstrap of means and other statistics of sums: a thousand draws in milliseconds.

Whole *groups* of values are drawn with replacement [1]_: the songs of one artist are not independent observations, and
counting them as such gives intervals that are too narrow. A statistic here depends on sums only, so each draw is one
row of a product: counts of groups times the sums of each group.

Draws with one seed over the same groups are the same draws. Compare two metrics of the same queries by the difference
of their draws, pair by pair, and not by whether two intervals overlap.

References
----------
.. [1] Davison, Hinkley. Bootstrap Methods and their Application. Cambridge 1997, section 3.8.
"""

from collections.abc import Callable

import numpy as np

_N_DRAWS = 1_000
_MAX_COUNTS = 2**24  # in memory at a time, 128 MiB
NO_INTERVAL = (float("nan"), float("nan"))


def interval(draws: np.ndarray) -> tuple[float, float]:
    """Central 95 % of the draws; NaN if there are none."""
    real = draws[~np.isnan(draws)]
    if not len(real):
        return NO_INTERVAL
    low, high = np.percentile(real, [2.5, 97.5])
    return float(low), float(high)


def draw_statistic(
    sums: np.ndarray, groups: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], *, seed: int = 0
) -> np.ndarray:
    """Draw a statistic a thousand times, (n_draws,) or (n_draws, n_columns) as it has them; NaN for a single group.

    Parameters
    ----------
    sums : (n_values, n_sums)
        What each value adds to the sums that the statistic depends on.
    groups : (n_values,)
    statistic : of sums over the values of a draw, (n_draws, n_sums)
    """
    names, inverse = np.unique(groups, return_inverse=True)
    if len(names) < 2:  # a single group says nothing about others
        return np.full_like(statistic(np.ones((_N_DRAWS, sums.shape[1]))), np.nan)
    per_group = np.stack([np.bincount(inverse, column) for column in sums.T], axis=1)  # (n_groups, n_sums)
    rng, drawn = np.random.default_rng(seed), []
    chances = np.full(len(names), 1 / len(names))
    n_block = max(1, _MAX_COUNTS // len(names))
    for start in range(0, _N_DRAWS, n_block):
        counts = rng.multinomial(len(names), chances, size=min(n_block, _N_DRAWS - start))  # (n_block, n_groups)
        drawn.append(statistic(counts @ per_group))
    return np.concatenate(drawn)


def draw_means(values: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Draw means, (n_draws,), of values in groups, (n_values,) each; NaN among the values are left out."""
    known = ~np.isnan(values)
    sums = np.stack([np.ones(known.sum()), values[known]], axis=1)
    return draw_statistic(sums, groups[known], lambda drawn: drawn[:, 1] / drawn[:, 0], seed=seed)


def mean_intervals(values: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Compute the 95 % interval of the mean of each column, (n_columns, 2), all by the same draws; NaN are left out.

    Drawing is most of the work for a table of metrics of the same queries, and is done once here.
    """
    known = ~np.isnan(values)
    sums = np.concatenate([np.where(known, values, 0), known], axis=1)

    def means(drawn: np.ndarray) -> np.ndarray:
        totals, counts = np.split(drawn, 2, axis=1)
        return np.divide(totals, counts, out=np.full(counts.shape, np.nan), where=counts > 0)

    return np.array([interval(column) for column in draw_statistic(sums, groups, means, seed=seed).T])


def ratio_interval(over: np.ndarray, under: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % interval of a ratio of two means, of values (n_values,) each."""
    sums = np.stack([over, under], axis=1)
    return interval(draw_statistic(sums, groups, lambda drawn: drawn[:, 0] / drawn[:, 1], seed=seed))
