"""`cli evaluate`: the towers on listens that they never saw, beside their rivals."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from earshot.commands.shared.current_towers import saved_towers
from earshot.commands.shared.environment import versions
from earshot.commands.shared.options import dial_option, output_options
from earshot.commands.shared.terminal import echo_lines, echo_rows, progress, user_errors
from earshot.data.events.protocols import PROTOCOLS

if TYPE_CHECKING:
    from earshot.data.events.splits import Split
    from earshot.index.library import Library
    from earshot.index.recommending.tower_data import TowerData
    from earshot.index.recommending.tower_runs import TowerRun


_TUNED_BY = 300  # listeners by whom the rivals of the towers are set


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
    from earshot.evaluation.baselines.tuned_baselines import tuned_baselines
    from earshot.evaluation.evaluation_report import Rankings, evaluate_rankings
    from earshot.evaluation.markdown_report import Heading, report_page, write_report
    from earshot.evaluation.queries import describe_queries, queries_of_split, validation_queries
    from earshot.index.evaluation.ann_benchmark import ann_figures, ann_section
    from earshot.index.evaluation.metrics_table import store_figures
    from earshot.index.library import Library
    from earshot.index.runs import finish_run, start_run
    from earshot.towers.retrieval.exact_search import fold_offsets, item_vectors, unit_vectors
    from earshot.towers.retrieval.tower_scores import exam_offsets, exam_queries, tower_scores

    with Library.open_to_write(folder) as library:
        saved, data, trained = saved_towers(library)
        name = trained.model
        if ann and name == "neumf":
            raise click.ClickException("NeuMF has no inner product that an index could search by.\n\nLeave out --ann.")
        parts = _parts_of(data, trained)
        rules = PROTOCOLS[parts.protocol]
        repeats = bool(rules.repeats) if repeats is None else repeats
        with user_errors():
            page = None if report is None else report_page(report)
            eval_queries = queries_of_split(parts, repeats=repeats, n_queries=n_users, seed=seed)
        practice = validation_queries(parts, repeats=repeats, n_users=_TUNED_BY, seed=seed)
        config = {"split": trained.split, "repeats": repeats, "queries": len(eval_queries), "tower": trained.tower}
        config["popularity"] = popularity_weight = trained.popularity if popularity is None else popularity
        run, _ = start_run(library, "evaluate", config, seed=seed, versions=versions())
        sampled = rules.sampled if sampled is None else sampled
        answers = Rankings.to(eval_queries, sorted(set(ks)) or [10, 20, 100], sampled=sampled, seed=seed)
        for rival in progress(tuned_baselines(eval_queries, practice, data.catalog, which), "ranking", "rival"):
            answers.add(rival.name, rival.scores, rival.describe())
        queries, items = exam_queries(saved.towers, eval_queries), item_vectors(saved.towers)
        offsets = exam_offsets(eval_queries, popularity_weight)
        answers.add(name, tower_scores(saved.towers, queries, items, offsets))
        found = evaluate_rankings(answers, name, data.catalog, rules, vectors=unit_vectors(items), seed=seed)
        figures, more = found.all_figures(), []
        if ann:
            k = answers.ks[-1]
            compared = ann_figures(*fold_offsets(items, queries, offsets), eval_queries, k, recall, seed=seed)
            of_types = dict(progress(compared, "building", "index"))
            figures += [figure for some in of_types.values() for figure in some]
            more = [ann_section(of_types, k, recall)]
        store_figures(library, run, figures)
        finish_run(
            library,
            run,
            {"queries": len(eval_queries), "tracks": eval_queries.known.n_tracks, "settings": answers.settings},
        )
        asked = [
            describe_queries(parts, eval_queries, repeats=repeats),
            rules.told,
            _told_of_ear(library, parts, trained),
        ]
    if page is not None:
        heading = Heading(f"{name} before {len(answers.lists) - 1} rivals", asked, answers.settings)
        with user_errors():
            write_report(page, heading, found, more)
        click.echo(f"{page} written.", err=True)
    if output is not None:
        echo_rows([asdict(figure) for figure in figures], output, "")
        return
    echo_lines([*asked, *answers.settings])
    for section in [*found.summary(), *more]:
        click.echo(f"\n{section.title}:")
        echo_rows(section.rows, None, "")
        echo_lines([section.note])
    click.echo()
    echo_lines(found.sentences())


def _told_of_ear(library: "Library", parts: "Split", trained: "TowerRun") -> str:
    """The facts about the encoder that a reader of the figures has to know, if any."""
    from earshot.index.evaluation.leakage import ear_in_use, training_listens
    from earshot.index.vectors.spaces import AUDIO

    heard_of = set(training_listens(library, ear_in_use(library))) if trained.sound == AUDIO else set()
    if not heard_of - {parts.train.digest() if heard_of else None}:
        return ""
    how = "--split {protocol} --share {share:g} --gap {gap_s} --seed {seed}".format(**trained.split)
    return (
        "The ear was taught by a graph of other listens than the towers learned from, which may be asked about here. An"
        f" ear that was not: `cli build-graph {how}`, `cli train-audio --start fresh`, `cli embed-audio`, and"
        " `cli train-tower` as before."
    )


def _parts_of(data: "TowerData", trained: "TowerRun") -> "Split":
    """The log as it was parted when the towers learned."""
    from earshot.data.events.splits import split_listens

    if not trained.split:
        raise click.ClickException(
            f"Run {trained.id} does not say which listens it kept back.\n\nRun `cli train-tower` anew."
        )
    if trained.split["protocol"] == "none":
        raise click.ClickException(
            "These towers learned from everything: nothing is left to judge them by.\n\nRun `cli train-tower` anew."
        )
    if trained.listens_key != data.listens_key:
        raise click.ClickException(
            "The listens, or their links with files, have changed since the towers learned from them.\n\n"
            "Run `cli train-tower` anew."
        )
    with user_errors():
        return split_listens(data.listens, **trained.split)
