"""An evaluation from its first query to its last sentence: answers are gathered, judged and told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from earshot.data.catalog import Catalog
from earshot.data.events.protocols import Protocol
from earshot.evaluation.evaluator import (
    ACCURACY,
    LEGACY,
    legacy_metrics,
    paired_differences,
    recommendation_metrics,
)
from earshot.evaluation.full_ranking import Scores
from earshot.evaluation.metrics.metric_tables import sampled_rows, slice_rows, table_rows
from earshot.evaluation.metrics.metric_value import ALL, POPULAR, MetricValue
from earshot.evaluation.queries import EvaluationQueries
from earshot.evaluation.sampled_metrics import SampledCandidates, draw_candidates, sampled_metrics

_PROBED_AT = 10  # places that the figures of 99 negatives need
_N_LEAST = 10  # queries, for a slice to be shown in the summary
_LEVEL = 5e-5  # a lead that four digits do not show


@dataclass(frozen=True)
class Section:
    """A table with its title and what a reader has to know of it."""

    title: str
    rows: list[dict[str, object]]
    note: str = ""


@dataclass
class Rankings:
    """The lists of every recommender before one exam."""

    eval_queries: EvaluationQueries
    ks: Sequence[int]  # rising
    probes: SampledCandidates | None = None
    lists: dict[str, np.ndarray] = field(default_factory=dict)
    probed: dict[str, np.ndarray] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)  # what some of them were set to, told

    @classmethod
    def for_queries(cls, eval_queries: EvaluationQueries, ks: Sequence[int], *, sampled: bool, seed: int) -> "Rankings":
        """Nobody has answered yet; with `sampled`, one target of each query is asked about apart."""
        return cls(eval_queries, ks, draw_candidates(eval_queries, seed) if sampled else None)

    def add(self, subject: str, scores: Scores, setting: str = "") -> None:
        deepest = max(self.ks[-1], _PROBED_AT if self.probes is not None else 0)
        rows = None if self.probes is None else self.probes.rows()
        self.lists[subject], self.probed[subject] = self.eval_queries.ranked(scores, deepest, rows)
        self.settings += filter(None, [setting])


@dataclass(frozen=True)
class EvaluationReport:
    """What came out."""

    subject: str  # who is judged; all others are rivals
    ks: Sequence[int]
    metric_values: list[MetricValue]  # over the full catalog
    differences: list[MetricValue]
    sampled: list[MetricValue]
    note: str = ""  # on the sampled ones

    def all_values(self) -> list[MetricValue]:
        return self.metric_values + self.differences + self.sampled

    def summary(self) -> list[Section]:
        """The tables that fit a terminal: how good, what the lists are like, and recall by slice."""
        accuracy = [value for value in self.metric_values if value.metric in ACCURACY]
        legacy = [value for value in self.metric_values if value.metric in LEGACY]
        likeness = [value for value in self.metric_values if value.metric not in (*ACCURACY, *LEGACY)]
        first, deepest = self.ks[0], self.ks[-1]
        told = [Section(f"The first {k} places", table_rows(accuracy, k)) for k in self.ks]
        for k in self.ks if legacy else ():  # beside the others they would be cut off
            told.append(Section(f"The first {k} places, as Yambda's paper counts", table_rows(legacy, k)))
        told.append(Section(f"What the lists of {first} are like", table_rows(likeness, first)))
        if any(value.slice != ALL for value in accuracy):
            rows, note = slice_rows(accuracy, deepest, "recall", _N_LEAST)
            told.append(Section(f"Recall@{deepest} by kind of target", rows, note))
        return told + self._of_samples()

    def sections(self) -> list[Section]:
        """All tables with all columns, the whole first."""
        told = [Section(f"The first {k} places", table_rows(self.metric_values, k)) for k in self.ks]
        deepest = self.ks[-1]
        for part in dict.fromkeys(value.slice for value in self.metric_values if value.slice != ALL):
            rows = table_rows(self.metric_values, deepest, part)
            told.append(Section(f"The first {deepest} places, of targets that are {part} only", rows))
        return told + self._of_samples()

    def _of_samples(self) -> list[Section]:
        if not self.sampled:
            return []
        return [Section("One target among 99 others, HR and NDCG of 10 places", sampled_rows(self.sampled), self.note)]

    def sentences(self) -> list[str]:
        """By how much the subject is ahead of popularity, and of the best of the others."""
        first = [value for value in self.differences if value.metric == "ndcg" and value.k == self.ks[0]]
        told = [value for value in first if value.subject == f"{self.subject} - {POPULAR}"]
        hardest = sorted(first, key=lambda value: value.value or 0)[:1]
        told += [value for value in hardest if value not in told]
        return [self._sentence(value) for value in told]

    def _sentence(self, lead: MetricValue) -> str:
        other = lead.subject.removeprefix(f"{self.subject} - ")
        by = lead.value or 0.0
        bounds = "" if lead.ci_low is None else f", 95 % from {lead.ci_low:+.4f} to {lead.ci_high:+.4f}"
        if abs(by) < _LEVEL:
            return f"{self.subject} is level with {other} by NDCG@{lead.k}{bounds}."
        return f"{self.subject} is {'behind' if by < 0 else 'ahead of'} {other} by {abs(by):.4f} NDCG@{lead.k}{bounds}."


def evaluate_rankings(
    rankings: Rankings, subject: str, catalog: Catalog, rules: Protocol, *, vectors: np.ndarray, seed: int
) -> EvaluationReport:
    """Judge all answers.

    Parameters
    ----------
    vectors : (n_tracks, dim)
        What tells how different two tracks are, where no track was heard.
    """
    eval_queries, lists = rankings.eval_queries, rankings.lists
    sound = vectors if catalog.audio is None or not catalog.has_audio().any() else catalog.audio
    metric_values = recommendation_metrics(
        lists, eval_queries, rankings.ks, vectors=sound, artist_rows=catalog.artist_rows, seed=seed
    )
    if rules.legacy:
        metric_values += legacy_metrics(lists, eval_queries, rankings.ks, seed=seed)
    differences = paired_differences(lists, eval_queries, subject, rankings.ks, seed=seed)
    if rankings.probes is None:
        return EvaluationReport(subject, rankings.ks, metric_values, differences, [])
    sampled = sampled_metrics(lists, rankings.probed, rankings.probes, eval_queries, seed=seed)
    return EvaluationReport(subject, rankings.ks, metric_values, differences, sampled, rankings.probes.note())
