"""One target of each query against 99 tracks drawn by chance: the figure of older papers, and what it hides.

A recommender has to find the target among a hundred tracks instead of among all. Averages of such samples do not tell
which of two recommenders is better: they weigh high and low places of the full list almost alike, and can turn the
order round [1]_. They are here to be compared with what was published, with the same queries over the full catalog in
the next line.

References
----------
.. [1] Krichene, Rendle. On Sampled Metrics for Item Recommendation. KDD 2020. https://doi.org/10.1145/3394486.3403226
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from earshot.evaluation.metrics.metric_value import BY_PLAYS, CHANCE, FULL, UNIFORM, MetricValue, mean_values
from earshot.evaluation.metrics.ranking_metrics import chance_ranking, ranking_metrics
from earshot.evaluation.queries import EvaluationQueries

N_NEGATIVES = 99
WHY_NOT = (
    "Do not trust these alone: a hundred tracks instead of all can turn the order of two recommenders round"
    " (Krichene and Rendle, KDD 2020)."
)
_K = 10
_ROUNDS = 20  # of drawing anew what a listener had played


@dataclass(frozen=True)
class SampledCandidates:
    """The target of each query, and tracks that its listener never played."""

    is_target: np.ndarray  # (n_targets,) bool: which target of the exam each query is asked about, one of each
    target_rows: np.ndarray  # (n_queries,)
    negatives: Mapping[str, np.ndarray]  # by how they are drawn, (n_queries, 99) rows, -1 where tracks run out

    def rows(self) -> np.ndarray:
        """All of them, (n_queries, 1 + 99 * n_ways): the target first."""
        return np.concatenate([self.target_rows[:, None], *self.negatives.values()], axis=1)

    def note(self) -> str:
        """What a reader of the figures has to know."""
        fewest = min(int((drawn >= 0).sum(axis=1).min(initial=N_NEGATIVES)) for drawn in self.negatives.values())
        few = f" These are not 99 everywhere: somebody has left only {fewest} tracks unplayed." if fewest < 99 else ""
        return WHY_NOT + few


def draw_candidates(eval_queries: EvaluationQueries, seed: int = 0) -> SampledCandidates:
    """Uniform negatives, and negatives drawn by how often they were played; each at most once."""
    rng = np.random.default_rng([seed, 99])
    targets = eval_queries.targets
    chosen = targets.starts[:-1] + rng.integers(targets.counts())
    is_target = np.zeros(len(targets.track_rows), dtype=bool)
    is_target[chosen] = True
    n = eval_queries.known.n_tracks
    edges = np.cumsum(np.bincount(eval_queries.known.track_rows, minlength=n)) / max(len(eval_queries.known), 1)
    ways = {
        UNIFORM: lambda size: rng.integers(n, size=size),
        BY_PLAYS: lambda size: np.minimum(np.searchsorted(edges, rng.random(size), side="right"), n - 1),
    }
    negatives = {name: np.full((len(targets), N_NEGATIVES), -1, dtype=np.int64) for name in ways}
    for query, (start, stop) in enumerate(zip(targets.starts[:-1], targets.starts[1:], strict=True)):
        played = np.union1d(eval_queries.histories.tracks(query), targets.track_rows[start:stop])
        for name, draw in ways.items():
            drawn = np.empty(0, dtype=np.int64)
            for _ in range(_ROUNDS):
                more = draw(2 * N_NEGATIVES)
                drawn = np.concatenate([drawn, more[~np.isin(more, played, kind="table")]])
                _, firsts = np.unique(drawn, return_index=True)
                drawn = drawn[np.sort(firsts)][:N_NEGATIVES]
                if len(drawn) == N_NEGATIVES:
                    break
            negatives[name][query, : len(drawn)] = drawn
    return SampledCandidates(is_target, targets.track_rows[chosen], negatives)


def sampled_metrics(
    lists: Mapping[str, np.ndarray],
    probed: Mapping[str, np.ndarray],
    probes: SampledCandidates,
    eval_queries: EvaluationQueries,
    *,
    seed: int = 0,
) -> list[MetricValue]:
    """HR@10 and NDCG@10 against each kind of negatives, and of the same queries over the full catalog.

    A negative with the target's score is before it.

    Parameters
    ----------
    lists : by subject, (n_queries, >= 10)
    probed : by subject, scores of `probes.rows()`
    """
    users, metric_values = eval_queries.targets.user_rows, list[MetricValue]()

    def add(subject: str, slice_name: str, hit_rate: np.ndarray, ndcg: np.ndarray) -> None:
        columns = {(subject, "hit_rate", _K): hit_rate, (subject, "ndcg", _K): ndcg}
        metric_values.extend(mean_values(columns, users, slice=slice_name, seed=seed))

    only, _ = eval_queries.targets.select(probes.is_target)
    for place, (name, negatives) in enumerate(probes.negatives.items()):
        columns = slice(1 + place * N_NEGATIVES, 1 + (place + 1) * N_NEGATIVES)
        is_there = negatives >= 0
        for subject, scores in probed.items():
            before = ((scores[:, columns] >= scores[:, :1]) & is_there).sum(axis=1)  # (n_queries,)
            add(subject, name, *_at_place(before))
        n = is_there.sum(axis=1)
        places = np.arange(_K)[:, None]
        gains = np.where(places <= n, 1 / np.log2(places + 2), 0)
        add(CHANCE, name, np.minimum(_K / (n + 1), 1), gains.sum(axis=0) / (n + 1))
    full = {subject: ranking_metrics(found, only, _K) for subject, found in lists.items()}
    full[CHANCE] = chance_ranking(only, _K, eval_queries.n_candidates, eval_queries.is_reachable[probes.is_target])
    for subject, values in full.items():
        add(subject, FULL, values["hit_rate"], values["ndcg"])
    return metric_values


def _at_place(before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hit rate and NDCG at 10 of one target with so many tracks before it."""
    hit = (before < _K).astype(np.float64)
    return hit, hit / np.log2(before + 2)
