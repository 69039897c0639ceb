"""Baselines of a trained recommender, each with the setting that is best on the validation part."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from earshot.data.catalog import Catalog
from earshot.evaluation.baselines.item_knn import FOREVER, ItemNeighbours
from earshot.evaluation.baselines.matrix_factorization import BPR_GRID, IALS_GRID, bpr, grid_settings, ials
from earshot.evaluation.baselines.simple_baselines import content_knn, decayed_popularity, personal_top, popular
from earshot.evaluation.full_ranking import Scores
from earshot.evaluation.metrics.metric_value import POPULAR
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries

_TUNING_K = 20  # length of list
_HALF_LIVES = [{"half_life_days": days} for days in (1.0, 3.0, 7.0, 30.0, 90.0, 365.0)]
_KNN_POWERS = [{"breadth": a, "popularity": b} for a, b in ((0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.0, 0.3))]
_KNN_HALF_LIVES = [{"half_life_days": days} for days in (0.1, 7.0, 90.0, FOREVER)]
_MAX_KNN_SCORES = 2**27  # per setting: with a large catalog, fewer validation queries tune item neighbours
_MIN_KNN_QUERIES = 50

Setting = Mapping[str, float]
ScoresOf = Callable[[Setting], Scores]
Prepare = Callable[[EvaluationQueries], ScoresOf]  # does once what no setting changes


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
    """Yield the baselines, popularity first.

    Parameters
    ----------
    validation : queries that settings are chosen by; without, settings are the defaults
    which : "quick", or "all" with those that are trained, which takes a while
    """
    yield Baseline(POPULAR, popular(eval_queries.known), {})
    has_time = bool(eval_queries.known.times.any())
    half_lives = [_HALF_LIVES] if has_time else []
    if has_time:
        default = {"half_life_days": 7.0}
        yield _tuned("popular of late", _unprepared(_decayed), half_lives, default, eval_queries, validation)
    if eval_queries.excluded is None:
        default = {"half_life_days": 30.0}
        yield _tuned("own favourites", _unprepared(_personal), half_lives, default, eval_queries, validation)
    n_queries = max(_MAX_KNN_SCORES // max(eval_queries.known.n_tracks, 1), _MIN_KNN_QUERIES)
    stages = [_KNN_POWERS, _KNN_HALF_LIVES] if has_time else [_KNN_POWERS]
    default = {"breadth": 1.0, "popularity": 0.5}
    few = validation and validation.subsample(n_queries)
    yield _tuned("item neighbours", _neighbours, stages, default, eval_queries, few)
    if catalog.audio is not None and catalog.has_audio().any():
        yield Baseline("sound alone", content_knn(catalog.audio, eval_queries.histories), {})
    if which == "all":
        yield _factorized("iALS", _unprepared(ials), IALS_GRID, eval_queries, validation)
        yield _factorized("BPR", _unprepared(bpr), BPR_GRID, eval_queries, validation)


def _decayed(eval_queries: EvaluationQueries, setting: Setting) -> Scores:
    return decayed_popularity(eval_queries.known, setting["half_life_days"])


def _personal(eval_queries: EvaluationQueries, setting: Setting) -> Scores:
    return personal_top(eval_queries.known, eval_queries.histories, setting["half_life_days"])


def _neighbours(eval_queries: EvaluationQueries) -> ScoresOf:
    neighbours = ItemNeighbours(eval_queries.known)
    return lambda setting: neighbours.scores(eval_queries.histories, **setting)


def _unprepared(recommender: Callable[[EvaluationQueries, Setting], Scores]) -> Prepare:
    """Adapt a recommender that has nothing to reuse between settings."""
    return lambda eval_queries: partial(recommender, eval_queries)


def _tuned(
    name: str,
    prepare: Prepare,
    stages: Sequence[Sequence[Setting]],
    default: Setting,
    eval_queries: EvaluationQueries,
    validation: EvaluationQueries | None,
) -> Baseline:
    """Choose the best setting on validation, stage by stage, and make the baseline with all known interactions."""
    if validation is None or not stages:
        return Baseline(name, prepare(eval_queries)(default), default if stages else {})
    best: Setting = {}
    scores_of, ndcg = prepare(validation), None
    for stage in stages:
        best, ndcg = _best(scores_of, [{**best, **setting} for setting in stage], validation)
    return Baseline(name, prepare(eval_queries)(best), best, ndcg)


def _factorized(
    name: str,
    prepare: Prepare,
    grid: Mapping[str, tuple[float, ...]],
    eval_queries: EvaluationQueries,
    validation: EvaluationQueries | None,
) -> Baseline:
    """Tune two settings with few factors, then the number of factors with the best of these."""
    pairs = list(grid_settings(grid))
    n_factors = [{"factors": factors} for factors in grid["factors"]]
    return _tuned(name, prepare, [pairs, n_factors], pairs[len(pairs) // 2], eval_queries, validation)


def _best(scores_of: ScoresOf, settings: Sequence[Setting], validation: EvaluationQueries) -> tuple[Setting, float]:
    """Find the setting with the highest NDCG on validation, and that NDCG."""
    ndcgs = []
    for setting in settings:
        lists, _ = validation.ranked(scores_of(setting), _TUNING_K)
        ndcgs.append(float(ranking_metrics(lists, validation.targets, _TUNING_K)["ndcg"].mean()))
    best = max(range(len(settings)), key=ndcgs.__getitem__)
    return settings[best], ndcgs[best]
