"""Evaluate the towers of a library on listens that they never saw, over the full catalog, beside baselines."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import Split, split_listens
from earshot.evaluation.baselines.tuned_baselines import tuned_baselines
from earshot.evaluation.evaluation_report import EvaluationReport, Rankings, Section, evaluate_rankings
from earshot.evaluation.markdown_report import write_report
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.evaluation.queries import describe_queries, queries_of_split, validation_queries
from earshot.evaluation.sampled_metrics import draw_candidates
from earshot.index.evaluation.ann_benchmark import ann_metrics, ann_section
from earshot.index.evaluation.leakage import current_ear, training_listens
from earshot.index.library import Library
from earshot.index.recommending.tower_data import TowerData
from earshot.index.recommending.tower_runs import TowerRun
from earshot.index.runs import EVALUATE_STAGE, finish_run, start_run, store_metrics
from earshot.index.vectors.spaces import AUDIO
from earshot.stages.shared.current_towers import load_towers
from earshot.stages.shared.environment import versions
from earshot.stages.shared.reports import InputError, Progress, StageError, as_stage_error, collected
from earshot.towers.retrieval.best_tracks import unit_vectors
from earshot.towers.retrieval.popularity import fold_offsets
from earshot.towers.retrieval.query_vectors import item_vectors
from earshot.towers.retrieval.tower_scores import evaluation_offsets, evaluation_query_vectors, tower_scores

_MAX_TUNING_USERS = 300  # whose validation queries choose the settings of baselines


@dataclass(frozen=True)
class Evaluation:
    """Towers beside baselines: every metric, and what a reader needs to know of them."""

    report: EvaluationReport
    title: str
    notes: Sequence[str]  # on the queries, the protocol, and leakage
    settings: Sequence[str]  # that were chosen for the baselines
    metrics: Sequence[MetricValue]  # all of them, with those of indexes
    more: Sequence[Section]  # tables beyond the report's: of indexes, if they were tuned

    def value(self, metric: str, k: int, subject: str | None = None) -> float | None:
        """A metric over all targets, of the towers or of another subject, such as ``popular``."""
        subject = subject or self.report.subject
        values = (value for value in self.report.metric_values if (value.slice, value.k) == ("all", k))
        return next((one.value for one in values if (one.subject, one.metric) == (subject, metric)), None)

    def summary(self) -> list[Section]:
        """The tables that fit a terminal."""
        return [*self.report.summary(), *self.more]

    def write(self, page: Path) -> None:
        """Write all tables as a page of Markdown, with pictures beside it."""
        write_report(page, self.report, title=self.title, notes=self.notes, settings=self.settings, more=self.more)


def evaluate_towers(
    library: Library,
    *,
    ks: Sequence[int] = (10, 20, 100),
    repeats: bool | None = None,
    baselines: str = "quick",
    sampled: bool | None = None,
    ann: bool = False,
    recall: float = 0.98,
    popularity: float | None = None,
    n_users: int = 2_000,
    seed: int = 0,
) -> Generator[Progress | Evaluation, None, None]:
    """Evaluate the towers and keep every metric in the library; the last report is the `Evaluation`.

    Arguments are those of `cli evaluate`, where None stands for their defaults. The library is open to write.

    Raises
    ------
    InputError
        There are no such baselines, or no `ks`.
    LibraryError
        There are no towers, or no listens.
    StageError
        The towers saw all listens, the listens have changed since, the test part holds no query, or `ann` is
        of NeuMF, which no index can search by.
    """
    if baselines not in ("quick", "all") or not ks:
        raise InputError(f"baselines is {baselines!r}, ks is {ks!r}; these are quick or all, and lengths of list")
    saved, data, trained = load_towers(library)
    if ann and trained.model == "neumf":
        raise StageError("NeuMF has no inner product that an index could search by.\n\nLeave out --ann.")
    split = _split_of_training(data, trained)
    protocol = PROTOCOLS[split.protocol]
    repeats = bool(protocol.repeats) if repeats is None else repeats
    sampled = protocol.sampled if sampled is None else sampled
    popularity = trained.popularity if popularity is None else popularity
    with as_stage_error():
        eval_queries = queries_of_split(split, repeats=repeats, n_queries=n_users, seed=seed)
    validation = validation_queries(split, repeats=repeats, n_users=_MAX_TUNING_USERS, seed=seed)
    track_ids = data.tracks.all_ids  # order equal scores as in recommended lists
    eval_queries = replace(eval_queries, track_ids=track_ids)
    validation = validation and replace(validation, track_ids=track_ids)
    config: dict[str, Any] = {"split": trained.split, "repeats": repeats, "queries": len(eval_queries)}
    config |= {"tower": trained.tower, "popularity": popularity}
    run_id, _ = start_run(library, EVALUATE_STAGE, config, seed=seed, versions=versions())

    rankings = Rankings(eval_queries, sorted(set(ks)), draw_candidates(eval_queries, seed) if sampled else None)
    contenders = tuned_baselines(eval_queries, validation, data.catalog, baselines)
    for n_done, baseline in enumerate(contenders, start=1):
        rankings.add(baseline.name, baseline.scores, baseline.describe())
        yield Progress("ranking", n_done, None, "baseline")
    queries, items = evaluation_query_vectors(saved.towers, eval_queries), item_vectors(saved.towers)
    offsets = evaluation_offsets(eval_queries, popularity)
    rankings.add(trained.model, tower_scores(saved.towers, queries, items, offsets))
    vectors = unit_vectors(items)
    report = evaluate_rankings(rankings, trained.model, data.catalog, protocol, vectors=vectors, seed=seed)
    metrics, more = report.all_values(), []
    if ann:
        folded, k = fold_offsets(items, queries, offsets), rankings.ks[-1]
        indexes = ann_metrics(*folded, eval_queries, k, recall, seed=seed)
        by_index = dict((yield from collected(indexes, "building", "index")))
        metrics += [value for values in by_index.values() for value in values]
        more = [ann_section(by_index, k, recall)]
    store_metrics(library, run_id, metrics)
    facts = {"queries": len(eval_queries), "tracks": eval_queries.known.n_tracks, "settings": rankings.settings}
    finish_run(library, run_id, facts)
    notes = [
        describe_queries(split, eval_queries, repeats=repeats),
        protocol.note,
        _leakage_note(library, split, trained),
    ]
    title = f"{trained.model} beside {len(rankings.lists) - 1} baselines"
    yield Evaluation(report, title, list(filter(None, notes)), rankings.settings, metrics, more)


def _split_of_training(data: TowerData, trained: TowerRun) -> Split:
    """Split the listens as they were when the towers learned."""
    if not trained.split:
        raise StageError(f"Run {trained.id} does not say how it split the listens.\n\nRun `cli train-tower` anew.")
    if trained.split["protocol"] == "none":
        raise StageError(
            "These towers learned from all listens: none are left to evaluate them on.\n\nRun `cli train-tower` anew."
        )
    if trained.listens_key != data.listens_key:
        raise StageError(
            "The listens, or their links with files, have changed since the towers learned from them.\n\n"
            "Run `cli train-tower` anew."
        )
    with as_stage_error():
        return split_listens(data.events, **trained.split)


def _leakage_note(library: Library, split: Split, trained: TowerRun) -> str:
    """Say if the encoder was trained on listens that the evaluation may ask about; empty if it was not."""
    listens = set(training_listens(library, current_ear(library))) if trained.sound == AUDIO else set()
    if not listens - {split.train.digest() if listens else None}:
        return ""
    how = "--split {protocol} --share {share:g} --gap {gap_s} --seed {seed}".format(**trained.split)
    return (
        "The encoder was trained on a graph of other listens than the towers, and this evaluation may ask about them."
        f" Without that leakage: `cli build-graph {how}`, `cli train-audio --start fresh`, `cli embed-audio`, and"
        " `cli train-tower` as before."
    )
