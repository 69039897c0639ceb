"""Metrics of audio vectors, given facts about their tracks, and the expected values of random rankings.

Conventions
-----------
A *row* is a track's position in the matrix of vectors. `neighbours` has the shape (n_queries, k): the rows that
`data.cosine.top_k` gave each query, -1 where it ran out. Facts are *groups*: one integer per row, equal for tracks
of one artist, recording or sample rate, and unique for a track of which nothing is known; or *label sets*.
Metrics of queries are one value each, NaN where it is undefined, and the caller takes means.

The chance functions give the expected value of a random ranking of the same tracks, exact and not drawn. If fewer than
k candidates exist, shares are of those.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from scipy import sparse
from scipy.stats import hypergeom, rankdata

from earshot.data.cosine import unit_rows
from earshot.evaluation.metrics.bootstrap import draw_statistic

_MIN_VARIANCE = 1e-12  # below, values count as constant


def groups_of(values: Sequence[Hashable | None]) -> np.ndarray:
    """Number values, (n,): equal integers for equal ones, and a unique negative integer for each None."""
    numbers: dict[Hashable, int] = {}
    return np.array(
        [-1 - row if value is None else numbers.setdefault(value, len(numbers)) for row, value in enumerate(values)],
        dtype=np.int64,
    )


def group_sizes(groups: np.ndarray) -> np.ndarray:
    """Number of tracks in the group of each row, (n,)."""
    _, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return counts[inverse]


class LabelSets:
    """Label sets of tracks; two tracks agree if they have a label in common."""

    def __init__(self, sets: Sequence[frozenset[str] | None]) -> None:
        """Number the different sets; `sets` has one per row, None or empty where nothing is known."""
        kinds: dict[frozenset[str], int] = {}
        self.kinds = np.array([kinds.setdefault(one, len(kinds)) if one else -1 for one in sets], dtype=np.int64)
        labels = {label: column for column, label in enumerate(sorted(frozenset().union(*kinds)))}
        pairs = [(kind, labels[label]) for one, kind in kinds.items() for label in one]
        rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        has = sparse.csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(kinds), len(labels)))
        self._agree = (has @ has.T > 0).astype(np.float64).tocsr()  # (n_kinds, n_kinds): far fewer than tracks
        one, other = self._agree.nonzero()
        self._agreeing_pairs = one.astype(np.int64) * len(kinds) + other

    @property
    def known(self) -> np.ndarray:
        """Mark the rows that have a label, (n,) bool."""
        return self.kinds >= 0

    def agree(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Mark the pairs of rows, in two arrays of one shape, that have a label in common."""
        one, other = self.kinds[rows], self.kinds[others]
        agree = np.isin(one * self._agree.shape[0] + other, self._agreeing_pairs)
        return agree & (one >= 0) & (other >= 0)

    def chance(self, query_rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Share of the labelled tracks outside each query's group that agree with it, (n_queries,)."""
        rows = np.flatnonzero(self.known)
        _, groups = np.unique(groups, return_inverse=True)
        n_groups, n_kinds = int(groups.max(initial=-1)) + 1, self._agree.shape[0]
        ones = np.ones(len(rows))
        counts = sparse.csr_array((ones, (self.kinds[rows], groups[rows])), shape=(n_kinds, n_groups))
        agreeing = self._agree @ counts  # (n_kinds, n_groups)
        result = np.full(len(query_rows), np.nan)
        places = np.flatnonzero(self.known[query_rows])
        if len(places):
            kind, group = self.kinds[query_rows[places]], groups[query_rows[places]]
            n_agreeing = agreeing.sum(axis=1)[kind] - np.asarray(agreeing[kind, group]).ravel()
            n_others = len(rows) - counts.sum(axis=0)[group]
            result[places] = np.divide(n_agreeing, n_others, out=np.full(len(kind), np.nan), where=n_others > 0)
        return result


def precision_at_k(neighbours: np.ndarray, query_rows: np.ndarray, labels: LabelSets) -> np.ndarray:
    """Share of each query's neighbours that have a label in common with it, (n_queries,).

    Rank among the labelled tracks of other artists alone (`candidates` and `groups` of `top_k`): an unlabelled track
    is neither right nor wrong, and finding an artist's other tracks shows nothing about genre.
    """
    right = labels.agree(np.broadcast_to(query_rows[:, None], neighbours.shape), neighbours) & (neighbours >= 0)
    return np.where(labels.known[query_rows], _mean_of_neighbours(right, neighbours), np.nan)


def share_at_k(neighbours: np.ndarray, query_rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Share of each query's neighbours in its group, (n_queries,); NaN for an unknown group."""
    share = _mean_of_neighbours(_of_own_group(neighbours, query_rows, groups), neighbours)
    return np.where(groups[query_rows] >= 0, share, np.nan)


def share_chance(query_rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Share of all other tracks in each query's group, (n_queries,)."""
    share = (group_sizes(groups)[query_rows] - 1) / max(len(groups) - 1, 1)
    return np.where(groups[query_rows] >= 0, share, np.nan)


def hit_at_k(neighbours: np.ndarray, query_rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Hits, (n_queries,): 1 if a neighbour is in the query's group, else 0; NaN if the query is alone in its group.

    With k = 1 and twins for groups, it is twin at rank 1.
    """
    hit = _of_own_group(neighbours, query_rows, groups).any(axis=1).astype(np.float64)
    return np.where(group_sizes(groups)[query_rows] > 1, hit, np.nan)


def hit_chance(query_rows: np.ndarray, groups: np.ndarray, k: int) -> np.ndarray:
    """Probability that a random list of k holds a track of each query's group, (n_queries,)."""
    n_others, n_members = len(groups) - 1, group_sizes(groups)[query_rows] - 1
    missed = hypergeom.pmf(0, n_others, n_members, min(k, n_others))
    return np.where(n_members > 0, 1 - missed, np.nan)


def k_occurrence(neighbours: np.ndarray, n: int) -> np.ndarray:
    """Number of lists that hold each of the n tracks, (n,)."""
    return np.bincount(neighbours[neighbours >= 0], minlength=n)


def hubness_skewness(counts: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> tuple[float, np.ndarray]:
    """Skewness of k-occurrence, (n,), which is high where there are hubs; and bootstrap draws of it, (n_draws,).

    It is the third standardized moment; NaN if all counts are equal.
    """
    centered = counts - counts.mean()  # the same central moments, with less rounding
    sums = np.stack([np.ones(len(counts)), centered, centered**2, centered**3], axis=1)
    return _skewness(sums.sum(axis=0)[None]).item(), draw_statistic(sums, groups, _skewness, seed=seed)


def _skewness(sums: np.ndarray) -> np.ndarray:
    """Skewness, (n_draws,), from power sums, (n_draws, 4)."""
    mean, square, cube = (sums[:, power] / sums[:, 0] for power in (1, 2, 3))
    variance = square - mean**2
    third = cube - 3 * mean * square + 2 * mean**3
    is_defined = variance > _MIN_VARIANCE
    return np.where(is_defined, third / np.where(is_defined, variance, 1.0) ** 1.5, np.nan)


def skewness_chance(n: int, n_queries: int, k: int) -> float:
    """Skewness of k-occurrence for lists drawn at random: that of a binomial distribution."""
    p = min(k / max(n - 1, 1), 1.0)
    deviation = np.sqrt(n_queries * p * (1 - p))
    return float((1 - 2 * p) / deviation) if deviation > 0 else float("nan")


def cosines(vectors: np.ndarray, rows: np.ndarray, others: np.ndarray, penalty: np.ndarray | None = None) -> np.ndarray:
    """Cosine of each pair, (n_pairs,), less the penalties of both."""
    units = unit_rows(vectors)
    scores = np.einsum("nd,nd->n", units[rows], units[others], dtype=np.float64)
    return scores if penalty is None else scores - penalty[rows] - penalty[others]


def triplet_accuracy(vectors: np.ndarray, triplets: np.ndarray, penalty: np.ndarray | None = None) -> np.ndarray:
    """Score triplets: 1 if the positive is nearer to the anchor than the negative, 1/2 if equally near, else 0.

    Triplets are (n_triplets, 3) rows: anchor, positive, negative; the result is (n_triplets,). Chance is 1/2.
    """
    anchors, positives, negatives = triplets.T
    near, far = (cosines(vectors, anchors, others, penalty) for others in (positives, negatives))
    return np.where(near == far, 0.5, (near > far).astype(np.float64))


def spearman_correlation(
    x: np.ndarray, y: np.ndarray, groups: np.ndarray, *, seed: int = 0
) -> tuple[float, np.ndarray]:
    """Rank correlation of two measurements of the same pairs, in [-1, 1]; and bootstrap draws of it, (n_draws,).

    NaN if either is constant. Ranks are those among all pairs, the same in each draw.
    """
    x, y = (rankdata(values) - (len(values) + 1) / 2 for values in (x, y))  # ranks around 0
    sums = np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)
    return _correlation(sums.sum(axis=0)[None]).item(), draw_statistic(sums, groups, _correlation, seed=seed)


def _correlation(sums: np.ndarray) -> np.ndarray:
    """Pearson's r, (n_draws,), from sums over pairs, (n_draws, 6)."""
    x, y, xx, yy, xy = (sums[:, column] / sums[:, 0] for column in range(1, 6))
    variance_x, variance_y = xx - x * x, yy - y * y
    is_defined = (variance_x > _MIN_VARIANCE) & (variance_y > _MIN_VARIANCE)
    scale = np.sqrt(np.where(is_defined, variance_x * variance_y, 1.0))
    return np.where(is_defined, (xy - x * y) / scale, np.nan)


def _of_own_group(neighbours: np.ndarray, query_rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return (groups[neighbours] == groups[query_rows, None]) & (neighbours >= 0)


def _mean_of_neighbours(right: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    n_neighbours = (neighbours >= 0).sum(axis=1)
    return np.divide(right.sum(axis=1), n_neighbours, out=np.full(len(neighbours), np.nan), where=n_neighbours > 0)
