"""`cli diffuse-audio`: diffuse audio vectors over the preference graphs."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.shared.options import config_of, config_options
from earshot.commands.shared.terminal import echo_json, echo_rows, last_report
from earshot.graph.config import DiffusionConfig

if TYPE_CHECKING:
    from earshot.stages.diffuse import DiffusionReport


@click.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only along this graph; may be repeated.")
@config_options(DiffusionConfig)
@click.option(
    "--check/--no-check", default=True, help="Hide some vectors first, and measure how well they are recovered."
)
@click.option(
    "--hide",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    help="Share of the nodes with audio that the check hides.",
)
@click.option("--seed", default=0, help="Decides what the check hides.")
@click.option("--json", "as_json", is_flag=True, help="Counts and metrics as JSON.")
@click.pass_obj
def diffuse_audio(folder: Path, check: bool, hide: float, as_json: bool, **options: Any) -> None:
    """Spread audio vectors over the preference graphs, so that tracks without audio get a vector too.

    A track gets a mean of the vectors near it in the graph, or else the vector of its album or artist. Nothing is
    learned. `cli similar --by diffused` searches them all; run it again when tracks or graphs have changed.

    Example:

    \b
        cli diffuse-audio --graph listens --steps 3
    """
    config = config_of(DiffusionConfig, options)

    from earshot.index.library import Library
    from earshot.stages.diffuse import DiffusionReport, diffuse_vectors

    with Library.open_to_write(folder) as library:
        reports = diffuse_vectors(library, config=config, hide=hide if check else None, **options)
        report = last_report(reports, DiffusionReport)
    if as_json:
        echo_json(report.counts() | {"figures": [asdict(value) for value in report.metrics]})
    else:
        _echo_report(report)


def _echo_report(report: "DiffusionReport") -> None:
    from earshot.evaluation.metrics.metric_tables import recovery_rows

    for level in report.levels:
        counts = level.counts()
        click.echo(
            f"{level.graph.level}s ({', '.join(level.graph.kinds)}): {level.n_with_audio:,} with audio,"
            f" {level.n_reached:,} reached, {counts['unreached']:,} out of reach, {level.seconds:.1f} s"
        )
    click.echo(
        f"{report.n_filled:,} of {report.n_catalog:,} tracks without audio have a vector now, beside"
        f" {report.n_with_audio:,} with audio; `cli similar --by diffused` searches them all."
    )
    if report.metrics:
        click.echo(f"\nWhat comes back when audio is hidden ({report.seconds:.1f} s in all):\n")
        echo_rows(recovery_rows(report.metrics), None, "")
