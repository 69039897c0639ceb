"""What a trained recommender has to beat, each given its best setting on the validation part and nowhere else."""

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

_TUNED_AT = 20  # places
_HALF_LIVES = (1.0, 3.0, 7.0, 30.0, 90.0, 365.0)  # days
_POWERS = [{"breadth": a, "popularity": b} for a, b in ((0.0, 0.5), (0.5, 0.5), (1.0, 0.5), (1.0, 0.3))]
_FADING = [{"half_life_days": days} for days in (0.1, 7.0, 90.0, FOREVER)]
_SCORES_OF_PRACTICE, _FEWEST = 2**27, 50  # of item neighbours: of a large catalog fewer listeners have to do

Setting = Mapping[str, float]
Ask = Callable[[Setting], Scores]
Make = Callable[[EvaluationQueries], Ask]  # what does not depend on the setting is done once


@dataclass(frozen=True)
class Baseline:
    """A recommender, and what it was set to."""

    name: str
    scores: Scores
    setting: Setting
    tuned: float | None = None  # NDCG@20 on validation, where that chose the setting

    def describe(self) -> str:
        """As ``iALS: alpha 10, factors 64 (NDCG@20 .1234 on validation)``; nothing where there was nothing to set."""
        dials = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in self.setting.items())
        judged = "" if self.tuned is None else f" (NDCG@{_TUNED_AT} {self.tuned:.4f} on validation)"
        return f"{self.name}: {dials}{judged}" if dials else ""


def tuned_baselines(
    eval_queries: EvaluationQueries, validation: EvaluationQueries | None, catalog: Catalog, which: str = "quick"
) -> Iterator[Baseline]:
    """Who stands beside the towers, popularity first.

    Parameters
    ----------
    practice : an exam about the validation part, by which dials are set; without, they stay where they are
    which : "quick", or "all", which adds those that learn, and take as long
    """
    yield Baseline(POPULAR, popular(eval_queries.known), {})
    has_time = bool(eval_queries.known.times.any())
    half_lives = [{"half_life_days": days} for days in _HALF_LIVES]
    if has_time:
        yield _tuned("popular of late", _simply(_late), [half_lives], {"half_life_days": 7.0}, eval_queries, validation)
    if eval_queries.excluded is None:
        stages = [half_lives] if has_time else []
        yield _tuned("own favourites", _simply(_own), stages, {"half_life_days": 30.0}, eval_queries, validation)
    few = validation and validation.subsample(max(_SCORES_OF_PRACTICE // max(eval_queries.known.n_tracks, 1), _FEWEST))
    stages = [_POWERS, _FADING] if has_time else [_POWERS]
    yield _tuned("item neighbours", _neighbours, stages, {"breadth": 1.0, "popularity": 0.5}, eval_queries, few)
    if catalog.audio is not None and catalog.has_audio().any():
        yield Baseline("sound alone", content_knn(catalog.audio, eval_queries.histories), {})
    if which == "all":
        yield _factorised("iALS", _simply(ials), IALS_GRID, eval_queries, validation)
        yield _factorised("BPR", _simply(bpr), BPR_GRID, eval_queries, validation)


def _late(eval_queries: EvaluationQueries, setting: Setting) -> Scores:
    return decayed_popularity(eval_queries.known, setting["half_life_days"])


def _own(eval_queries: EvaluationQueries, setting: Setting) -> Scores:
    return personal_top(eval_queries.known, eval_queries.histories, setting["half_life_days"])


def _neighbours(eval_queries: EvaluationQueries) -> Ask:
    ready = ItemNeighbours(eval_queries.known)
    return lambda setting: ready.scores(eval_queries.histories, **setting)


def _simply(make: Callable[[EvaluationQueries, Setting], Scores]) -> Make:
    """For recommenders that have nothing to keep from one setting to the next."""
    return lambda eval_queries: partial(make, eval_queries)


def _tuned(
    name: str,
    make: Make,
    stages: Sequence[Sequence[Setting]],
    default: Setting,
    eval_queries: EvaluationQueries,
    validation: EvaluationQueries | None,
) -> Baseline:
    """The setting that is best in practice, made anew of all that is known; each stage goes on from the one before."""
    if validation is None or not stages:
        return Baseline(name, make(eval_queries)(default), default if stages else {})
    best: Setting = {}
    ask, mark = make(validation), None
    for stage in stages:
        best, mark = _best(ask, [{**best, **setting} for setting in stage], validation)
    return Baseline(name, make(eval_queries)(best), best, mark)


def _factorised(
    name: str,
    make: Make,
    grid: Mapping[str, tuple[float, ...]],
    eval_queries: EvaluationQueries,
    validation: EvaluationQueries | None,
) -> Baseline:
    """First all pairs of two dials with few factors, then more factors with the best of these."""
    pairs = list(grid_settings(grid))
    more = [{"factors": factors} for factors in grid["factors"]]
    return _tuned(name, make, [pairs, more], pairs[len(pairs) // 2], eval_queries, validation)


def _best(ask: Ask, settings: Sequence[Setting], validation: EvaluationQueries) -> tuple[Setting, float]:
    """The setting with the highest NDCG on the validation part, and that."""
    marks = []
    for setting in settings:
        lists, _ = validation.ranked(ask(setting), _TUNED_AT)
        marks.append(float(ranking_metrics(lists, validation.targets, _TUNED_AT)["ndcg"].mean()))
    best = max(range(len(settings)), key=marks.__getitem__)
    return settings[best], marks[best]
