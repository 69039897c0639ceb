"""`cli evaluate-audio`: precision of audio vectors on tags, tables, graphs and other encodings, beside baselines."""

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
@click.option("--transcodes", is_flag=True, help="Find a sample of tracks by ten other encodings of each, instead.")
@click.option("--sample", default=20, type=click.IntRange(1), help="Tracks that --transcodes encodes.")
@click.option("--seed", default=0, help="Of the random vectors, triplets and intervals, and of the sample.")
@output_options
@click.pass_obj
def evaluate_audio(folder: Path, output: str | None, transcodes: bool, sample: int, **options: Any) -> None:
    """Evaluate the library's audio vectors: tracks that belong together should lie together.

    Tags, or a table of labels, and the library's graphs say what belongs together. Each metric has its 95 % interval
    (bootstrap over artists, 1,000 resamples), and stands beside baselines that learn nothing, and chance. All of them
    are kept in the table `metrics`.

    --transcodes asks whether the ear hears a codec: some tracks, chosen by --seed, are encoded in ten ways, and the
    track should be the nearest of each encoding. Nothing is written but to a temporary folder.

    Example:

    \b
        cli evaluate-audio --labels tracks.csv --column genre --column mood
        cli evaluate-audio --transcodes --sample 50
    """
    if transcodes:
        return _evaluate_transcodes(folder, output, sample, options)
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
    return None


def _evaluate_transcodes(folder: Path, output: str | None, sample: int, options: dict[str, Any]) -> None:
    from earshot.evaluation.metrics.metric_tables import transcode_rows
    from earshot.index.library import Library
    from earshot.stages.encodings.evaluate_transcodes import evaluate_transcodes

    given = {
        "--labels": "labels",
        "--column": "columns",
        "--twins": "twins",
        "--graph": "kinds",
        "--held-out": "held_out",
    }
    if unused := [flag for flag, name in given.items() if options[name]]:
        raise click.UsageError(f"{', '.join(unused)} says nothing of encodings; leave it out with --transcodes.")
    with Library.open_to_write(folder) as library:
        stage = evaluate_transcodes(library, sample, baselines=options["baselines"], seed=options["seed"])
        metrics = last_report(stage, list)
    rows = transcode_rows(metrics) if output is None else [asdict(value) for value in metrics]
    echo_rows(rows, output, "")
