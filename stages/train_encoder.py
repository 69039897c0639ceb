"""Train the encoder on the preference graphs of a library: tracks that are liked together should sound alike.

    tracks --excerpts--> log-mel spectrograms        graphs --> positives and negatives
    both --TasteTrainer--> encoder --> checkpoint, with which `embed_folders` embeds the library anew

The state of the training is saved every now and then: the same call goes on from there after a kill.
"""

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch

from earshot.audio.checkpoint import Checkpoint, default_checkpoint
from earshot.audio.config import DecodeConfig, EarConfig, EncoderConfig
from earshot.audio.embed_files import fill_cache
from earshot.audio.spectrogram_cache import SpectrogramCache
from earshot.audio.trained_ear import TrainedEar, save_ear, untrained_ear
from earshot.data.files.atomic import RESUMABLE_SUFFIX, remove
from earshot.data.files.training_state import resume_training, write_training
from earshot.data.parallel import n_threads
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.graph.config import TasteConfig
from earshot.graph.taste.excerpt_views import ExcerptDataset
from earshot.graph.taste.taste_trainer import Epoch, TasteTrainer, taste_training_key, training_metrics
from earshot.graph.taste.track_graph import TrackGraph, split_by_group
from earshot.index.evaluation.audio_facts import TrackTable, read_track_table
from earshot.index.evaluation.leakage import listens_of_graphs, training_imports, training_listens
from earshot.index.library import Library
from earshot.index.manifest import recorded_write
from earshot.index.runs import TRAINING_STAGE, discard_run, finish_run, start_run, store_metrics
from earshot.index.vectors.spaces import require_vectors
from earshot.stages.shared.current_encoder import current_checkpoint, find_checkpoint, load_encoder_to_train
from earshot.stages.shared.environment import SAVE_SECONDS, pick_device, versions
from earshot.stages.shared.reports import InputError, Note, Progress, StageError, as_stage_error, collected
from earshot.stages.shared.taste_graphs import same_artist_graph, stored_track_graphs


@dataclass(frozen=True)
class TrainEncoderReport:
    """The outcome of a training."""

    checkpoint: str | None  # file name; None if the encoder that it began with is no worse, and stays
    loss: float | None  # mean over the last epoch; None if all was learned before, and only the storing was interrupted
    n_train: int
    accuracy: Sequence[MetricValue]  # on held-out triplets, before and after; empty if nothing was held out

    @property
    def is_no_better(self) -> bool:
        """Whether held-out triplets say that nothing was gained."""
        if len(self.accuracy) < 2:
            return False
        before, after = (value.value for value in self.accuracy)
        return before is not None and after is not None and after <= before

    def metrics(self) -> dict[str, Any]:
        """The report as the library records it and `cli train-audio --json` prints it."""
        metrics: dict[str, Any] = {"checkpoint": self.checkpoint, "loss": self.loss, "train_tracks": self.n_train}
        return metrics | {f"{value.metric}, {value.subject}": value.value for value in self.accuracy}


@dataclass(frozen=True)
class _Examples:
    """Tracks with their excerpts and graphs; the rows of all graphs are those of `hashes`."""

    rows: np.ndarray  # (n,) of the library's `TrackTable`
    hashes: list[str]  # of their content
    dataset: ExcerptDataset
    graphs: list[TrackGraph]


def train_encoder(
    library: Library,
    config: TasteConfig | None = None,
    *,
    kinds: Sequence[str] | None = None,
    same_artist: bool = True,
    fresh: bool = False,
    channels: int | None = None,
    dim: int | None = None,
    device: str = "auto",
) -> Generator[Progress | Note | TrainEncoderReport, None, None]:
    """Train the encoder and store its checkpoint; the last report is the `TrainEncoderReport`.

    Parameters
    ----------
    library : open to write
    kinds : names of stored graphs; None for all of them, empty for none
    same_artist, fresh, channels, dim, device : as the options of `cli train-audio`

    Raises
    ------
    LibraryError
        There are no vectors, or there is no such graph.
    InputError
        A shape is given for an encoder that is not fresh.
    StageError
        The encoder in use is missing, nothing is left to learn from, or the loss diverged. No checkpoint was stored.
    """
    config = config or TasteConfig()
    require_vectors(library)
    tracks = read_track_table(library)
    # A fresh encoder needs no earlier one, which may be missing.
    checkpoint = (find_checkpoint(library) or default_checkpoint()) if fresh else current_checkpoint(library)
    fresh = fresh or checkpoint.path is None
    shape = {name: size for name, size in {"channels": channels, "dim": dim}.items() if size is not None}
    ear = _initial_encoder(checkpoint, fresh, shape, config.seed)
    graphs = [] if kinds is not None and not kinds else list(stored_track_graphs(library, tracks, kinds or ()))
    graphs = yield from _graphs_that_teach(graphs, is_chosen=bool(kinds))
    graphs += same_artist_graph(tracks) if same_artist else []
    examples = yield from _read_examples(library, tracks, graphs, ear)
    artists = [tracks.artists[row] or digest for row, digest in zip(examples.rows, examples.hashes, strict=True)]
    with as_stage_error():
        held_out = split_by_group(artists, config.held_out, config.seed)
        training = TasteTrainer(
            ear.encoder, examples.dataset, examples.graphs, held_out, config, fresh=fresh, device=pick_device(device)
        )
    n_nodes = {graph.kind: int((graph.node_rows >= 0).sum()) for graph in examples.graphs}
    graph_names = ", ".join(f"{kind} ({n:,} tracks)" for kind, n in n_nodes.items()) or "crops alone"
    n_train = len(training.train_rows)
    yield Note(f"Learning from {n_train:,} tracks, judging by {len(held_out):,}; {graph_names}.")

    kinds, earlier = list(n_nodes), None if fresh or checkpoint.path is None else checkpoint.path.name
    settings: dict[str, Any] = {"taste": asdict(config), "ear": asdict(ear.config), "fresh": fresh}
    settings |= {"start": checkpoint.fingerprint, "graphs": kinds}
    settings["heard_of"] = listens_of_graphs(library, kinds) + training_listens(library, earlier)
    key = taste_training_key(settings, examples.hashes, held_out, examples.graphs)
    name = f"ear-{key[:12]}.safetensors"
    # Not in the key, which a state of an earlier version must find; the edges are.
    settings["imports"] = training_imports(library, kinds, earlier)
    run, _ = start_run(library, TRAINING_STAGE, settings, seed=config.seed, versions=versions(), checkpoint=name)
    checkpoints = library.folder / "checkpoints"
    state_file = checkpoints / f"train-audio{RESUMABLE_SUFFIX}"
    loss = yield from _train(training, state_file, key)
    report = TrainEncoderReport(name, loss, n_train, training_metrics(training))
    if report.is_no_better and not fresh:
        discard_run(library, run)  # else its encoder would count as the latest
        remove(state_file)
        yield replace(report, checkpoint=None)
        return
    with recorded_write(library, checkpoints / name):
        save_ear(TrainedEar(ear.config, training.encoder.to("cpu")), checkpoints / name)
    store_metrics(library, run, report.accuracy)
    held_out_ids = tracks.ids.ids(examples.rows[held_out]).tolist()
    finish_run(library, run, report.metrics() | {"held_out_track_ids": held_out_ids})
    remove(state_file)
    yield report


