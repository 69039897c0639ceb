"""Train towers on the listens of a library; they and their vectors take the place of earlier ones.

    listens --split--> train | validation | test
    train, validation --TowerFit--> towers --> checkpoint, vectors of tracks, indexes

The state of the training is saved every now and then: the same call goes on from there after a kill.
"""

from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import default_protocol, split_listens
from earshot.data.files.atomic import remove
from earshot.data.parallel import n_threads
from earshot.data.settings import stored
from earshot.index.library import Library
from earshot.index.manifest import recorded_write
from earshot.index.recommending.tower_data import read_tower_data
from earshot.index.recommending.tower_runs import store_tower_vectors
from earshot.index.runs import TOWER_STAGE, finish_run, start_run
from earshot.index.vectors.spaces import AUDIO, sound_space, vector_fingerprint
from earshot.stages.shared.environment import SAVE_SECONDS, pick_device, versions
from earshot.stages.shared.indexes import refresh_indexes
from earshot.stages.shared.reports import InputError, Note, Progress, as_stage_error
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.retrieval.best_tracks import unit_vectors
from earshot.towers.retrieval.query_vectors import item_vectors
from earshot.towers.tower_checkpoint import SavedTowers, save_towers, tower_training_key
from earshot.towers.training.distributed import Distributed
from earshot.towers.training.fit_stages import FitStage, TowerFit, state_files


@dataclass(frozen=True)
class TrainTowerReport:
    """The outcome of a training."""

    n_epochs: int
    n_events: int  # that the towers learned from
    loss: float | None  # of the last step; None if all was learned before, and only the storing was interrupted
    validation: float | None  # NDCG@20 of the best epoch; None without a validation part
    popularity: float | None  # weight of popularity at serving that suits them best; None for 0
    checkpoint: str  # file name
    n_tracks: int  # with a vector
    n_users: int
    split: str  # a name of `PROTOCOLS`, or "none"
    seconds: float | None = None

    def metrics(self) -> dict[str, Any]:
        """The report as the library records it and `cli train-tower --json` prints it."""
        facts = {name.removeprefix("n_"): value for name, value in asdict(self).items()}
        optional = ("popularity", "seconds")
        return {name: value for name, value in facts.items() if value is not None or name not in optional}


def train_towers(
    library: Library,
    tower: TowerConfig | None = None,
    training: TowerTrainingConfig | None = None,
    *,
    sound: str | None = None,
    split: str = "auto",
    share: float = 0.1,
    gap_s: int = 1_800,
    repeats: bool | None = None,
    refit: bool = False,
    device: str = "auto",
    distributed: Distributed | None = None,
) -> Generator[Progress | Note | TrainTowerReport, None, None]:
    """Train towers and store them; the last report is the `TrainTowerReport`.

    Parameters
    ----------
    library : open to write, in the first process
    sound, split, share, gap_s, repeats, refit, device : as the options of `cli train-tower`; `gap_s` in seconds
    distributed : this process among those that train together; the others than the first report progress alone

    Raises
    ------
    InputError
        There is no such split.
    LibraryError
        There are no listens, or no such space.
    StageError
        The split leaves nothing to learn from or to refit by; or the loss diverged, and nothing was stored.
    """
    began = monotonic()
    if split not in ("auto", "none", *PROTOCOLS):
        raise InputError(f"split is {split!r}; it is one of auto, none, {', '.join(PROTOCOLS)}")
    tower, training = tower or TowerConfig(), training or TowerTrainingConfig()
    distributed = distributed or Distributed()
    sound = distributed.first_then_others(lambda: sound_space(library, sound))
    data = distributed.first_then_others(lambda: read_tower_data(library, sound))
    settings_of_split: dict[str, Any] = {"share": share, "gap_s": gap_s, "seed": tower.seed}
    protocol, why = default_protocol(data.listens, **settings_of_split) if split == "auto" else (split, "")
    if why and distributed.is_first:
        yield Note(f"The split is {protocol}: {why}.")
    if repeats is None:
        repeats = protocol in PROTOCOLS and bool(PROTOCOLS[protocol].repeats)
    split_settings = {"protocol": protocol} | settings_of_split
    with as_stage_error():
        data_split = None if protocol == "none" else split_listens(data.events, **split_settings)
        fit = TowerFit(
            tower, training, data.catalog, data.listens, data_split,
            repeats=repeats, refit=refit, device=pick_device(device), distributed=distributed,
        )  # fmt: skip
    settings: dict[str, Any] = {"tower": stored(tower), "training": stored(training), "split": split_settings}
    settings |= {"listens": data.listens_key, "sound": sound, "ear": vector_fingerprint(library, sound), "refit": refit}
    key = tower_training_key(settings | {"repeats": repeats}, data.listens, data.catalog)
    checkpoint = f"towers-{key[:12]}.pt"
    if distributed.is_first:
        events = data_split.describe() if data_split else f"all {len(data.listens):,} events"
        by = "" if sound in (None, AUDIO) else f" ({sound})"
        yield Note(f"Learning from {data.catalog.describe()}{by}; {events}.")
        run, _ = start_run(library, TOWER_STAGE, settings, seed=tower.seed, versions=versions(), checkpoint=checkpoint)
    with as_stage_error():
        last, loss = yield from _train(fit, library.folder / "checkpoints", key)
    if not distributed.is_first:
        return
    report = TrainTowerReport(
        last.training.epoch, len(last.training.batches.targets), loss, fit.validation, fit.popularity_weight,
        checkpoint, len(data.tracks), len(data.users), protocol,
    )  # fmt: skip
    saved = SavedTowers(fit.towers.to("cpu"), data.tracks, data.users, data.artists, data.albums)
    yield from _store(library, run, saved, report, began)


