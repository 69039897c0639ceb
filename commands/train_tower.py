"""`cli train-tower`: learn from listens who wants what."""

import json
from dataclasses import fields
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from earshot.commands.build_index import refresh_index
from earshot.commands.shared.environment import SAVE_SECONDS, pick_device, versions
from earshot.commands.shared.options import SwitchCommand, config_options, device_option, split_options
from earshot.commands.shared.terminal import plural, progress_bar, user_errors
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.files.atomic import remove
from earshot.data.settings import stored
from earshot.towers.config import TowerConfig, TowerTrainingConfig

if TYPE_CHECKING:
    from earshot.index.library import Library
    from earshot.towers.tower_checkpoint import SavedTowers
    from earshot.towers.training.fit import FitStage, TowerFit


@click.command(cls=SwitchCommand)
@config_options(TowerConfig)
@config_options(TowerTrainingConfig)
@click.option(
    "--sound",
    metavar="SPACE",
    help="Whose vectors tell the item tower how tracks sound: audio, by cli embed-audio, or a space that an import"
    " brought, such as yambda.  [default: that of the most tracks]",
)
@split_options(
    "auto",
    "What is kept from the towers for early stopping and cli evaluate. auto: as the log itself says, else its end,"
    " or where nothing is known of time a part drawn by chance. none: nothing. loopback, yambda and next-track part and"
    " ask as others did, whatever --share and --gap say.",
)
@click.option(
    "--repeats/--novel",
    default=None,
    help="Whether early stopping also counts what was played before, or only discoveries."
    "  [default: as the split says, else novel]",
)
@click.option(
    "--refit/--no-refit",
    default=False,
    show_default=True,
    help="Then learn anew from training and validation part together, for as many epochs as were best on validation.",
)
@device_option("Where the towers learn; auto: on a GPU if there is one.")
@click.option("--json", "as_json", is_flag=True, help="What was learned, as JSON.")
@click.pass_obj
def train_tower(
    folder: Path,
    sound: str | None,
    split: str,
    share: float,
    gap: int,
    repeats: bool | None,
    refit: bool,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Learn from listens who wants what: one tower makes vectors of tracks, the other of listeners.

    It takes what `cli import-listens` brought and what `cli embed-audio` heard. Interrupted, the same command goes on
    where it was. Afterwards `cli recommend` and `cli similar --by tower` use the towers; `cli evaluate` judges them.

    `torchrun --nproc-per-node 2 -m earshot.cli -- train-tower` learns the same with two processes, or on two GPUs;
    without the two dashes torchrun would take `--start` for its own.

    Example:

    \b
        cli import-listens listens.csv
        cli train-tower
        cli evaluate
    """
    from earshot.data.events.splits import default_protocol, split_listens
    from earshot.index.library import Library
    from earshot.index.recommending.tower_data import read_tower_data
    from earshot.index.runs import TOWER_STAGE, start_run
    from earshot.index.vectors.spaces import AUDIO, sound_space, vector_fingerprint
    from earshot.towers.tower_checkpoint import SavedTowers, tower_training_key
    from earshot.towers.training.distributed import joined
    from earshot.towers.training.fit import TowerFit

    try:
        tower = TowerConfig(**{field.name: settings[field.name] for field in fields(TowerConfig)})
        config = TowerTrainingConfig(**{field.name: settings[field.name] for field in fields(TowerTrainingConfig)})
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if refit and split == "none":
        raise click.UsageError("--refit asks the validation part how long to learn, and --split none leaves none.")
    began = monotonic()
    with (
        joined(pick_device(device)) as (ranks, place),
        ranks.first_then_others(lambda: (Library.open_to_write if ranks.is_first else Library.open)(folder)) as library,
    ):
        sound = ranks.first_then_others(lambda: sound_space(library, sound))
        data = ranks.first_then_others(lambda: read_tower_data(library, sound))
        protocol = default_protocol(data.listens) if split == "auto" else split
        repeats = protocol in PROTOCOLS and bool(PROTOCOLS[protocol].repeats) if repeats is None else repeats
        asked: dict[str, Any] = {"protocol": protocol, "share": share, "gap_s": gap, "seed": tower.seed}
        learning: dict[str, Any] = {"repeats": repeats, "refit": refit, "device": place, "ranks": ranks}
        with user_errors():
            parts = None if protocol == "none" else split_listens(data.listens, **asked)
            schooling = TowerFit(tower, config, data.catalog, data.listens, parts, **learning)
        told: dict[str, Any] = {"tower": stored(tower), "training": stored(config), "split": asked}
        told |= {"listens": data.listens_key, "sound": sound, "ear": vector_fingerprint(library, sound), "refit": refit}
        key = tower_training_key(told | {"repeats": repeats}, data.listens, data.catalog)
        name = f"towers-{key[:12]}.pt"
        if ranks.is_first:
            log = parts.describe() if parts else f"all {len(data.listens):,} events"
            by = "" if sound in (None, AUDIO) else f" ({sound})"
            click.echo(f"Learning from {data.catalog.describe()}{by}; {log}.", err=True)
            run, _ = start_run(library, TOWER_STAGE, told, seed=tower.seed, versions=versions(), checkpoint=name)
        with user_errors():
            report = _teach(schooling, library.folder / "checkpoints", key)
        if not ranks.is_first:
            return
        report |= {"checkpoint": name, "tracks": len(data.tracks), "users": len(data.users), "split": protocol}
        saved = SavedTowers(schooling.towers.to("cpu"), data.tracks, data.users, data.artists, data.albums)
        _store_towers(library, saved, run, report, began)
    if as_json:
        click.echo(json.dumps(report))
        return
    judged = "" if report["validation"] is None else f", validation NDCG@20 {report['validation']:.4f}"
    loss = "" if report["loss"] is None else f", loss {report['loss']:.3f}"  # None: it had ended, but for the storing
    click.echo(f"{plural(report['epochs'], 'epoch')} in {report['seconds']:.0f} s{loss}{judged}.")
    click.echo(f"{report['tracks']:,} tracks have a vector. Next: `cli evaluate`, `cli recommend USER`.")


def _teach(schooling: "TowerFit", folder: Path, key: str) -> dict[str, Any]:
    """Give all lessons, or go on with them where they were interrupted; what was learned, of the last."""
    import torch

    from earshot.data.parallel import n_threads

    torch.set_num_threads(n_threads(schooling.ranks.n_ranks))
    report: dict[str, Any] = {}
    for lesson in schooling.lessons(folder, key):
        loss = _give(lesson, is_hidden=not schooling.ranks.is_first)
        report = {"epochs": lesson.training.epoch, "events": len(lesson.training.batches.targets), "loss": loss}
    report["validation"] = schooling.validation
    return report if schooling.popularity_weight is None else report | {"popularity": schooling.popularity_weight}


def _give(lesson: "FitStage", *, is_hidden: bool) -> float | None:
    """Run the training of a lesson to its end; the last loss, None if all was learned before."""
    training = lesson.training
    if lesson.went_on() and not is_hidden:
        click.echo(f"Going on after step {training.step:,} of epoch {training.epoch + 1}.", err=True)
    n_steps, saved, loss = len(training.batches), monotonic(), None
    with progress_bar(training.config.epochs * n_steps, "learning", "step", is_hidden=is_hidden) as bar:
        bar.update(training.epoch * n_steps + training.step)
        for report in training.reports():
            bar.update(report.epoch * n_steps + report.step - bar.n)
            judged = f", validation {training.best:.4f}" if training.best > 0 else ""
            rate = report.n_events / report.seconds
            bar.set_postfix_str(f"epoch {report.epoch + 1}, loss {report.loss:.3f}{judged}, {rate:,.0f} listens/s")
            loss = report.loss
            if monotonic() - saved > SAVE_SECONDS:
                lesson.keep()
                saved = monotonic()
    return loss


def _store_towers(library: "Library", saved: "SavedTowers", run: int, report: dict[str, Any], began: float) -> None:
    """Put trained towers and their vectors in the place of earlier ones, and end the run that `began` then."""
    from earshot.index.manifest import keeping
    from earshot.index.recommending.tower_vectors import store_tower_vectors
    from earshot.index.runs import finish_run
    from earshot.towers.retrieval.exact_search import item_vectors, unit_vectors
    from earshot.towers.tower_checkpoint import save_towers
    from earshot.towers.training.fit import state_files

    checkpoints = library.folder / "checkpoints"
    with keeping(library, checkpoints / report["checkpoint"]):
        save_towers(saved, checkpoints / report["checkpoint"])
    vectors = unit_vectors(item_vectors(saved.towers), with_bias=saved.towers.config.model == "two-tower")
    ids = saved.tracks.all_ids
    report["tracks"] = store_tower_vectors(library, run, ids, vectors, report)
    refresh_index(library)
    report["seconds"] = round(monotonic() - began, 1)
    finish_run(library, run, report)
    for state in state_files(checkpoints):
        remove(state)
