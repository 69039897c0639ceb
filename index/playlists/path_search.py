"""Beam search for a path: tracks that lead from one to another in even steps."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from earshot.index.playlists.artist_spacing import ArtistRows
from earshot.index.playlists.variety import taking_part

_WIDTH = 64  # paths that are followed at once
_BRANCHES = 40  # tracks by which each of them is continued
# Of the angles. Squares let one leap stand beside small steps; the higher the power, the more the largest step counts.
# benchmarks/NOTES.md has what other powers do.
_POWER = 4
_LEAST_GAIN = 1e-6  # of a sum; below, rounding could exchange two tracks for ever
_POOL = 4_000  # tracks that are looked at; those of a long path are 40 times as many as its steps at least


@dataclass(frozen=True)
class PathRows:
    """A path through the rows of a matrix."""

    rows: list[int]  # from the first end to the last
    spacing: int  # an artist does not come again within so many tracks; less than was asked for if that has no answer


def angles(cosines: np.ndarray) -> np.ndarray:
    """Angles in radians, of the same shape; rounding may have carried cosines past 1."""
    return np.arccos(np.clip(cosines, -1.0, 1.0))


def find_path(
    vectors: np.ndarray,
    first: int,
    last: int,
    k: int,
    *,
    candidates: np.ndarray,
    artists: ArtistRows,
    spacing: int,
    variety: float = 0.0,
    seed: int = 0,
) -> PathRows:
    r"""Find k tracks from one end to the other with the smallest sum of powers of the angles between neighbours.

    .. math:: \min \sum_{i=1}^{k-1} \theta(x_i, x_{i+1})^4

    Such a sum is smallest where its terms are equal, so the steps come out even. A partial path is judged by its sum so
    far and the least that the rest can cost: by the triangle inequality on the sphere, m steps over an angle
    :math:`\theta` cost at least :math:`m (\theta / m)^4`. At last each inner track gives way to a better one between
    its neighbours, while there is any.

    Parameters
    ----------
    vectors : shape (n, dim), of unit length
    first, last : two different rows
    k : tracks with both ends, at least 2
    candidates : shape (n,), bool, which rows may stand between the ends
    spacing : tracks between two of one artist, at least; less where there is no such path
    variety : in [0, 0.95], the share of candidates that sits out, drawn by `seed`

    Returns
    -------
    PathRows
        Exactly k rows, no row twice; fewer only if there are fewer candidates than that.
    """
    is_between = candidates.copy()
    is_between[[first, last]] = False
    between = np.flatnonzero(is_between)
    n_inner = min(k - 2, len(between))
    if n_inner <= 0:
        return PathRows([first, last], spacing)
    for gap, rows in _attempts(between, spacing, n_inner, variety, seed):
        search = _Search(vectors, first, last, _lens(vectors, first, last, rows, n_inner), artists, gap)
        if path := search.run(n_inner):
            return PathRows(path, gap)
    raise AssertionError("without spacing, every unused candidate continues a path")


def _attempts(
    rows: np.ndarray, spacing: int, n_inner: int, variety: float, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield what to try: a spacing and candidates, from what was asked for down to all candidates without spacing."""
    drawn = taking_part(rows, n_inner, variety, seed)
    for gap in range(spacing, -1, -1):
        yield gap, drawn
        if len(drawn) < len(rows):
            yield gap, rows


def _lens(vectors: np.ndarray, first: int, last: int, rows: np.ndarray, n_inner: int) -> np.ndarray:
    """The rows by which the way from end to end is shortest, rising: a path of k steps leaves them only by a detour."""
    n_pool = max(_POOL, _BRANCHES * n_inner)
    if len(rows) <= n_pool:
        return rows
    ends = angles(vectors @ vectors[[first, last]].T)[rows]  # (n, 2)
    return np.sort(rows[np.argpartition(ends.sum(axis=1), n_pool)[:n_pool]])