def _train(fit: TowerFit, folder: Path, key: str) -> Generator[Progress | Note, None, tuple[FitStage, float | None]]:
    """Run a training and, if asked for, its refit to the end; return the last of them, and its last loss."""
    torch.set_num_threads(n_threads(fit.distributed.n_ranks))
    for stage, phase in zip(fit.stages(folder, key), ("learning", "refitting"), strict=False):
        if stage.resume():
            yield Note(f"Going on after step {stage.training.step:,} of epoch {stage.training.epoch + 1}.")
        loss = yield from _run(stage, phase)
    return stage, loss


def _run(stage: FitStage, phase: str) -> Generator[Progress, None, float | None]:
    """Run a training to its end, saving its state every now and then; return its last loss."""
    training, saved, loss = stage.training, monotonic(), None
    n_steps = len(training.batches)
    start = Progress(phase, training.epoch * n_steps + training.step, training.config.epochs * n_steps, "step")
    yield start
    for report in training.reports():
        validation = f", validation {training.best:.4f}" if training.best > 0 else ""
        rate = f"{report.n_events / report.seconds:,.0f} listens/s"
        detail = f"epoch {report.epoch + 1}, loss {report.loss:.3f}{validation}, {rate}"
        yield start._replace(done=report.epoch * n_steps + report.step, detail=detail)
        loss = report.loss
        if monotonic() - saved > SAVE_SECONDS:
            stage.save()
            saved = monotonic()
    return loss


def _store(
    library: Library, run_id: int, saved: SavedTowers, report: TrainTowerReport, began: float
) -> Generator[Progress | TrainTowerReport, None, None]:
    """Put trained towers and their vectors in the place of earlier ones, and end the run that `began` then."""
    checkpoints = library.folder / "checkpoints"
    with recorded_write(library, checkpoints / report.checkpoint):
        save_towers(saved, checkpoints / report.checkpoint)
    vectors = unit_vectors(item_vectors(saved.towers), with_bias=saved.towers.config.model == "two-tower")
    n_tracks = store_tower_vectors(library, run_id, saved.tracks.all_ids, vectors, report.metrics())
    yield from refresh_indexes(library)
    report = replace(report, n_tracks=n_tracks, seconds=round(monotonic() - began, 1))
    finish_run(library, run_id, report.metrics())
    for state in state_files(checkpoints):
        remove(state)
    yield report
