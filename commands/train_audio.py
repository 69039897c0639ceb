"""`cli train-audio`: teach the ear a taste."""

import contextlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from earshot.audio.config import DecodeConfig, EarConfig, EncoderConfig
from earshot.commands.shared.options import click_type, config_options, device_option
from earshot.commands.shared.terminal import progress, progress_bar, user_errors
from earshot.data.files.atomic import RESUMABLE_SUFFIX, remove
from earshot.data.settings import settings_of
from earshot.graph.config import TasteConfig
from earshot.stages.environment import SAVE_SECONDS, pick_device, versions

if TYPE_CHECKING:
    from numpy import ndarray

    from earshot.audio.checkpoint import Checkpoint
    from earshot.audio.ear import Ear
    from earshot.graph.taste.excerpt_views import ExcerptDataset
    from earshot.graph.taste.taste_trainer import TasteTrainer
    from earshot.index.evaluation.audio_facts import TrackTable
    from earshot.index.library import Library


_SHAPE = {setting.name: setting for setting in settings_of(EncoderConfig)}


@click.command()
@click.option("--graph", "kinds", multiple=True, metavar="KIND", help="Only this graph; may be repeated. Else all.")
@click.option("--no-graph", is_flag=True, help="No stored graph, even where the library has some.")
@click.option("--tags/--no-tags", default=True, show_default=True, help="The tracks of one artist are near, too.")
@click.option(
    "--start",
    type=click.Choice(["current", "fresh"]),
    default="current",
    show_default=True,
    help="Go on from the encoder in use, or begin anew.",
)
@click.option(
    "--channels",
    type=click_type(_SHAPE["channels"]),
    help=f"Of a fresh encoder: feature maps of a convolution.  [default: {EncoderConfig.channels}]",
)
@click.option(
    "--dim",
    type=click_type(_SHAPE["dim"]),
    help=f"Of a fresh encoder: numbers in a vector.  [default: {EncoderConfig.dim}]",
)
@config_options(TasteConfig)
@device_option("Of the encoder.")
@click.option("--json", "as_json", is_flag=True, help="What was learned, as JSON.")
@click.pass_obj
def train_audio(
    folder: Path,
    kinds: tuple[str, ...],
    no_graph: bool,
    tags: bool,
    start: str,
    channels: int | None,
    dim: int | None,
    device: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Teach the ear your taste: what is liked together should sound alike.

    Near in the preference graphs is positive, far is negative, two excerpts of a track are nearest of all. Whole
    artists are kept out to judge by. Interrupted, the same command goes on where it was. Afterwards `cli embed-audio`
    hears the library anew.

    Example:

    \b
        cli build-graph
        cli train-audio
        cli embed-audio
    """
    import numpy as np

    from earshot.audio.checkpoint import default_checkpoint
    from earshot.audio.ear import Ear, save_ear
    from earshot.graph.taste.taste_trainer import TasteTrainer, taste_training_key, training_metrics
    from earshot.graph.taste.track_graph import split_by_group
    from earshot.index.evaluation.audio_facts import read_judged_tracks
    from earshot.index.evaluation.leakage import imports_heard_of, listens_of_graphs, training_listens
    from earshot.index.evaluation.metrics_table import store_metrics
    from earshot.index.library import Library
    from earshot.index.manifest import recorded_write
    from earshot.index.runs import TRAINING_STAGE, finish_run, start_run
    from earshot.index.vectors.spaces import require_vectors
    from earshot.stages.current_encoder import current_checkpoint, find_checkpoint
    from earshot.stages.taste_graphs import same_artist_graph, stored_track_graphs

    try:
        config = TasteConfig(**settings)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if kinds and no_graph:
        raise click.UsageError("--graph names a graph to learn from, --no-graph says there is none; give one of them.")
    shape = {name: value for name, value in {"channels": channels, "dim": dim}.items() if value is not None}
    with Library.open_to_write(folder) as library:
        require_vectors(library)
        tracks = read_judged_tracks(library)
        # A fresh encoder needs no earlier one, which may be missing.
        is_fresh = start == "fresh"
        checkpoint = (find_checkpoint(library) or default_checkpoint()) if is_fresh else current_checkpoint(library)
        ear, fresh = _ear_to_teach(checkpoint, start, config.seed, shape)
        graphs = [] if no_graph else list(stored_track_graphs(library, tracks, kinds))
        graphs += same_artist_graph(tracks) if tags else []
        music, heard = _music(library, tracks, ear)
        graphs = [replace(graph, node_rows=graph.node_rows[heard]) for graph in graphs]
        hashes = np.array(list(tracks.paths))[heard].tolist()
        artists = [tracks.artists[row] or digest for row, digest in zip(heard, hashes, strict=True)]
        with user_errors():
            held_out = split_by_group(artists, config.held_out, config.seed)
            training = TasteTrainer(
                ear.encoder, music, graphs, held_out, config, fresh=fresh, device=pick_device(device)
            )
        told = ", ".join(f"{graph.kind} ({(graph.node_rows >= 0).sum():,} tracks)" for graph in graphs) or "crops alone"
        click.echo(
            f"Learning from {len(training.train_rows):,} tracks, judging by {len(held_out):,}; {told}.", err=True
        )
        settings_told: dict[str, Any] = {
            "taste": asdict(config),
            "ear": asdict(ear.config),
            "fresh": fresh,
            "start": checkpoint.fingerprint,
            "graphs": [graph.kind for graph in graphs],
            "heard_of": listens_of_graphs(library, [graph.kind for graph in graphs]),
        }
        ear_before = None if fresh or checkpoint.path is None else checkpoint.path.name
        settings_told["heard_of"] += training_listens(library, ear_before)
        key = taste_training_key(settings_told, hashes, held_out, graphs)
        name = f"ear-{key[:12]}.safetensors"
        # Not in the key, which a state of an earlier version must find; the edges are.
        told_more = settings_told | {"imports": imports_heard_of(library, settings_told["graphs"], ear_before)}
        run, _ = start_run(library, TRAINING_STAGE, told_more, seed=config.seed, versions=versions(), checkpoint=name)
        state_file = library.folder / "checkpoints" / f"train-audio{RESUMABLE_SUFFIX}"
        with user_errors():
            loss = _train(training, state_file, key)
        path = library.folder / "checkpoints" / name
        with recorded_write(library, path):
            save_ear(Ear(ear.config, training.encoder.to("cpu")), path)
        figures = training_metrics(training)
        store_metrics(library, run, figures)
        report = {"checkpoint": name, "loss": loss, "train_tracks": len(training.train_rows)}
        report |= {f"{figure.metric}, {figure.subject}": figure.value for figure in figures}
        held_out_ids = tracks.ids.ids(heard[held_out]).tolist()
        finish_run(library, run, report | {"held_out_track_ids": held_out_ids})
        remove(state_file)
    if as_json:
        click.echo(json.dumps(report))
        return
    for figure in figures:
        click.echo(f"{figure.metric}, {figure.subject}: {figure.value:.3f} (chance .5, {figure.n:,} triplets)")
    click.echo(f"The new ear is {name}. Next: `cli embed-audio` hears the library with it.")


def _ear_to_teach(checkpoint: "Checkpoint", start: str, seed: int, shape: dict[str, int]) -> tuple["Ear", bool]:
    """The ear in use, or one that has learned nothing; and whether it is that."""
    from earshot.audio.ear import Ear
    from earshot.audio.encoder import untrained_encoder
    from earshot.stages.current_encoder import load_encoder

    if start == "fresh" or checkpoint.path is None:
        try:
            config = EarConfig(encoder=EncoderConfig(**shape, seed=seed))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        return Ear(config, untrained_encoder(config.mel, config.encoder)), True
    if shape:
        raise click.UsageError("--channels and --dim are of a fresh encoder; add `--start fresh`.")
    return load_encoder(checkpoint, "cpu"), False


def _music(library: "Library", tracks: "TrackTable", ear: "Ear") -> tuple["ExcerptDataset", "ndarray"]:
    """The pictures to learn from, and the rows of the tracks that have some."""
    import numpy as np

    from earshot.audio.spectrogram_cache import SpectrogramCache, fill_spectrograms
    from earshot.graph.taste.excerpt_views import ExcerptDataset

    cache = SpectrogramCache(library.folder / "cache", ear.config)
    n_lacking = len(tracks.paths.keys() - cache.rows.keys())
    filling = fill_spectrograms(cache, tracks.paths, ear.config, DecodeConfig())
    unheard = [failure for failure in progress(filling, "picturing", "track", n_lacking) if failure]
    if unheard:
        click.echo(f"{len(unheard):,} files could not be heard again and teach nothing.", err=True)
    heard = np.array([row for row, digest in enumerate(tracks.paths) if digest in cache.rows], dtype=np.int64)
    hashes = list(tracks.paths)
    return ExcerptDataset(cache.log_mels(), [cache.rows[hashes[row]] for row in heard]), heard


def _train(training: "TasteTrainer", state_file: Path, key: str) -> float | None:
    """Run a training to its end, or on from where it was interrupted; the last loss."""
    import torch

    from earshot.data.files.training_state import resume_training, write_training
    from earshot.data.parallel import n_threads

    torch.set_num_threads(n_threads())
    if resume_training(state_file, key, training.restore):
        click.echo(f"Going on after epoch {training.n_done} of the {training.phase_name}.", err=True)
    loss, saved, phase = None, monotonic(), ""
    with contextlib.ExitStack() as bars:
        for epoch in training.epochs():
            if epoch.phase != phase:
                phase, bar = epoch.phase, bars.enter_context(progress_bar(epoch.n_epochs, epoch.phase, "epoch"))
                bar.update(epoch.number - 1)
            bar.update()
            told = (
                "" if epoch.accuracy is None else f", held-out {epoch.accuracy:.3f}, best {training.best_accuracy:.3f}"
            )
            bar.set_postfix_str(f"loss {epoch.loss:.3f}{told}, {epoch.n_clips / epoch.seconds:,.0f} clips/s")
            loss = epoch.loss
            if monotonic() - saved > SAVE_SECONDS:
                write_training(state_file, key, training.state())
                saved = monotonic()
    return loss