class _Search:
    """Beam search among some rows. Places count these rows from 0; -1 is none."""

    def __init__(
        self, vectors: np.ndarray, first: int, last: int, rows: np.ndarray, artists: ArtistRows, gap: int
    ) -> None:
        self.first, self.last, self.rows, self.artists, self.gap = first, last, rows, artists, gap
        self.points = vectors[rows]  # (n_places, dim)
        self.start = vectors[[first]]  # (1, dim)
        self.end = vectors[[last]]  # (1, dim)
        self.to_last = angles(self.points @ vectors[last]) ** _POWER  # (n_places,)
        self.places = np.full(len(vectors), -1)
        self.places[rows] = np.arange(len(rows))
        self._sharing: dict[int, np.ndarray] = {}

    def run(self, n_inner: int) -> list[int] | None:
        """The rows of the best path with so many between its ends, or None where the beam ends before."""
        paths, costs = np.empty((1, 0), dtype=np.int64), np.zeros(1, dtype=np.float32)
        for position in range(1, n_inner + 1):
            tips = self.points[paths[:, -1]] if paths.shape[1] else self.start
            steps = costs[:, None] + angles(tips @ self.points.T) ** _POWER  # (n_paths, n_places)
            estimates = steps + self.to_last / (n_inner + 1 - position) ** (_POWER - 1)
            for estimate, path in zip(estimates, paths, strict=True):
                estimate[self._barred(path, n_inner + 1 - position)] = np.inf
            branches = np.argpartition(estimates, min(_BRANCHES, len(self.rows)) - 1, axis=1)[:, :_BRANCHES]
            branch_estimates = np.take_along_axis(estimates, branches, axis=1).ravel()
            order = np.argsort(branch_estimates, kind="stable")
            order = order[np.isfinite(branch_estimates[order])]
            # Of the paths that end at one track the best: how they go on depends, but for rules, on that track alone.
            order = order[np.sort(np.unique(branches.ravel()[order], return_index=True)[1])][:_WIDTH]
            if not len(order):
                return None
            parents, tips_of = order // branches.shape[1], branches.ravel()[order]
            paths, costs = np.column_stack([paths[parents], tips_of]), steps[parents, tips_of]
        best = paths[np.argmin(costs + self.to_last[paths[:, -1]])]
        return self._refined([self.first, *self.rows[best].tolist(), self.last])

    def _refined(self, path: list[int]) -> list[int]:
        """Put in the place of each inner track the best one between its neighbours, until none is better.

        The beam looks ahead by a bound that many tracks meet; with both neighbours known there is nothing to guess.
        """
        points = np.vstack([self.start, self.points[self.places[path[1:-1]]], self.end])  # (k, dim)
        is_better = True
        while is_better:
            is_better = False
            for position in range(1, len(path) - 1):
                costs = (angles(self.points @ points[[position - 1, position + 1]].T) ** _POWER).sum(axis=1)
                now = costs[self.places[path[position]]]
                near = range(max(position - self.gap, 0), min(position + self.gap + 1, len(path)))
                for other in near:
                    if other != position:
                        costs[self._sharing_places(path[other])] = np.inf
                costs[self.places[path[1:-1]]] = np.inf
                best = int(costs.argmin())
                if costs[best] < now - _LEAST_GAIN:
                    path[position], points[position], is_better = int(self.rows[best]), self.points[best], True
        return path

    def _barred(self, path: np.ndarray, n_left: int) -> np.ndarray:
        """Places that cannot follow a path, with so many steps left to the end: its own, and of artists too near."""
        near = [self.first, *self.rows[path].tolist()][-self.gap :] if self.gap else []
        if n_left <= self.gap:
            near.append(self.last)
        return np.concatenate([path, *(self._sharing_places(row) for row in near)])

    def _sharing_places(self, row: int) -> np.ndarray:
        if row not in self._sharing:
            places = self.places[self.artists.sharing([row])]
            self._sharing[row] = places[places >= 0]
        return self._sharing[row]
