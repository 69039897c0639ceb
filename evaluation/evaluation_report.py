"""Evaluation of several recommenders on the same queries: collect rankings, compute metrics, and report in tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.protocols import Protocol
from earshot.evaluation.evaluator import ACCURACY, LEGACY, legacy_metrics, paired_differences, recommendation_metrics
from earshot.evaluation.full_ranking import Scores
from earshot.evaluation.metrics.metric_tables import sampled_rows, slice_rows, table_rows
from earshot.evaluation.metrics.metric_value import ALL, POPULAR, MetricValue
from earshot.evaluation.queries import EvaluationQueries
from earshot.evaluation.sampled_metrics import SampledCandidates, sampled_metrics

_SAMPLED_K = 10  # length of list that metrics against sampled candidates need
_MIN_SLICE_QUERIES = 10  # of a slice in the summary
_MIN_DIFFERENCE = 5e-5  # smaller ones vanish in four digits


@dataclass(frozen=True)
class Section:
    """A table with its title and a note for its reader."""

    title: str
    rows: list[dict[str, object]]
    note: str = ""


@dataclass
class Rankings:
    """Lists of every recommender for the same queries."""

    eval_queries: EvaluationQueries
    ks: Sequence[int]  # lengths of list, rising
    candidates: SampledCandidates | None = None  # among which one target of each query is ranked too
    lists: dict[str, np.ndarray] = field(default_factory=dict)  # by subject, (n_queries, max k) rows
    candidate_scores: dict[str, np.ndarray] = field(default_factory=dict)  # by subject, of `candidates.rows()`
    settings: list[str] = field(default_factory=list)  # of tuned baselines, as text

    def add(self, subject: str, scores: Scores, setting: str = "") -> None:
        """Rank all tracks by the scores of one recommender."""
        probes = self.candidates.rows() if self.candidates else None
        k = max(self.ks[-1], _SAMPLED_K if self.candidates else 0)
        self.lists[subject], self.candidate_scores[subject] = self.eval_queries.ranked(scores, k, probes)
        self.settings += filter(None, [setting])


@dataclass(frozen=True)
class EvaluationReport:
    """Metric values of a recommender and its baselines, and the tables and sentences that report them."""

    subject: str  # the recommender that is evaluated; all others are baselines
    ks: Sequence[int]
    metric_values: list[MetricValue]  # over the full catalog
    differences: list[MetricValue]  # paired, between the subject and each baseline
    sampled: list[MetricValue]  # against sampled candidates
    note: str = ""  # on the sampled ones

    def all_values(self) -> list[MetricValue]:
        return self.metric_values + self.differences + self.sampled

    def summary(self) -> list[Section]:
        """Make the tables that fit a terminal: accuracy, properties of the lists, and recall by slice."""
        accuracy = [value for value in self.metric_values if value.metric in ACCURACY]
        legacy = [value for value in self.metric_values if value.metric in LEGACY]
        properties = [value for value in self.metric_values if value.metric not in (*ACCURACY, *LEGACY)]
        first, deepest = self.ks[0], self.ks[-1]
        sections = [Section(f"The first {k} places", table_rows(accuracy, k)) for k in self.ks]
        for k in self.ks if legacy else ():  # a table of its own, as there is no room beside the others
            sections.append(Section(f"The first {k} places, as Yambda's paper counts", table_rows(legacy, k)))
        sections.append(Section(f"What the lists of {first} are like", table_rows(properties, first)))
        if any(value.slice != ALL for value in accuracy):
            rows, note = slice_rows(accuracy, deepest, "recall", _MIN_SLICE_QUERIES)
            sections.append(Section(f"Recall@{deepest} by kind of target", rows, note))
        return sections + self._sampled_sections()

    def sections(self) -> list[Section]:
        """Make all tables with all columns, those of all queries first."""
        sections = [Section(f"The first {k} places", table_rows(self.metric_values, k)) for k in self.ks]
        deepest = self.ks[-1]
        for name in dict.fromkeys(value.slice for value in self.metric_values if value.slice != ALL):
            rows = table_rows(self.metric_values, deepest, name)
            sections.append(Section(f"The first {deepest} places, of targets that are {name} only", rows))
        return sections + self._sampled_sections()

    def _sampled_sections(self) -> list[Section]:
        if not self.sampled:
            return []
        return [Section("One target among 99 others, HR and NDCG of 10 places", sampled_rows(self.sampled), self.note)]

    def sentences(self) -> list[str]:
        """Say how far the subject is ahead of popularity, and of the best baseline."""
        ndcg = [value for value in self.differences if value.metric == "ndcg" and value.k == self.ks[0]]
        chosen = [value for value in ndcg if value.subject == f"{self.subject} - {POPULAR}"]
        closest = sorted(ndcg, key=lambda value: value.value or 0)[:1]
        chosen += [value for value in closest if value not in chosen]
        return [self._sentence(value) for value in chosen]

    def _sentence(self, difference: MetricValue) -> str:
        baseline, k = difference.subject.removeprefix(f"{self.subject} - "), difference.k
        by, low, high = difference.value or 0.0, difference.ci_low, difference.ci_high
        if difference.n == 1:
            return f"{self.subject} and {baseline} cannot be told apart by one listener."
        bounds = "" if low is None else f", 95 % from {low:+.4f} to {high:+.4f}"
        if abs(by) < _MIN_DIFFERENCE:
            return f"{self.subject} is level with {baseline} by NDCG@{k}{bounds}."
        return f"{self.subject} is {'behind' if by < 0 else 'ahead of'} {baseline} by {abs(by):.4f} NDCG@{k}{bounds}."


def evaluate_rankings(
    rankings: Rankings, subject: str, catalog: Catalog, rules: Protocol, *, vectors: np.ndarray, seed: int
) -> EvaluationReport:
    """Compute all metrics of all rankings; tracks differ by their audio, without any by `vectors`, (n_tracks, dim)."""
    eval_queries, lists, ks = rankings.eval_queries, rankings.lists, rankings.ks
    compared = vectors if catalog.audio is None or not catalog.has_audio().any() else catalog.audio
    metric_values = recommendation_metrics(
        lists, eval_queries, ks, vectors=compared, artist_rows=catalog.artist_rows, seed=seed
    )
    if rules.legacy:
        metric_values += legacy_metrics(lists, eval_queries, ks, seed=seed)
    differences = paired_differences(lists, eval_queries, subject, ks, seed=seed)
    sampled, note = list[MetricValue](), ""
    if rankings.candidates:
        sampled = sampled_metrics(lists, rankings.candidate_scores, rankings.candidates, eval_queries, seed=seed)
        note = rankings.candidates.note()
    return EvaluationReport(subject, ks, metric_values, differences, sampled, note)
