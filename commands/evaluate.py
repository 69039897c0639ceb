"""`cli evaluate`: the towers on listens that they never saw, beside baselines."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.error_messages import user_errors
from earshot.commands.shared.options import HomePath, output_options, popularity_option
from earshot.commands.shared.terminal import echo_lines, echo_rows, last_report


@click.command()
@click.option(
    "-k",
    "--k",
    "ks",
    multiple=True,
    type=click.IntRange(1, 10_000),  # memory is reserved for this many places of every list
    help="The length of a list; may be repeated.  [default: 10, 20 and 100]",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether a list may hold what was played before.  [default: as --split of cli train-tower says, else novel]",
)
@click.option(
    "--rivals",
    "baselines",
    type=click.Choice(["quick", "all"]),
    default="quick",
    help="The baselines. quick: popularity, own favourites if lists may repeat, item neighbours, and sound alone; all:"
    " also iALS and BPR of the package implicit, which take a while to tune and to train.",
)
@click.option(
    "--sampled/--full-only",
    default=None,
    help="Also rank one target among 99 random tracks, as older papers do, or the full catalog alone."
    "  [default: sampled for leave-one-out]",
)
@click.option(
    "--ann", is_flag=True, help="Also measure each type of approximate index: its recall, accuracy, time and size."
)
@click.option(
    "--recall",
    default=0.98,
    type=click.FloatRange(0, 1),
    help="The share of the exact list that --ann tunes each index to find.",
)
@click.option(
    "--report",
    type=HomePath(path_type=Path),
    metavar="FOLDER|FILE.md",
    help="Also write a page with pictures beside it.",
)
@popularity_option("Evaluates the lists of cli recommend with the same option.")
@click.option(
    "--users",
    "n_users",
    default=2_000,
    type=click.IntRange(2),
    help="At most this many evaluation queries: listeners, or listens of next-track.",
)
@click.option(
    "--seed",
    default=0,
    type=click.IntRange(0),
    help="For the choice of listeners, the sampled candidates and the intervals.",
)
@output_options
@click.pass_obj
def evaluate(folder: Path, ks: tuple[int, ...], report: Path | None, output: str | None, **options: Any) -> None:
    """Evaluate the towers on listens that they never saw, over the full catalog, beside baselines.

    Each metric has its 95 % interval (a bootstrap of a thousand draws of listeners). Beside it stand chance and the
    same metric of the baselines, whose settings were chosen on the validation part. The evaluation queries follow the
    --split of `cli train-tower`. All values are kept in the table `metrics`.

    Example:

    \b
        cli evaluate
        cli evaluate --repeats -k 10
        cli evaluate --rivals all --sampled
        cli evaluate --ann --report evaluation/
    """
    from earshot.evaluation.markdown_report import report_page
    from earshot.index.library import Library
    from earshot.stages.evaluate import Evaluation, evaluate_towers

    with user_errors():  # before the work, not after it
        page = None if report is None else report_page(report)
    with Library.open_to_write(folder) as library:
        evaluation = last_report(evaluate_towers(library, ks=ks or (10, 20, 100), **options), Evaluation)
    if page is not None:
        with user_errors():
            evaluation.write(page)
        click.echo(f"{page} written.", err=True)
    if output is not None:
        echo_rows([asdict(value) for value in evaluation.metrics], output, "")
        return
    echo_lines([*evaluation.notes, *evaluation.settings])
    for section in evaluation.summary():
        click.echo(f"\n{section.title}:")
        echo_rows(section.rows, None, "")
        echo_lines([section.note])
    click.echo()
    echo_lines(evaluation.report.sentences())
