"""Diffuse audio vectors over preference graphs, so that tracks without audio get a vector too."""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from time import monotonic, perf_counter
from typing import Any

import numpy as np

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.graph.config import DiffusionConfig
from earshot.graph.diffusion.diffusion import centred, diffuse, sound_centre
from earshot.graph.diffusion.hidden_audio_check import check_recovery
from earshot.graph.preference_graph import build_graph
from earshot.index.graphs.diffused_vectors import (
    DiffusionResult,
    LevelGraph,
    fill_catalog,
    level_graphs,
    n_catalog,
    node_vectors,
    sources_of,
    store_diffused,
)
from earshot.index.library import Library
from earshot.index.runs import DIFFUSE_STAGE, finish_run, start_run, store_metrics
from earshot.index.vectors.spaces import AUDIO, read_vectors, require_vectors
from earshot.stages.shared.environment import versions
from earshot.stages.shared.indexes import refresh_indexes
from earshot.stages.shared.reports import Note, Progress


@dataclass(frozen=True)
class DiffusionReport:
    """The tracks that have a vector now, and how well hidden vectors were recovered."""

    n_with_audio: int
    n_catalog: int  # tracks without audio
    n_lacking: int  # of them still without a vector
    levels: Sequence[DiffusionResult]
    metrics: Sequence[MetricValue]  # of the check; empty if nothing was hidden
    seconds: float

    @property
    def n_filled(self) -> int:
        return self.n_catalog - self.n_lacking

    def counts(self) -> dict[str, Any]:
        """The counts as the library records them and `cli diffuse-audio --json` prints them."""
        counts = {"with_audio": self.n_with_audio, "catalog": self.n_catalog, "lacking": self.n_lacking}
        levels = [level.counts() for level in self.levels]
        return counts | {"filled": self.n_filled, "levels": levels, "seconds": self.seconds}


def diffuse_vectors(
    library: Library,
    kinds: Sequence[str] = (),
    config: DiffusionConfig | None = None,
    *,
    hide: float | None = 0.2,
    seed: int = 0,
) -> Generator[Progress | Note | DiffusionReport, None, None]:
    """Give tracks without audio the vectors that their neighbours lend them; the last report is the `DiffusionReport`.

    Parameters
    ----------
    library : open to write
    kinds : names of stored graphs; all, if none is given
    hide : share of the nodes with audio that the check hides first, chosen by `seed`; None for no check

    Raises
    ------
    LibraryError
        There are no vectors, no graphs, or no graph of such a name.
    """
    began, config = monotonic(), config or DiffusionConfig()
    require_vectors(library)
    levels = level_graphs(library, kinds)
    ids, vectors = read_vectors(library, AUDIO)
    centre = sound_centre(vectors, config.centre)
    vectors = centred(vectors, centre)
    sources = sources_of(library, [kind for level in levels for kind in level.kinds])
    settings = asdict(config) | sources | {"centre_vector": centre.tolist()}
    run, _ = start_run(library, DIFFUSE_STAGE, settings, seed=seed, versions=versions())
    results, metrics = [], []
    for level in levels:
        result, of_level = yield from _diffuse_level(library, level, ids.all_ids, vectors, config, hide, seed)
        results.append(result)
        metrics += of_level
        yield Progress("spreading", len(results), len(levels), "level")
    track_ids, track_vectors = fill_catalog(library, ids.all_ids, vectors, results)
    store_diffused(library, run, track_ids, track_vectors, results)
    store_metrics(library, run, metrics)
    yield from refresh_indexes(library)
    n_lacking = n_catalog(library, lacking=True)
    seconds = round(monotonic() - began, 3)
    report = DiffusionReport(len(ids), n_catalog(library), n_lacking, results, metrics, seconds)
    finish_run(library, run, report.counts())
    yield report


def _diffuse_level(
    library: Library,
    level: LevelGraph,
    track_ids: np.ndarray,
    vectors: np.ndarray,
    config: DiffusionConfig,
    hide: float | None,
    seed: int,
) -> Generator[Note, None, tuple[DiffusionResult, list[MetricValue]]]:
    """Diffuse over the graphs of one level, and check it if something is to be hidden."""
    graph = build_graph(level.source_rows, level.target_rows, level.weights, n_nodes=len(level.ids))
    node_ids, known_vectors = node_vectors(library, level.level, track_ids, vectors)
    known_rows, metrics = level.ids.rows(node_ids), list[MetricValue]()
    if hide:
        try:
            metrics = check_recovery(graph, known_vectors, known_rows, config, hide, seed, level.level)
        except ValueError as error:  # too few nodes have audio
            yield Note(f"No check of {level.level}s: {error}.")
    began = perf_counter()
    diffused = diffuse(graph, known_vectors, known_rows, config)
    seconds = perf_counter() - began
    rows = np.flatnonzero(diffused.any(axis=1))
    n_reached = len(np.setdiff1d(rows, known_rows))
    return DiffusionResult(level, level.ids.ids(rows), diffused[rows], len(known_rows), n_reached, seconds), metrics
