"""`cli train-audio`: train the encoder on preference graphs."""

import json
from pathlib import Path
from typing import Any

import click

from earshot.audio.config import EncoderConfig
from earshot.commands.shared.options import all_of, click_type, config_of, config_options, device_option
from earshot.commands.shared.terminal import last_report
from earshot.data.settings import settings_of
from earshot.graph.config import TasteConfig

_SHAPE_OPTIONS = [
    click.option(
        f"--{setting.name}",
        type=click_type(setting),
        help=f"Of a fresh encoder: {setting.text}.  [default: {setting.default}]",
    )
    for setting in settings_of(EncoderConfig)
    if setting.name in ("channels", "dim")
]


@click.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("--no-graph", is_flag=True, help="No stored graph, even where the library has some.")
@click.option("--tags/--no-tags", "same_artist", default=True, help="The tracks of one artist are positives, too.")
@click.option(
    "--start",
    type=click.Choice(["current", "fresh"]),
    default="current",
    help="Go on from the encoder in use, or begin with untrained weights.",
)
@all_of(*_SHAPE_OPTIONS)
@config_options(TasteConfig)
@device_option("For training; auto: a GPU if there is one.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.pass_obj
def train_audio(
    folder: Path, kinds: tuple[str, ...], no_graph: bool, start: str, as_json: bool, **options: Any
) -> None:
    """Train the encoder on your taste: tracks that are liked together should sound alike.

    Tracks near each other in the preference graphs are positives, tracks far apart negatives; two excerpts of one track
    are the nearest. Whole artists are held out for evaluation. Interrupted, the same command goes on where it was.
    Afterwards `cli embed-audio` embeds the library anew.

    Example:

    \b
        cli build-graph
        cli train-audio
        cli embed-audio
    """
    config = config_of(TasteConfig, options)
    if kinds and no_graph:
        raise click.UsageError("--graph names a graph to learn from, --no-graph says there is none; give one of them.")

    from earshot.index.library import Library
    from earshot.stages.train_encoder import TrainEncoderReport, train_encoder

    with Library.open_to_write(folder) as library:
        graphs = () if no_graph else kinds or None
        reports = train_encoder(library, config, kinds=graphs, fresh=start == "fresh", **options)
        report = last_report(reports, TrainEncoderReport)
    if as_json:
        click.echo(json.dumps(report.metrics()))
        return
    for value in report.accuracy:
        click.echo(f"{value.metric}, {value.subject}: {value.value:.3f} (chance .5, {value.n:,} triplets)")
    if report.checkpoint is None:
        click.echo("Nothing better was learned: the encoder stays as it was, and nothing needs to be embedded anew.")
        return
    if report.is_no_better:
        click.echo("Nothing better was learned than at the beginning; more tracks or graphs may help.")
    click.echo(f"The new encoder is {report.checkpoint}. Next: `cli embed-audio` embeds the library with it.")
