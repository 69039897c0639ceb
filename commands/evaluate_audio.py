"""`cli evaluate-audio`: precision of audio vectors on tags, tables and graphs, beside baselines and chance."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import HomePath, output_options
from earshot.commands.shared.terminal import echo_rows, last_report


@click.command()
@click.option(
    "--labels", type=HomePath(path_type=Path, dir_okay=False), metavar="TABLE", help="Labels of tracks, by file."
)
@click.option("--column", "columns", multiple=True, metavar="NAME", help="A column of labels; may be repeated.")
@click.option("--twins", metavar="COLUMN", help="The column that names the file with the same recording.")
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("-k", "--k", default=10, type=click.IntRange(1), help="Neighbours of each query.")
@click.option("--baselines/--no-baselines", default=True, help="Evaluate MFCC, mean mel and random vectors, too.")
@click.option("--held-out", is_flag=True, help="Query only tracks that training never learned from.")
@click.option("--seed", default=0, help="Of the random vectors, triplets and intervals.")
@output_options
@click.pass_obj
def evaluate_audio(folder: Path, output: str | None, **options: Any) -> None:
    """Evaluate the library's audio vectors: tracks that belong together should lie together.

    Tags, or a table of labels, and the library's graphs say what belongs together. Each metric has its 95 % interval
    (bootstrap over artists, 1,000 resamples), and stands beside baselines that learn nothing, and chance. All of them
    are kept in the table `metrics`.

    Example:

    \b
        cli evaluate-audio --labels tracks.csv --column genre --column mood
    """
    from earshot.evaluation.metrics.metric_tables import wide_rows
    from earshot.index.library import Library
    from earshot.stages.evaluate_encoder import evaluate_encoder

    with Library.open_to_write(folder) as library:
        metrics = last_report(evaluate_encoder(library, **options), list)
    if output is not None:
        echo_rows([asdict(value) for value in metrics], output, "")
        return
    echo_rows(wide_rows(metrics), None, "")
    if differences := wide_rows(metrics, differences=True):
        click.echo("\nAhead by, with the interval of the difference:")
        echo_rows(differences, None, "")
