"""Evaluate the audio vectors of a library: tracks that belong together should lie together.

Tags or a table of labels (precision@k) and preference graphs (triplets) say what belongs together. The vectors stand
beside baselines that learn nothing, and beside chance.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from earshot.audio.config import DecodeConfig
from earshot.audio.embed_files import fill_cache
from earshot.audio.spectral_baselines import SumsCache, baseline_vectors
from earshot.data.tables.label_tables import read_labels
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.evaluation.vector_evaluation import (
    TrackFacts,
    choose_queries,
    evaluate_vectors,
    vector_metric_values,
)
from earshot.graph.taste.triplet_sampler import draw_triplets
from earshot.index.evaluation.audio_facts import (
    TrackTable,
    apply_labels,
    facts_from_tags,
    query_rows,
    read_track_table,
)
from earshot.index.library import Library
from earshot.index.runs import current_fingerprint, finish_run, start_run, store_metrics
from earshot.index.vectors.neighbour_table import mean_neighbour_score
from earshot.index.vectors.spaces import AUDIO, require_vectors
from earshot.stages.shared.current_encoder import current_checkpoint, load_encoder
from earshot.stages.shared.environment import versions
from earshot.stages.shared.reports import InputError, Note, Progress, as_stage_error, collected
from earshot.stages.shared.taste_graphs import stored_track_graphs

_Subjects = dict[str, tuple[np.ndarray, np.ndarray | None]]  # by name: vectors (n, dim), and a penalty (n,) for hubs


def evaluate_encoder(
    library: Library,
    labels: Path | None = None,
    *,
    columns: Sequence[str] = (),
    twins: str | None = None,
    kinds: Sequence[str] = (),
    k: int = 10,
    baselines: bool = True,
    held_out: bool = False,
    seed: int = 0,
) -> Generator[Progress | Note | list[MetricValue], None, None]:
    """Evaluate the vectors and keep every metric in the library; the last report is the list of them, with intervals.

    Parameters
    ----------
    library : open to write
    labels : a table that says of files what belongs together, in the place of the library's tags
    columns, twins : its columns of labels, and the one that names the file with the same recording
    kinds : names of graphs; all, if none is given
    k, baselines, held_out, seed : as the options of `cli evaluate-audio`

    Raises
    ------
    LibraryError
        There are no vectors, no such graph, nothing was held out, or the table knows none of the tracks.
    InputError
        Columns are given, and no table.
    StageError
        The table cannot be read or lacks a column, or the encoder is missing or damaged.
    """
    if labels is None and (columns or twins):
        raise InputError("--column and --twins name columns of a table; give it with --labels TABLE.")
    require_vectors(library)
    tracks, facts = yield from _read_facts(library, labels, columns, twins)
    rows = choose_queries(query_rows(library, tracks, held_out), seed)
    facts = yield from _with_triplets(library, tracks, facts, kinds, rows, seed)
    config = {
        "labels": str(labels) if labels else None,
        "k": k,
        "held_out": held_out,
        "ear": current_fingerprint(library),
    }
    run, _ = start_run(library, "evaluate-audio", config, seed=seed, versions=versions())
    penalty = mean_neighbour_score(library, AUDIO, tracks.ids) / 2  # as `cli similar --fewer-hubs` ranks
    subjects: _Subjects = {"audio": (tracks.vectors, None), "audio, fewer hubs": (tracks.vectors, penalty)}
    if baselines:
        subjects |= yield from _baselines(library, tracks, seed)
    measured = {}
    for name, (vectors, penalty_of_hubs) in subjects.items():
        measured[name] = evaluate_vectors(vectors, facts, rows, k, penalty=penalty_of_hubs, seed=seed)
        yield Progress("evaluating", len(measured), len(subjects), "subject")
    metrics = vector_metric_values(measured, "held-out" if held_out else "all")
    store_metrics(library, run, metrics)
    finish_run(library, run, {"tracks": len(tracks), "queries": len(rows), "copies_left_out": tracks.n_copies})
    yield metrics


def _read_facts(
    library: Library, labels: Path | None, columns: Sequence[str], twins: str | None
) -> Generator[Note, None, tuple[TrackTable, TrackFacts]]:
    """The tracks whose vectors are evaluated, and what belongs together by tags or labels."""
    tracks = read_track_table(library)
    if tracks.n_copies:
        yield Note(f"{tracks.n_copies:,} tracks with the very content of another are left out.")
    if labels is None:
        return tracks, facts_from_tags(tracks)
    with as_stage_error():
        table = read_labels(labels, columns, twins)
    tracks, facts, n_known = apply_labels(library, tracks, table, labels)
    yield Note(f"{labels.name} knows {n_known:,} of {len(tracks):,} tracks.")
    return tracks, facts


def _with_triplets(
    library: Library, tracks: TrackTable, facts: TrackFacts, kinds: Sequence[str], rows: np.ndarray, seed: int
) -> Generator[Note, None, TrackFacts]:
    """Add triplets whose order the library's graphs know."""
    triplets = {}
    for graph in stored_track_graphs(library, tracks, kinds):
        rng = np.random.default_rng([seed, *graph.kind.encode()])  # no graph's triplets depend on another's
        drawn = draw_triplets(graph.graph, graph.node_rows, rows, rng)
        if len(drawn.pairs):
            triplets[graph.kind] = drawn
        else:
            yield Note(f"The graph {graph.kind!r} has no two nodes with tracks that are asked about; left out.")
    return replace(facts, triplets=triplets)


def _baselines(library: Library, tracks: TrackTable, seed: int) -> Generator[Progress | Note, None, _Subjects]:
    """Vectors that need no training, of the same tracks."""
    config = load_encoder(current_checkpoint(library), "cpu").config
    cache = SumsCache(library.folder / "cache" / "baselines.npz", config)
    n_lacking = len(tracks.paths.keys() - cache.sums.keys())
    filling = fill_cache(cache, tracks.paths, DecodeConfig())
    results = yield from collected(filling, "baselines", "track", n_lacking)
    if n_undecoded := sum(result is not None for result in results):
        yield Note(f"{n_undecoded:,} files could not be decoded again: mfcc and mel know nothing of them.")
    return {name: (vectors, None) for name, vectors in baseline_vectors(cache, list(tracks.paths), seed).items()}
