"""`cli train-tower`: train towers on the listens of the library."""

import collections
import contextlib
import json
from pathlib import Path
from typing import Any

import click

from earshot.commands.shared.options import SwitchCommand, config_of, config_options, device_option, split_options
from earshot.commands.shared.terminal import last_report, plural
from earshot.towers.config import TowerConfig, TowerTrainingConfig


@click.command(cls=SwitchCommand)
@config_options(TowerConfig)
@config_options(TowerTrainingConfig)
@click.option(
    "--sound",
    metavar="SPACE",
    help="The vectors that say how tracks sound: audio, of cli embed-audio, or a space that an import brought, such as"
    " yambda.  [default: that of the most tracks]",
)
@split_options(
    "auto",
    "How listens are kept back for early stopping and cli evaluate. auto: as the listens themselves say, else the last"
    " ones, or random ones if their times are unknown. none: all are learned from. loopback, yambda and next-track"
    " split and evaluate as in the published results of that name, whatever --share and --gap say.",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether early stopping also counts tracks that were played before, or only discoveries."
    "  [default: as the split says, else novel]",
)
@click.option(
    "--refit/--no-refit",
    default=False,
    help="Afterwards train anew on training and validation part, for as many epochs as were best on validation.",
)
@device_option("For training; auto: a GPU if there is one.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.pass_obj
def train_tower(folder: Path, split: str, refit: bool, device: str, as_json: bool, **options: Any) -> None:
    """Train a two-tower recommender on listens: one tower makes vectors of tracks, the other of listeners.

    It needs `cli import-listens`, and uses the vectors of `cli embed-audio` if there are any. Interrupted, the same
    command goes on where it was. Afterwards `cli recommend` and `cli similar --by tower` use the towers; `cli evaluate`
    measures how good they are.

    `torchrun --nproc-per-node 2 -m earshot.cli -- train-tower` trains the same towers with two processes, or on two
    GPUs; without the two dashes torchrun would take `--start` for its own.

    Example:

    \b
        cli import-listens listens.csv
        cli train-tower
        cli evaluate
    """
    tower, training = config_of(TowerConfig, options), config_of(TowerTrainingConfig, options)
    if refit and split == "none":
        raise click.UsageError("--refit asks the validation part how long to learn, and --split none leaves none.")

    from earshot.index.library import Library
    from earshot.stages.shared.environment import pick_device
    from earshot.stages.train_tower import TrainTowerReport, train_towers
    from earshot.towers.training.distributed import join_processes

    with contextlib.ExitStack() as stack:
        distributed, place = stack.enter_context(join_processes(pick_device(device)))
        opened = Library.open_to_write if distributed.is_first else Library.open
        library = stack.enter_context(distributed.first_then_others(lambda: opened(folder)))
        options |= {"split": split, "refit": refit, "device": place, "distributed": distributed}
        reports = train_towers(library, tower, training, **options)
        if not distributed.is_first:
            collections.deque(reports, maxlen=0)  # the first process shows what all do
            return
        report = last_report(reports, TrainTowerReport)
    if as_json:
        click.echo(json.dumps(report.metrics()))
        return
    validation = "" if report.validation is None else f", validation NDCG@20 {report.validation:.4f}"
    loss = "" if report.loss is None else f", loss {report.loss:.3f}"
    click.echo(f"{plural(report.n_epochs, 'epoch')} in {report.seconds:.0f} s{loss}{validation}.")
    click.echo(f"{report.n_tracks:,} tracks have a vector. Next: `cli evaluate`, `cli recommend USER`.")
