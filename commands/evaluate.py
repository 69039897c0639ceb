"""`cli evaluate`: the towers on listens that they never saw, beside baselines."""

from dataclasses import asdict
from pathlib import Path

import click

from earshot.commands.shared.options import dial_option, output_options
from earshot.commands.shared.terminal import drawn, echo_lines, echo_rows, user_errors


@click.command()
@click.option(
    "-k",
    "--k",
    "ks",
    multiple=True,
    type=click.IntRange(1, 10_000),  # there is room for so many places of every list
    help="Judge so many places of a list; may be repeated.  [default: 10, 20 and 100]",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether a list may hold what was played before.  [default: as --split of cli train-tower says, else novel]",
)
@click.option(
    "--rivals",
    "which",
    type=click.Choice(["quick", "all"]),
    default="quick",
    show_default=True,
    help="Who stands beside the towers. quick: popularity, own favourites where lists may repeat, item"
    " neighbours and sound alone; all: also"
    " iALS and BPR, which take a while to tune and to learn.",
)
@click.option(
    "--sampled/--full-only",
    default=None,
    help="Also rank one target among 99 tracks drawn by chance, as older papers do, or nothing but the full catalog."
    "  [default: sampled for leave-one-out]",
)
@click.option("--ann", is_flag=True, help="Also what each type of index would cost: recall, accuracy, time and size.")
@click.option(
    "--recall",
    default=0.98,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="What --ann tunes each index to: the share of the exact list that it finds.",
)
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FOLDER|FILE.md", help="Also a page with pictures beside it."
)
@dial_option("Judges lists that cli recommend would make with the same dial.")
@click.option(
    "--users",
    "n_users",
    default=2_000,
    show_default=True,
    type=click.IntRange(2),
    help="So many listeners, or of next-track listens, are asked about at most.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the choice of listeners, of the drawn negatives and of the intervals.",
)
@output_options
@click.pass_obj
def evaluate(
    folder: Path,
    ks: tuple[int, ...],
    repeats: bool | None,
    which: str,
    sampled: bool | None,
    ann: bool,
    recall: float,
    report: Path | None,
    popularity: float | None,
    n_users: int,
    seed: int,
    output: str | None,
) -> None:
    """Judge the towers on listens that they never saw, over the full catalog, beside what they have to beat.

    Each figure has its 95 % interval (listeners drawn anew a thousand times). Beside it stand chance and the same
    figure of other recommenders, set to what did best on the validation part where there is anything to set. What is
    asked follows the --split of `cli train-tower`. All figures are kept in the table `metrics`.

    Example:

    \b
        cli evaluate
        cli evaluate --repeats -k 10
        cli evaluate --rivals all --sampled
        cli evaluate --ann --report evaluation/
    """
    from earshot.evaluation.markdown_report import report_page
    from earshot.index.library import Library
    from earshot.stages.evaluate import evaluate_towers

    with Library.open_to_write(folder) as library, user_errors():
        page = None if report is None else report_page(report)
        (evaluation,) = drawn(
            evaluate_towers(
                library, ks=ks or (10, 20, 100), repeats=repeats, baselines=which, sampled=sampled, ann=ann,
                recall=recall, popularity=popularity, n_users=n_users, seed=seed,
            )
        )  # fmt: skip
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
