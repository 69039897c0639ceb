"""Baselines of a trained recommender, each with the setting that is best on the validation part."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from earshot.data.catalog import Catalog
from earshot.evaluation.baselines.item_knn import FOREVER, ItemNeighbours
from earshot.evaluation.baselines.matrix_factorization import bpr, ials
from earshot.evaluation.baselines.simple_baselines import (
    content_knn,
    decayed_popularity,
    or_else,
    personal_top,
    popular,
)
from earshot.evaluation.full_ranking import Scores
from earshot.evaluation.metrics.metric_value import POPULAR
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries

Setting = Mapping[str, float]
Stages = Sequence[Sequence[Setting]]  # each goes on with the best of the one before
Prepare = Callable[[EvaluationQueries], Callable[..., Scores]]
"""A function that does once what no setting changes, and returns one that takes a setting as keywords."""


def _grid(**values: Sequence[float]) -> list[Setting]:
    """Combine each value of a setting with each of the others."""
    return [dict(zip(values, combination, strict=True)) for combination in product(*values.values())]


BPR = "BPR (implicit)"  # other packages' finds more; see the note of matrix_factorization.bpr
_TUNING_K = 20  # length of list
_HALF_LIVES = _grid(half_life_days=(1.0, 3.0, 7.0, 30.0, 90.0, 365.0))
_KNN_POWERS: list[Setting] = [
    {"breadth": a, "popularity": b} for a, b in ((0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.0, 0.3))
]
_KNN_HALF_LIVES = _grid(half_life_days=(0.1, 7.0, 90.0, FOREVER))
_MAX_KNN_SCORES = 2**27  # per setting: with a large catalog, fewer validation queries tune item neighbours
_MIN_KNN_QUERIES = 50
_DEFAULTS: Mapping[str, Setting] = {  # where there is no validation
    "popular of late": {"half_life_days": 7.0},
    "own favourites": {"half_life_days": 30.0},
    "item neighbours": {"breadth": 1.0, "popularity": 0.5},
    "iALS": {"alpha": 30.0, "regularization": 10.0, "factors": 64},
    BPR: {"regularization": 0.01, "learning_rate": 0.1, "factors": 64},
}
_IALS_STAGES: Stages = [  # two settings with few factors, then the number of factors with the best of these
    _grid(alpha=(10.0, 30.0, 100.0), regularization=(1.0, 10.0, 100.0), factors=(64,)),
    _grid(factors=(64, 128, 256)),
]
_BPR_STAGES: Stages = [
    _grid(regularization=(0.001, 0.01, 0.1), learning_rate=(0.02, 0.1), factors=(64,)),
    _grid(factors=(64, 128)),
]


@dataclass(frozen=True)
class Baseline:
    """A recommender with its setting."""

    name: str
    scores: Scores
    setting: Setting
    tuned: float | None = None  # NDCG@20 on validation; None if the setting is a default

    def describe(self) -> str:
        """Format as ``iALS: alpha 10, factors 64 (NDCG@20 .1234 on validation)``; empty if there is no setting."""
        setting = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in self.setting.items())
        ndcg = "" if self.tuned is None else f" (NDCG@{_TUNING_K} {self.tuned:.4f} on validation)"
        return f"{self.name}: {setting}{ndcg}" if setting else ""


def tuned_baselines(
    eval_queries: EvaluationQueries, validation: EvaluationQueries | None, catalog: Catalog, which: str = "quick"
) -> Iterator[Baseline]:
    """Yield the baselines, popularity first; item neighbours and iALS fall back on it where there is no history.

    Parameters
    ----------
    validation : queries that settings are chosen by; without, settings are the defaults
    which : "quick", or "all" with those that are trained, which takes a while
    """

    def tuned(
        name: str, prepare: Prepare, stages: Stages, validation: EvaluationQueries | None = validation
    ) -> Baseline:
        """Choose the best setting on validation, stage by stage, and make the baseline with all known interactions."""
        best, ndcg = (_DEFAULTS[name] if stages else {}), None
        if validation is not None and stages:
            best, scores_of = {}, prepare(validation)
            for stage in stages:
                settings = [{**best, **setting} for setting in stage]
                ndcgs = [_ndcg(scores_of(**setting), validation) for setting in settings]
                best, ndcg = settings[int(np.argmax(ndcgs))], max(ndcgs)
        return Baseline(name, prepare(eval_queries)(**(best or _DEFAULTS[name])), best, ndcg)

    def with_fallback(given: EvaluationQueries, scores_of: Callable[..., Scores]) -> Callable[..., Scores]:
        """Whoever has no history gets what is popular, of late if that was tuned."""
        fallback = decayed_popularity(given.known, **late.setting) if late else popular(given.known)
        return lambda **setting: or_else(scores_of(**setting), fallback, given.histories)

    def item_neighbours(given: EvaluationQueries) -> Callable[..., Scores]:
        return with_fallback(given, partial(ItemNeighbours(given.known).scores, given.histories))

    has_time = bool(eval_queries.known.times.any())
    half_lives = [_HALF_LIVES] if has_time else []
    late: Baseline | None = None
    yield Baseline(POPULAR, popular(eval_queries.known), {})
    if has_time:
        late = tuned("popular of late", lambda given: partial(decayed_popularity, given.known), half_lives)
        yield late
    if eval_queries.excluded is None:
        yield tuned("own favourites", lambda given: partial(personal_top, given.known, given.histories), half_lives)
    n_queries = max(_MAX_KNN_SCORES // max(eval_queries.known.n_tracks, 1), _MIN_KNN_QUERIES)
    stages = [_KNN_POWERS, _KNN_HALF_LIVES] if has_time else [_KNN_POWERS]
    few = validation and validation.subsample(n_queries)
    yield tuned("item neighbours", item_neighbours, stages, few)
    if catalog.audio is not None and catalog.has_audio().any():
        yield Baseline("sound alone", content_knn(catalog.audio, eval_queries.histories), {})
    if which == "all":
        yield tuned("iALS", lambda given: with_fallback(given, partial(ials, given)), _IALS_STAGES)
        yield tuned(BPR, lambda given: partial(bpr, given), _BPR_STAGES)


def _ndcg(scores: Scores, validation: EvaluationQueries) -> float:
    lists, _ = validation.ranked(scores, _TUNING_K)
    return float(ranking_metrics(lists, validation.targets, _TUNING_K)["ndcg"].mean())
