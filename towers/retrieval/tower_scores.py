"""Trained towers before an exam, as `evaluation.baselines.tuned_baselines` are."""

from collections.abc import Sequence

import numpy as np
import torch

from earshot.data.events.splits import Split
from earshot.evaluation.full_ranking import TILE, Scores
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries, validation_queries
from earshot.towers.models import Towers
from earshot.towers.query_inputs import inputs_at
from earshot.towers.retrieval.exact_search import history_length, popularity_offsets, query_vectors, recommend

_JUDGED_AT = 20  # places that validation looks at
_QUERIES_AT_ONCE = 1_024
_TRACKS_OF_A_NETWORK = 2**12  # at a time, where a network looks at each pair


class Validator:
    """What early stopping goes by: NDCG@20 on the validation part, at the popularity dial that suits it best."""

    def __init__(self, eval_queries: EvaluationQueries, popularity_weights: Sequence[float] = (0.0,)) -> None:
        self.eval_queries, self.popularity_weights = eval_queries, popularity_weights
        self.popularity_weight = popularity_weights[0]  # the best, when last asked

    def __call__(self, towers: Towers) -> float:
        values = {
            popularity_weight: self._ndcg(towers, popularity_weight) for popularity_weight in self.popularity_weights
        }
        self.popularity_weight = max(values, key=values.__getitem__)
        return values[self.popularity_weight]

    def _ndcg(self, towers: Towers, popularity_weight: float) -> float:
        lists = tower_lists(towers, self.eval_queries, _JUDGED_AT, exam_offsets(self.eval_queries, popularity_weight))
        return float(ranking_metrics(lists, self.eval_queries.targets, _JUDGED_AT)["ndcg"].mean())


def make_judge(
    split: Split, *, repeats: bool, n_users: int = 2_000, seed: int = 0, popularity_weights: Sequence[float] = (0.0,)
) -> Validator | None:
    """A judge of the validation part, or None where that is empty."""
    eval_queries = validation_queries(split, repeats=repeats, n_users=n_users, seed=seed)
    return None if eval_queries is None else Validator(eval_queries, popularity_weights)


def tower_lists(
    towers: Towers, eval_queries: EvaluationQueries, k: int, offsets: np.ndarray | None = None
) -> np.ndarray:
    """What the towers recommend at the end of all that is known, found where they are: (n_queries, k) rows."""
    found = recommend(
        towers, eval_queries.known, eval_queries.targets.user_rows, k, excluded=eval_queries.excluded, offsets=offsets
    )
    return np.concatenate([rows for rows, _ in found])


def tower_scores(
    towers: Towers, queries: torch.Tensor, items: torch.Tensor, offsets: np.ndarray | None = None
) -> Scores:
    """How much each query, (n_queries, dim), wants each track, (n_tracks, dim); offsets are added to each track's."""
    width = TILE if towers.config.model != "neumf" else _TRACKS_OF_A_NETWORK

    @torch.no_grad()
    def scores(start: int, stop: int, out: np.ndarray) -> None:
        for first in range(0, len(items), width):
            some = towers.scores(queries[start:stop], items[first : first + width])
            out[:, first : first + width] = some.float().cpu().numpy()
        if offsets is not None:
            out[:, : len(items)] += offsets

    return scores


def exam_queries(towers: Towers, eval_queries: EvaluationQueries) -> torch.Tensor:
    """Vectors of the queries of an exam, (n_queries, dim): each looks back on its own past, and now is its end."""
    histories, users, parts = eval_queries.histories, eval_queries.targets.user_rows, []
    length = history_length(towers, ordered=bool(histories.events.times.any()))
    known = towers.is_known_user.cpu().numpy()
    for start in range(0, len(eval_queries), _QUERIES_AT_ONCE):
        some = slice(start, start + _QUERIES_AT_ONCE)
        asked, track_rows = inputs_at(
            histories.events, users[some], histories.starts[some], histories.stops[some], length, known
        )
        parts.append(query_vectors(towers, asked, track_rows))
    return torch.cat(parts)


def exam_offsets(eval_queries: EvaluationQueries, popularity_weight: float) -> np.ndarray | None:
    """What a popularity dial adds to the score of each track, by what is known before the exam."""
    return popularity_offsets(
        np.bincount(eval_queries.known.track_rows, minlength=eval_queries.known.n_tracks), popularity_weight
    )
