"""`cli diffuse-audio`: spread sound over the preference graphs."""

from dataclasses import asdict
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.build_index import refresh_index
from earshot.commands.shared.options import config_options
from earshot.commands.shared.terminal import echo_json, echo_rows, progress
from earshot.graph.config import DiffusionConfig
from earshot.stages.environment import versions

if TYPE_CHECKING:
    from earshot.evaluation.metrics.metric_value import MetricValue
    from earshot.index.graphs.diffused_vectors import DiffusionResult, LevelGraph
    from earshot.index.library import Library


@click.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only along this graph; may be repeated.")
@config_options(DiffusionConfig)
@click.option("--check/--no-check", default=True, show_default=True, help="Hide some audio first and see what returns.")
@click.option(
    "--hide",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Share of the nodes with audio that the check hides.",
)
@click.option("--seed", default=0, show_default=True, help="Decides what the check hides.")
@click.option("--json", "as_json", is_flag=True, help="Counts and figures as JSON.")
@click.pass_obj
def diffuse_audio(
    folder: Path, kinds: tuple[str, ...], check: bool, hide: float, seed: int, as_json: bool, **settings: Any
) -> None:
    """Spread sound over the preference graphs, so that tracks without audio get a vector too.

    A track takes what its neighbours in the graph lend it, or else the vector of its album or artist. Nothing is
    learned. `cli similar --by diffused` searches them all; run it again when tracks or graphs have changed.

    Example:

    \b
        cli diffuse-audio --graph listens --steps 3
    """
    from earshot.graph.diffusion.diffusion import centred, sound_centre
    from earshot.index.evaluation.metrics_table import store_metrics
    from earshot.index.graphs.diffused_vectors import fill_catalog, level_graphs, n_catalog, sources_of, store_diffused
    from earshot.index.library import Library
    from earshot.index.runs import DIFFUSE_STAGE, finish_run, start_run
    from earshot.index.vectors.spaces import AUDIO, read_vectors, require_vectors

    try:
        config = DiffusionConfig(**settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    began = monotonic()
    with Library.open_to_write(folder) as library:
        require_vectors(library)
        levels = level_graphs(library, kinds)
        ids, vectors = read_vectors(library, AUDIO)
        track_ids, centre = ids.all_ids, sound_centre(vectors, config.centre)
        vectors = centred(vectors, centre)
        sources = sources_of(library, [kind for level in levels for kind in level.kinds])
        facts = asdict(config) | sources | {"centre_vector": centre.tolist()}
        run, _ = start_run(library, DIFFUSE_STAGE, facts, seed=seed, versions=versions())
        results = progress(
            (_spread(library, level, track_ids, vectors, config, hide if check else 0, seed) for level in levels),
            *("spreading", "level", len(levels)),
        )
        spreads, figures = map(list, zip(*results, strict=True))
        figures = [figure for of_level in figures for figure in of_level]
        filled_ids, filled = fill_catalog(library, track_ids, vectors, spreads)
        store_diffused(library, run, filled_ids, filled, spreads)
        store_metrics(library, run, figures)
        refresh_index(library)
        counts = {"with_audio": len(track_ids), "catalog": n_catalog(library), "lacking": n_catalog(library, True)}
        counts["filled"] = counts["catalog"] - counts["lacking"]
        report = counts | {"levels": [spread.counts() for spread in spreads], "seconds": round(monotonic() - began, 3)}
        finish_run(library, run, report)
    _echo_spread(report, figures, as_json)


def _spread(
    library: "Library",
    level: "LevelGraph",
    track_ids: Any,
    vectors: Any,
    config: DiffusionConfig,
    hide: float,
    seed: int,
) -> tuple["DiffusionResult", list["MetricValue"]]:
    """Spread over the graphs of one level; the figures of the check where something is to be hidden."""
    from earshot.graph.diffusion.diffusion import diffuse
    from earshot.graph.diffusion.hidden_audio_check import check_recovery
    from earshot.graph.preference_graph import build_graph
    from earshot.index.graphs.diffused_vectors import diffusion_result, node_vectors

    graph = build_graph(level.source_rows, level.target_rows, level.weights, n_nodes=len(level.ids))
    node_ids, sounds = node_vectors(library, level.level, track_ids, vectors)
    known_rows, figures = level.ids.rows(node_ids), []
    if hide:
        try:
            figures = check_recovery(graph, sounds, known_rows, config, hide, seed, level.level)
        except ValueError as error:
            click.echo(f"No check of {level.level}s: {error}.", err=True)
    began = perf_counter()
    found = diffuse(graph, sounds, known_rows, config)
    return diffusion_result(level, found.vectors, found.is_known, found.is_reached, perf_counter() - began), figures


def _echo_spread(report: dict[str, Any], figures: list["MetricValue"], as_json: bool) -> None:
    from earshot.evaluation.metrics.metric_tables import recovery_rows

    if as_json:
        echo_json(report | {"figures": [asdict(figure) for figure in figures]})
        return
    for level in report["levels"]:
        click.echo(
            f"{level['level']}s ({', '.join(level['graphs'])}): {level['with_audio']:,} with audio,"
            f" {level['reached']:,} reached, {level['unreached']:,} out of reach, {level['seconds']:.1f} s"
        )
    click.echo(
        f"{report['filled']:,} of {report['catalog']:,} tracks without audio have a vector now, beside"
        f" {report['with_audio']:,} with audio; `cli similar --by diffused` searches them all."
    )
    if figures:
        click.echo(f"\nWhat comes back when audio is hidden ({report['seconds']:.1f} s in all):\n")
        echo_rows(recovery_rows(figures), None, "")