def _graphs_that_teach(graphs: list[TrackGraph], *, is_chosen: bool) -> Generator[Note, None, list[TrackGraph]]:
    """Leave out graphs that hold fewer than two tracks with audio."""
    matching = [graph for graph in graphs if len(np.unique(graph.node_rows[graph.node_rows >= 0])) > 1]
    others = ", ".join(graph.kind for graph in graphs if graph not in matching)
    if others and (is_chosen or not matching):
        raise StageError(
            f"Nothing can be learned from {others}: not two of its nodes have a track with audio here.\n\n"
            "Are its names spelled as in the library? `cli graph-stats` shows how many have audio; `--no-graph` learns"
            " from tags alone."
        )
    if others:
        yield Note(f"Left out, since not two of their nodes have a track with audio here: {others}.")
    return matching


def _initial_encoder(checkpoint: Checkpoint, fresh: bool, shape: dict[str, int], seed: int) -> TrainedEar:
    """The encoder of a checkpoint, or one with untrained weights."""
    if not fresh:
        if shape:
            raise InputError("--channels and --dim are of a fresh encoder; add `--start fresh`.")
        return load_encoder_to_train(checkpoint)
    try:
        config = EarConfig(encoder=EncoderConfig(**shape, seed=seed))
    except ValueError as error:
        raise InputError(str(error)) from None
    return untrained_ear(config)


def _read_examples(
    library: Library, tracks: TrackTable, graphs: Sequence[TrackGraph], ear: TrainedEar
) -> Generator[Progress | Note, None, _Examples]:
    """Compute the log-mel spectrograms that the cache lacks; leave out tracks that cannot be decoded."""
    cache = SpectrogramCache(library.folder / "cache", ear.config)
    n_lacking = len(tracks.paths.keys() - cache.rows.keys())
    filling = fill_cache(cache, tracks.paths, DecodeConfig())
    results = yield from collected(filling, "spectrograms", "track", n_lacking)
    if n_undecoded := sum(result is not None for result in results):
        yield Note(f"{n_undecoded:,} files could not be decoded again and teach nothing.")
    hashes = list(tracks.paths)
    rows = np.array([row for row, digest in enumerate(hashes) if digest in cache.rows], dtype=np.int64)
    hashes = [hashes[row] for row in rows]
    dataset = ExcerptDataset(cache.log_mels(), [cache.rows[digest] for digest in hashes])
    return _Examples(rows, hashes, dataset, [replace(graph, node_rows=graph.node_rows[rows]) for graph in graphs])


def _train(training: TasteTrainer, state_file: Path, key: str) -> Generator[Progress | Note, None, float | None]:
    """Run a training to its end, or on from where it was interrupted, saving its state; return the last loss."""
    torch.set_num_threads(n_threads())
    loss, saved = None, monotonic()
    with as_stage_error():
        if resume_training(state_file, key, training.restore):
            yield Note(f"Going on after epoch {training.n_done} of the {training.phase_name}.")
        for epoch in training.epochs():
            yield _progress(epoch, training.best_accuracy)
            loss = epoch.loss
            if monotonic() - saved > SAVE_SECONDS:
                write_training(state_file, key, training.state())
                saved = monotonic()
    return loss


def _progress(epoch: Epoch, best_accuracy: float) -> Progress:
    held_out = "" if epoch.accuracy is None else f", held-out {epoch.accuracy:.3f}, best {best_accuracy:.3f}"
    detail = f"loss {epoch.loss:.3f}{held_out}, {epoch.n_clips / epoch.seconds:,.0f} clips/s"
    return Progress(epoch.phase, epoch.number, epoch.n_epochs, "epoch", detail)
