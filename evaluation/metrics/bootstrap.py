"""Cluster bootstrap of means, skewnesses and rank correlations: a thousand draws in milliseconds.

Whole *groups* of values are drawn with replacement [1]_: the songs of one artist are not independent observations, and
counting them as such gives intervals that are too narrow. All three statistics depend on sums only, so each draw is one
row of a product: counts of groups times the sums of each group.

Draws with one seed over the same groups are the same draws. Compare two metrics of the same queries by the difference
of their draws, pair by pair, and not by whether two intervals overlap.

References
----------
.. [1] Davison, Hinkley. Bootstrap Methods and their Application. Cambridge 1997, section 3.8.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

N_DRAWS = 1_000
_MAX_COUNTS = 2**24  # in memory at a time, 128 MiB
_MIN_VARIANCE = 1e-12  # below, values count as constant
NO_INTERVAL = (float("nan"), float("nan"))


def interval(draws: np.ndarray) -> tuple[float, float]:
    """Central 95 % of the draws; NaN if there are none."""
    real = draws[~np.isnan(draws)]
    if not len(real):
        return NO_INTERVAL
    low, high = np.percentile(real, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_interval(
    values: np.ndarray, groups: np.ndarray | None = None, *, seed: int = 0, n: int = N_DRAWS
) -> tuple[float, float]:
    """Compute the 95 % percentile interval of the mean of values, (n_queries,); NaN are left out.

    Without `groups` each query is its own group.
    """
    return interval(draw_means(values, np.arange(len(values)) if groups is None else groups, seed=seed, n=n))


def draw_means(values: np.ndarray, groups: np.ndarray, *, seed: int = 0, n: int = N_DRAWS) -> np.ndarray:
    """Draw n means, (n,), of values in groups, (n_values,) each; NaN among the values are left out."""
    known = ~np.isnan(values)
    sums = np.stack([np.ones(known.sum()), values[known]], axis=1)
    return _draw(sums, groups[known], lambda drawn: drawn[:, 1] / drawn[:, 0], seed, n)


def mean_intervals(values: np.ndarray, groups: np.ndarray, *, seed: int = 0, n: int = N_DRAWS) -> np.ndarray:
    """Compute the 95 % interval of the mean of each column, (n_columns, 2), all by the same draws; NaN are left out.

    Drawing is most of the work for a table of metrics of the same queries, and is done once here.
    """
    known = ~np.isnan(values)
    sums = np.concatenate([np.where(known, values, 0), known], axis=1)
    n_columns = values.shape[1]

    def means(drawn: np.ndarray) -> np.ndarray:
        counts = drawn[:, n_columns:]
        return np.divide(drawn[:, :n_columns], counts, out=np.full(counts.shape, np.nan), where=counts > 0)

    draws = _draw(sums, groups, means, seed, n)
    if draws.ndim == 1:  # a single group
        return np.full((n_columns, 2), np.nan)
    return np.array([interval(column) for column in draws.T])


def ratio_interval(over: np.ndarray, under: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    """Compute the 95 % interval of a ratio of two means, of values (n_values,) each."""
    sums = np.stack([over, under], axis=1)
    return interval(_draw(sums, groups, lambda drawn: drawn[:, 0] / drawn[:, 1], seed, N_DRAWS))


def skewness(values: np.ndarray) -> float:
    """Third standardized moment; NaN if all values are equal."""
    return float(_skewness(_power_sums(values).sum(axis=0)[None])[0])


def draw_skewnesses(values: np.ndarray, groups: np.ndarray, *, seed: int = 0, n: int = N_DRAWS) -> np.ndarray:
    """Draw n skewnesses, (n,), like `draw_means`."""
    return _draw(_power_sums(values), groups, _skewness, seed, n)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation of two measurements of the same pairs, in [-1, 1]; NaN if either is constant."""
    return float(_correlation(_pair_sums(x, y).sum(axis=0)[None])[0])


def draw_spearmans(x: np.ndarray, y: np.ndarray, groups: np.ndarray, *, seed: int = 0, n: int = N_DRAWS) -> np.ndarray:
    """Draw n rank correlations, (n,), like `draw_means`. Ranks are those among all pairs, the same in each draw."""
    return _draw(_pair_sums(x, y), groups, _correlation, seed, n)


def _draw(
    sums: np.ndarray, groups: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], seed: int, n: int
) -> np.ndarray:
    """Draw a statistic n times, (n,), from the sums of drawn groups; `sums` are per value, (n_values, n_sums)."""
    names, inverse = np.unique(groups, return_inverse=True)
    if len(names) < 2:  # a single group says nothing about others
        return np.full(n, np.nan)
    per_group = np.stack([np.bincount(inverse, column) for column in sums.T], axis=1)  # (n_groups, n_sums)
    rng, drawn = np.random.default_rng(seed), []
    chances = np.full(len(names), 1 / len(names))
    n_block = max(1, _MAX_COUNTS // len(names))
    for start in range(0, n, n_block):
        counts = rng.multinomial(len(names), chances, size=min(n_block, n - start))  # (n_block, n_groups)
        drawn.append(statistic(counts @ per_group))
    return np.concatenate(drawn)


def _power_sums(values: np.ndarray) -> np.ndarray:
    centered = values - values.mean()  # the same central moments, with less rounding
    return np.stack([np.ones(len(values)), centered, centered**2, centered**3], axis=1)


def _skewness(sums: np.ndarray) -> np.ndarray:
    """Skewness from power sums, (n_draws, 4)."""
    mean, square, cube = (sums[:, power] / sums[:, 0] for power in (1, 2, 3))
    variance = square - mean**2
    third = cube - 3 * mean * square + 2 * mean**3
    is_defined = variance > _MIN_VARIANCE
    return np.where(is_defined, third / np.where(is_defined, variance, 1.0) ** 1.5, np.nan)


def _pair_sums(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))  # ranks around 0
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def _correlation(sums: np.ndarray) -> np.ndarray:
    """Pearson's r from sums over pairs, (n_draws, 6)."""
    x, y, xx, yy, xy = (sums[:, column] / sums[:, 0] for column in range(1, 6))
    variance_x, variance_y = xx - x * x, yy - y * y
    is_defined = (variance_x > _MIN_VARIANCE) & (variance_y > _MIN_VARIANCE)
    scale = np.sqrt(np.where(is_defined, variance_x * variance_y, 1.0))
    return np.where(is_defined, (xy - x * y) / scale, np.nan)
