"""`cli evaluate-audio`: do tracks that belong together sound alike to the ear?"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earshot.audio.config import DecodeConfig
from earshot.commands.shared.options import output_options
from earshot.commands.shared.terminal import echo_rows, progress
from earshot.stages.environment import versions

if TYPE_CHECKING:
    from numpy import ndarray

    from earshot.evaluation.vector_facts import TrackFacts
    from earshot.index.evaluation.audio_facts import TrackTable
    from earshot.index.library import Library


@click.command()
@click.option(
    "--labels", type=click.Path(path_type=Path, dir_okay=False), metavar="TABLE", help="What the tracks are, by file."
)
@click.option("--column", "columns", multiple=True, metavar="NAME", help="A column of labels; may be repeated.")
@click.option("--twins", metavar="COLUMN", help="The column that names the file with the same recording.")
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("-k", "--k", default=10, show_default=True, type=click.IntRange(1), help="Neighbours looked at.")
@click.option("--baselines/--no-baselines", default=True, show_default=True, help="Beside MFCC, mean mel and random.")
@click.option("--held-out", is_flag=True, help="Ask only about tracks that training never learnt from.")
@click.option("--seed", default=0, show_default=True, help="Of the random vectors, questions and intervals.")
@output_options
@click.pass_obj
def evaluate_audio(
    folder: Path,
    labels: Path | None,
    columns: tuple[str, ...],
    twins: str | None,
    kinds: tuple[str, ...],
    k: int,
    baselines: bool,
    held_out: bool,
    seed: int,
    output: str | None,
) -> None:
    """Judge the library's vectors: do tracks that belong together sound alike to them?

    Without a table it asks the library's own tags, and every graph that the library holds. Each figure has its
    95 % interval (artists drawn anew a thousand times), and beside it what needs no learning, and chance. All of them
    are kept in the table `metrics`.

    Example:

    \b
        cli evaluate-audio --labels tracks.csv --column genre --column mood
    """
    from earshot.evaluation.metrics.metric_tables import wide_rows
    from earshot.evaluation.vector_evaluation import (
        chance_vectors,
        choose_queries,
        evaluate_vectors,
        vector_metric_values,
    )
    from earshot.index.evaluation.audio_facts import query_rows
    from earshot.index.evaluation.metrics_table import store_metrics
    from earshot.index.library import Library
    from earshot.index.runs import current_fingerprint, finish_run, start_run
    from earshot.index.vectors.spaces import require_vectors

    if labels is None and (columns or twins):
        raise click.UsageError("--column and --twins name columns of a table; give it with --labels TABLE.")
    with Library.open_to_write(folder) as library:
        require_vectors(library)
        tracks, facts = _judged(library, labels, columns, twins)
        rows = choose_queries(query_rows(library, tracks, held_out), seed)
        facts = _with_questions(library, tracks, facts, kinds, rows, seed)
        config = {"labels": labels and str(labels), "k": k, "held_out": held_out, "ear": current_fingerprint(library)}
        run, _ = start_run(library, "evaluate-audio", config, seed=seed, versions=versions())
        subjects = _subjects(library, tracks, baselines, seed)
        judging = progress(subjects.items(), "judging", unit="subject", total=len(subjects))
        measured = {
            name: evaluate_vectors(vectors, facts, rows, k, penalty=p, seed=seed) for name, (vectors, p) in judging
        }
        figures = vector_metric_values(measured, chance_vectors(facts, rows, k), "held-out" if held_out else "all")
        store_metrics(library, run, figures)
        finish_run(library, run, {"tracks": len(tracks), "queries": len(rows), "copies_left_out": tracks.n_copies})
    if output is not None:
        echo_rows([asdict(figure) for figure in figures], output, "")
        return
    echo_rows(wide_rows(figures), None, "")
    if leads := wide_rows(figures, leads=True):
        click.echo("\nAhead by, with the interval of the difference:")
        echo_rows(leads, None, "")


def _judged(
    library: "Library", path: Path | None, columns: Sequence[str], twins: str | None
) -> tuple["TrackTable", "TrackFacts"]:
    """The tracks to judge vectors by, and what is known about them."""
    from earshot.data.tables.label_tables import read_labels
    from earshot.index.evaluation.audio_facts import apply_labels, facts_from_tags, read_judged_tracks

    tracks = read_judged_tracks(library)
    if tracks.n_copies:
        click.echo(f"{tracks.n_copies:,} tracks with the very content of another are left out.", err=True)
    if path is None:
        return tracks, facts_from_tags(tracks)
    try:
        table = read_labels(path, columns, twins)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    tracks, facts, n_known = apply_labels(library, tracks, table, path)
    click.echo(f"{path.name} knows {n_known:,} of {len(tracks):,} tracks.", err=True)
    return tracks, facts


def _with_questions(
    library: "Library", tracks: "TrackTable", facts: "TrackFacts", kinds: Sequence[str], rows: "ndarray", seed: int
) -> "TrackFacts":
    """The facts with questions that the library's graphs know the answer to."""
    import numpy as np

    from earshot.graph.taste.eval_triplets import draw_triplets
    from earshot.stages.taste_graphs import stored_track_graphs

    questions = {}
    for graph in stored_track_graphs(library, tracks, kinds):
        rng = np.random.default_rng([seed, *graph.kind.encode()])  # no graph's questions depend on another's
        drawn = draw_triplets(graph.graph, graph.node_rows, rows, rng)
        if len(drawn.firsts):
            questions[graph.kind] = drawn
        else:
            click.echo(
                f"The graph {graph.kind!r} has no two nodes with tracks that are asked about; left out.", err=True
            )
    return replace(facts, questions=questions)


def _subjects(
    library: "Library", tracks: "TrackTable", baselines: bool, seed: int
) -> dict[str, tuple["ndarray", "ndarray | None"]]:
    """The vectors that are judged, with the penalty for hubs where there is one; the library's own come first."""
    from earshot.index.vectors.neighbour_table import mean_neighbour_score
    from earshot.index.vectors.spaces import AUDIO

    penalty = mean_neighbour_score(library, AUDIO, tracks.ids) / 2  # as `cli similar --fewer-hubs` ranks
    subjects = {"audio": (tracks.vectors, None), "audio, fewer hubs": (tracks.vectors, penalty)}
    if not baselines:
        return subjects
    from earshot.audio.spectral_baselines import SumsCache, baseline_vectors, fill_sums
    from earshot.stages.current_encoder import current_checkpoint, load_encoder

    ear = load_encoder(current_checkpoint(library), "cpu").config
    cache = SumsCache(library.folder / "cache" / "baselines.npz", ear)
    n_lacking = len(tracks.paths.keys() - cache.sums.keys())
    heard = progress(fill_sums(cache, tracks.paths, ear, DecodeConfig()), "baselines", "track", n_lacking)
    if n_unheard := sum(result is not None for result in heard):
        click.echo(f"{n_unheard:,} files could not be heard again: mfcc and mel know nothing of them.", err=True)
    return subjects | {name: (v, None) for name, v in baseline_vectors(cache, list(tracks.paths), seed).items()}
