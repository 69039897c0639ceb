"""Metrics against 99 sampled negatives, as older papers report them, beside the same queries over the full catalog.

A recommender has to find one target among a hundred tracks instead of among all. Averages over such samples do not say
which of two recommenders is better: they weigh high and low places of the full list almost alike, and can reverse the
order [1]_. They are here for comparison with published values, with the full catalog in the next line.

References
----------
.. [1] Krichene, Rendle. On Sampled Metrics for Item Recommendation. KDD 2020. https://doi.org/10.1145/3394486.3403226
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from earshot.evaluation.metrics.metric_value import BY_PLAYS, CHANCE, FULL, UNIFORM, Columns, MetricValue, mean_values
from earshot.evaluation.metrics.ranking_metrics import chance_ranking, dcg_discounts, ranking_metrics
from earshot.evaluation.queries import EvaluationQueries

N_NEGATIVES = 99
WARNING = (
    "Do not trust these alone: a hundred tracks instead of all can turn the order of two recommenders round"
    " (Krichene and Rendle, KDD 2020)."
)
_K = 10
_MAX_ROUNDS = 20  # of sampling again in the place of tracks that the user played


@dataclass(frozen=True)
class SampledCandidates:
    """One target of each query, and negatives that its user never played."""

    is_target: np.ndarray  # (n_targets,) bool: the chosen target of each query
    target_rows: np.ndarray  # (n_queries,)
    negatives: Mapping[str, np.ndarray]  # by sampling distribution, (n_queries, 99) rows, -1 where tracks run out

    def rows(self) -> np.ndarray:
        """All candidates, (n_queries, 1 + 99 * n_distributions): the target first."""
        return np.concatenate([self.target_rows[:, None], *self.negatives.values()], axis=1)

    def note(self) -> str:
        """Warn the reader of these metrics."""
        fewest = min(int((drawn >= 0).sum(axis=1).min(initial=N_NEGATIVES)) for drawn in self.negatives.values())
        few = f" These are not 99 everywhere: somebody has left only {fewest} tracks unplayed." if fewest < 99 else ""
        return WARNING + few


def draw_candidates(eval_queries: EvaluationQueries, seed: int = 0) -> SampledCandidates:
    """Draw uniform negatives, and negatives in proportion to their plays; each track at most once per query."""
    rng = np.random.default_rng([seed, 99])
    targets = eval_queries.targets
    chosen = targets.starts[:-1] + rng.integers(targets.counts())
    is_target = np.zeros(len(targets.track_rows), dtype=bool)
    is_target[chosen] = True
    n = eval_queries.known.n_tracks
    edges = np.cumsum(eval_queries.known.play_counts()) / max(len(eval_queries.known), 1)
    distributions = {
        UNIFORM: lambda size: rng.integers(n, size=size),
        BY_PLAYS: lambda size: np.minimum(np.searchsorted(edges, rng.random(size), side="right"), n - 1),
    }
    negatives = {name: np.full((len(targets), N_NEGATIVES), -1, dtype=np.int64) for name in distributions}
    for query, tracks in enumerate(targets.by_query()):
        played = np.union1d(eval_queries.histories.tracks(query), tracks)
        for name, draw in distributions.items():
            drawn = np.empty(0, dtype=np.int64)
            for _ in range(_MAX_ROUNDS):
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
    candidate_scores: Mapping[str, np.ndarray],
    candidates: SampledCandidates,
    eval_queries: EvaluationQueries,
    *,
    seed: int = 0,
) -> list[MetricValue]:
    """Compute HR@10 and NDCG@10 against each kind of negatives, and of the same targets over the full catalog.

    A negative with the target's score is ranked before it.

    Parameters
    ----------
    lists : by subject, (n_queries, >= 10)
    candidate_scores : by subject, of `candidates.rows()`
    """
    users, metric_values = eval_queries.targets.user_rows, list[MetricValue]()
    for place, (name, negatives) in enumerate(candidates.negatives.items()):
        block = slice(1 + place * N_NEGATIVES, 1 + (place + 1) * N_NEGATIVES)
        is_drawn, columns = negatives >= 0, Columns()
        for subject, scores in candidate_scores.items():
            n_before = ((scores[:, block] >= scores[:, :1]) & is_drawn).sum(axis=1)  # (n_queries,)
            hit_rate = (n_before < _K).astype(np.float64)
            columns |= {(subject, "hit_rate", _K): hit_rate, (subject, "ndcg", _K): hit_rate / np.log2(n_before + 2)}
        n = is_drawn.sum(axis=1)
        gains = np.where(np.arange(_K)[:, None] <= n, dcg_discounts(_K)[:, None], 0)
        columns[CHANCE, "hit_rate", _K] = np.minimum(_K / (n + 1), 1)
        columns[CHANCE, "ndcg", _K] = gains.sum(axis=0) / (n + 1)
        metric_values += mean_values(columns, users, slice=name, seed=seed)
    targets, _ = eval_queries.targets.select(candidates.is_target)
    full = {subject: ranking_metrics(rows, targets, _K) for subject, rows in lists.items()}
    is_reachable = eval_queries.is_reachable[candidates.is_target]
    full[CHANCE] = chance_ranking(targets, _K, eval_queries.n_candidates, is_reachable)
    columns = {(subject, name, _K): values[name] for subject, values in full.items() for name in ("hit_rate", "ndcg")}
    return metric_values + mean_values(columns, users, slice=FULL, seed=seed)
