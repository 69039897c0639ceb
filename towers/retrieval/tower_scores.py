"""Scores and lists of trained towers for evaluation queries, and their validation during training."""

from collections.abc import Sequence

import numpy as np
import torch

from earshot.evaluation.full_ranking import TILE, Scores
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries
from earshot.towers.models import Towers
from earshot.towers.query_inputs import inputs_at
from earshot.towers.retrieval.best_tracks import recommend
from earshot.towers.retrieval.popularity import popularity_offsets
from earshot.towers.retrieval.query_vectors import history_length, query_vectors, rows_with_vectors

VALIDATION_K = 20  # places of a list that validation looks at
_QUERIES_AT_ONCE = 1_024
_NEUMF_TRACKS_AT_ONCE = 2**12  # its network looks at each pair


class Validator:
    """Early stopping's measure: NDCG@20 on the validation part, at the popularity weight that suits it best."""

    def __init__(self, eval_queries: EvaluationQueries, popularity_weights: Sequence[float] = (0.0,)) -> None:
        self.eval_queries, self.popularity_weights = eval_queries, popularity_weights
        self.popularity_weight = popularity_weights[0]  # the best of the latest call

    def __call__(self, towers: Towers) -> float:
        ndcgs = {weight: self._ndcg(towers, weight) for weight in self.popularity_weights}
        self.popularity_weight = max(ndcgs, key=ndcgs.__getitem__)
        return ndcgs[self.popularity_weight]

    def _ndcg(self, towers: Towers, popularity_weight: float) -> float:
        offsets = evaluation_offsets(self.eval_queries, popularity_weight)
        lists = tower_lists(towers, self.eval_queries, VALIDATION_K, offsets)
        return float(ranking_metrics(lists, self.eval_queries.targets, VALIDATION_K)["ndcg"].mean())


def tower_lists(
    towers: Towers, eval_queries: EvaluationQueries, k: int, offsets: np.ndarray | None = None
) -> np.ndarray:
    """Recommendations to each user after all known events, made on the towers' device: (n_queries, k) rows."""
    user_rows, excluded = eval_queries.targets.user_rows, eval_queries.excluded
    blocks = recommend(towers, eval_queries.known, user_rows, k, excluded=excluded, offsets=offsets)
    return np.concatenate([rows for rows, _ in blocks])


def tower_scores(
    towers: Towers, queries: torch.Tensor, items: torch.Tensor, offsets: np.ndarray | None = None
) -> Scores:
    """Scores of all tracks, (n_tracks, dim), for blocks of the queries, (n_queries, dim); offsets are added."""
    width = TILE if towers.config.model != "neumf" else _NEUMF_TRACKS_AT_ONCE

    @torch.no_grad()
    def scores(start: int, stop: int, out: np.ndarray) -> None:
        for first in range(0, len(items), width):
            block = towers.scores(queries[start:stop], items[first : first + width])
            out[:, first : first + width] = block.float().cpu().numpy()
        if offsets is not None:
            out[:, : len(items)] += offsets

    return scores


def evaluation_query_vectors(towers: Towers, eval_queries: EvaluationQueries) -> torch.Tensor:
    """Vectors of evaluation queries, (n_queries, dim): each reads its own history, and is made at the end of that."""
    histories, vectors = eval_queries.histories, []
    length = history_length(towers, ordered=bool(histories.events.times.any()))
    users = rows_with_vectors(towers, eval_queries.targets.user_rows)
    for start in range(0, len(eval_queries), _QUERIES_AT_ONCE):
        block = slice(start, start + _QUERIES_AT_ONCE)
        first, stop = histories.starts[block], histories.stops[block]
        vectors.append(query_vectors(towers, *inputs_at(histories.events, users[block], first, stop, length)))
    return torch.cat(vectors)


def evaluation_offsets(eval_queries: EvaluationQueries, popularity_weight: float) -> np.ndarray | None:
    """The offsets of a popularity weight, counted in the events that are known before the targets."""
    return popularity_offsets(eval_queries.known.play_counts(), popularity_weight)
