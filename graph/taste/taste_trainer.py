"""Taste teaches the ear: the encoder learns that what is liked together should sound alike.

Two phases, because convolutions and projection need different things:

    convolutions   small batches of pictures; everything moves
    projection     features computed once, so thousands of tracks per step cost nothing; only the projection moves

A fresh encoder begins each of them where unsupervised statistics end (`audio.encoder.calibrate`); one that has learned
before goes on from what it knows. The end is the best that there was, by held-out triplets: never worse than the start.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from earshot.audio.augmentation import augment
from earshot.audio.encoder import Encoder, calibrate
from earshot.data.files.training_state import training_key
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.graph.config import TasteConfig
from earshot.graph.taste.contrastive_loss import graded_info_nce, info_nce
from earshot.graph.taste.taste_sampler import TasteSampler, TripletBatch, held_out_triplets
from earshot.graph.taste.track_graph import TrackGraph
from earshot.graph.taste.triplet_loss import cosine_triplet_loss, semi_hard_negatives

PHASES = ("convolutions", "projection")
_CHUNK = 256  # excerpts encoded at a time outside of training
_STATE_FORMAT = 2  # raise it when states of before cannot be gone on with
_WARM_UP = 8  # chunks from which batch norm learns what is usual before anything else does


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training tracks did."""

    phase: str
    number: int  # from 1
    n_epochs: int  # planned in this phase
    loss: float  # mean over steps
    accuracy: float | None  # share of held-out triplets told right; None when nothing is held out
    is_best: bool  # of its phase so far
    n_clips: int  # excerpts that went through the network
    seconds: float
    waiting_seconds: float  # of them spent on drawing and gathering, outside the network


@dataclass(frozen=True)
class ExcerptDataset:
    """What there is to learn from. Row r of every sequence is the same track."""

    pictures: np.ndarray  # (n_excerpts, n_mels, n_frames) float16, perhaps on disk
    excerpt_rows: Sequence[range]  # of each track, none of them empty

    def all_excerpts(self, track_rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Every excerpt of these tracks, track after track, and for each the place of its track in `track_rows`."""
        spans = [self.excerpt_rows[track] for track in track_rows.tolist()]
        owners = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
        return np.concatenate([np.arange(span.start, span.stop) for span in spans]), owners

    def draw(self, track_rows: np.ndarray, crops: int, rng: np.random.Generator) -> np.ndarray:
        """Excerpts for two views of each track, shape (2, n_tracks, crops); different ones where there are enough."""
        spans = [self.excerpt_rows[track] for track in track_rows.tolist()]
        starts, counts = (np.array([(span.start, len(span)) for span in spans]).T)[:, :, None]  # (n_tracks, 1) each
        chances = rng.random((len(spans), counts.max()))
        chances[np.arange(counts.max()) >= counts] = np.inf
        order = chances.argsort(axis=1)  # each track's own excerpts first, shuffled
        places = np.take_along_axis(order, np.arange(2 * crops) % counts, axis=1)
        return (starts + places).reshape(-1, 2, crops).swapaxes(0, 1)


class TasteTrainer:
    """The state of a training that can be stopped after any epoch and gone on with.

    Parameters
    ----------
    encoder : untrained, or one to go on with
    music : of all tracks, held out or not
    graphs : where the tracks stand in preference graphs; may be none
    held_out_rows : tracks that only judge; see `graph.taste.track_graph.split_by_group`
    fresh : whether the encoder is untrained, so that it first has to learn what is usual

    Raises
    ------
    ValueError
        Fewer than two tracks are left to learn from.

    Notes
    -----
    Every epoch has its own seed, made from the configuration's, so a training that was interrupted goes on along the
    trajectory that it would have had.
    """

    def __init__(
        self,
        encoder: Encoder,
        music: ExcerptDataset,
        graphs: Sequence[TrackGraph],
        held_out_rows: np.ndarray,
        config: TasteConfig,
        *,
        fresh: bool = True,
        device: str = "cpu",
    ) -> None:
        self.encoder, self.music, self.config, self.device = encoder.to(device), music, config, device
        self.fresh = fresh
        self.held_out_rows = np.asarray(held_out_rows, dtype=np.int64)
        self.train_rows = np.setdiff1d(np.arange(len(music.excerpt_rows)), self.held_out_rows)
        if len(self.train_rows) < 2:
            raise ValueError(f"{len(self.train_rows)} track is left to learn from; it takes at least two")
        # An edge to a held-out track would let the encoder hear the answer.
        self.sampler = TasteSampler([graph.without(self.held_out_rows) for graph in graphs], self.train_rows, config)
        self.triplets = held_out_triplets(graphs, self.held_out_rows, config) if len(self.held_out_rows) else None
        if self.triplets is not None and not len(self.triplets):
            self.triplets = None
        self.phase, self.n_done = 0, 0
        self.start_accuracy = self.best_accuracy = -1.0  # of held-out triplets, before the first epoch and at best
        self.n_since_best = 0
        self._best: dict[str, Tensor] = {}
        self._earlier_accuracy, self._earlier = -1.0, self._best  # what the phase before ended with
        self._optimizer: torch.optim.Optimizer | None = None
        self._features: Tensor | None = None
        self._feature_rows = np.full(len(music.pictures), -1)  # where in them each picture's are

    def epochs(self) -> Iterator[Epoch]:
        """Train to the end, one report per epoch; afterwards the encoder is the best one, ready to be used.

        Raises
        ------
        ValueError
            The loss is no number any more.
        """
        for phase in range(self.phase, len(PHASES)):
            planned = (self.config.epochs, self.config.projection_epochs)[phase]
            if phase > 0 and not planned:  # a calibration would only undo what the projection has learned
                break
            if self._optimizer is None:
                self._begin(phase)
            while self.n_done < planned and self.n_since_best < self.config.patience:
                yield self._epoch(planned)
            if self._best:
                self.encoder.load_state_dict(self._best)
            self._optimizer, self._features = None, None
        if self._earlier_accuracy > self.best_accuracy:  # calibrated anew, the projection never caught up
            self.best_accuracy, self._best = self._earlier_accuracy, self._earlier
            self.encoder.load_state_dict(self._best)
        self.encoder.eval()

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, as tensors and numbers."""
        assert self._optimizer is not None, "there is nothing to go on with before the first epoch"
        return {
            "encoder": self.encoder.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best": self._best,
            "earlier": self._earlier,
            "accuracies": [self.start_accuracy, self._earlier_accuracy, self.best_accuracy],
            "counts": [self.phase, self.n_done, self.n_since_best],
        }

    @property
    def phase_name(self) -> str:
        return PHASES[self.phase]

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state` of a training with the same music, graphs and configuration."""
        self.encoder.load_state_dict(state["encoder"])
        self.phase, self.n_done, self.n_since_best = state["counts"]
        self.start_accuracy, self._earlier_accuracy, self.best_accuracy = state["accuracies"]
        self._best, self._earlier = state["best"], state["earlier"]
        self._optimizer = self._make_optimizer(self.phase)
        self._optimizer.load_state_dict(state["optimizer"])

    def track_vectors(self, track_rows: np.ndarray) -> np.ndarray:
        """Vectors as a scan would make them, shape (n_tracks, dim): the normalised mean over a track's excerpts."""
        excerpts, owners = self.music.all_excerpts(track_rows)
        self.encoder.eval()
        with torch.no_grad():
            if self._features is None:
                vectors = self.encoder.project(self._encode_features(excerpts)).cpu()
            else:
                features = self._features[0, self._feature_rows[excerpts]].float()
                vectors = F.normalize(self._projected(features), dim=-1).cpu()
            sums = torch.zeros(len(track_rows), vectors.shape[1]).index_add_(0, torch.from_numpy(owners), vectors)
        return F.normalize(sums, dim=-1).numpy()

    # One phase

    def _begin(self, phase: int) -> None:
        self.phase, self.n_done, self.n_since_best = phase, 0, 0
        self._earlier_accuracy, self._earlier = self.best_accuracy, self._best
        self.encoder.eval()
        if self.fresh:
            self._calibrate(phase)
        accuracy = self._held_out_accuracy()
        self.best_accuracy = -1.0 if accuracy is None else accuracy
        self.start_accuracy = self.best_accuracy if phase == 0 else self.start_accuracy
        self._best = self._weights()
        self._optimizer = self._make_optimizer(phase)

    def _calibrate(self, phase: int) -> None:
        rng = np.random.default_rng([self.config.seed, phase])
        excerpts, owners = self.music.all_excerpts(self.train_rows)
        if phase == 0:
            self.encoder.train()
            with torch.no_grad():
                order = rng.permutation(excerpts)[: _WARM_UP * _CHUNK]
                for chunk in np.array_split(order, -(-len(order) // _CHUNK)):
                    self.encoder.features(self._pictures(chunk))
            self.encoder.eval()
        features = self._encode_features(excerpts)
        calibrate(self.encoder, features, torch.from_numpy(owners).to(features.device))

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.encoder.state_dict().items()}

    def _make_optimizer(self, phase: int) -> torch.optim.Optimizer:
        projection = [self.encoder.projection.weight]
        step = self.config.projection_rate * float(projection[0].detach().abs().mean())
        own = {"params": projection, "lr": step, "weight_decay": 0.0}
        if PHASES[phase] == "projection":
            return torch.optim.AdamW([own])
        moving = [*self.encoder.convolutions.parameters(), *self.encoder.norms.parameters()]
        return torch.optim.AdamW([own, {"params": moving, "lr": self.config.learning_rate, "weight_decay": 0.01}])

    def _epoch(self, planned: int) -> Epoch:
        config, optimizer = self.config, self._optimizer
        assert optimizer is not None
        is_projection = self.phase_name == "projection"
        if is_projection and self._features is None:
            self._features = self._all_features()
        began, waited, losses, n_clips = perf_counter(), 0.0, [], 0
        seed = [config.seed, self.phase, self.n_done]
        rng = np.random.default_rng(seed)
        batch_size = config.projection_batch if is_projection else config.batch_size
        crops = config.projection_crops if is_projection else config.crops
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))  # of dropout
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            mark = perf_counter()
            for batch in self.sampler.epoch(rng, batch_size):
                tracks = np.concatenate([batch.anchor_rows, batch.positive_rows])
                first, second = self.music.draw(tracks, crops, rng)
                n = len(batch.anchor_rows)
                alone = batch.positive_rows == batch.anchor_rows
                second[n:][alone] = second[:n][alone]  # its own positive: other excerpts than the anchor's
                excerpts = np.concatenate([first[:n], second])  # anchors, then candidates: their own, and positives
                inputs = self._draw_features(excerpts, rng) if is_projection else self._pictures(excerpts.ravel())
                waited += perf_counter() - mark
                self.encoder.train()
                if is_projection:
                    vectors = F.normalize(self._projected(inputs), dim=-1)
                else:
                    with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
                        seen = self.encoder(augment(inputs, config.augmentation, generator))
                    vectors = F.normalize(seen.float().reshape(3 * n, crops, -1).mean(dim=1), dim=-1)
                loss = batch_loss(vectors[:n], vectors[n:], batch, config)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                n_clips += excerpts.size
                mark = perf_counter()
        loss_mean = float(np.mean(losses))
        if not math.isfinite(loss_mean):
            rate = "projection_rate" if is_projection else "learning_rate"
            place = f"epoch {self.n_done + 1} of the {self.phase_name}"
            raise ValueError(f"the loss is {loss_mean} in {place}; lower {rate}")
        self.n_done += 1
        accuracy = self._held_out_accuracy()
        is_best = accuracy is None or accuracy >= self.best_accuracy  # a tie goes to who has learned more
        self.n_since_best = 0 if is_best else self.n_since_best + 1
        if is_best:
            self.best_accuracy = self.best_accuracy if accuracy is None else accuracy
            self._best = self._weights()
        seconds = perf_counter() - began
        return Epoch(self.phase_name, self.n_done, planned, loss_mean, accuracy, is_best, n_clips, seconds, waited)

    def _held_out_accuracy(self) -> float | None:
        if self.triplets is None:
            return None
        rows, places = np.unique(self.triplets, return_inverse=True)
        vectors = self.track_vectors(rows)[places.reshape(self.triplets.shape)]  # (n, 3, dim)
        near = (vectors[:, 0] * vectors[:, 1]).sum(axis=1)
        far = (vectors[:, 0] * vectors[:, 2]).sum(axis=1)
        return float(((near > far) + 0.5 * (near == far)).mean())

    # From excerpts to features

    def _pictures(self, excerpts: np.ndarray) -> Tensor:
        return torch.from_numpy(self.music.pictures[excerpts]).to(self.device).float()

    def _encode_features(self, excerpts: np.ndarray) -> Tensor:
        """Shape (n_excerpts, n_features), by an encoder in eval mode."""
        with torch.no_grad():
            chunks = [excerpts[start : start + _CHUNK] for start in range(0, len(excerpts), _CHUNK)]
            return torch.cat([self.encoder.features(self._pictures(chunk)) for chunk in chunks])

    def _all_features(self) -> Tensor:
        """Standardised features of every track's excerpts, shape (versions, n_excerpts, n_features) float16.

        Two versions when there is augmentation: as they are, and disguised once. Some 2 KB per excerpt and version. In
        the order of tracks, not of the cache: that is the order in which files happened to be heard, and would give the
        same seed another disguise.
        """
        self.encoder.eval()
        generator = torch.Generator().manual_seed(self.config.seed)
        excerpts, _ = self.music.all_excerpts(np.arange(len(self.music.excerpt_rows)))
        strengths = [0.0, self.config.augmentation][: 2 if self.config.augmentation else 1]
        shape = (len(strengths), len(excerpts), sum(self.encoder.blocks))
        found = torch.empty(shape, dtype=torch.float16, device=self.device)
        with torch.no_grad():
            for version, strength in enumerate(strengths):
                for start in range(0, len(excerpts), _CHUNK):
                    chunk = self._pictures(excerpts[start : start + _CHUNK])
                    features = self.encoder.features(augment(chunk, strength, generator))
                    found[version, start : start + _CHUNK] = self.encoder.standardize(features)
        self._feature_rows[excerpts] = np.arange(len(excerpts))
        return found

    def _draw_features(self, excerpts: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Mean features of each view, shape (n_views, n_features), of excerpts (n_views, crops)."""
        assert self._features is not None
        versions = rng.integers(len(self._features), size=excerpts.shape)
        return self._features[versions, self._feature_rows[excerpts]].float().mean(dim=1)

    def _projected(self, features: Tensor) -> Tensor:
        return self.encoder.projection(self.encoder.dropout(features))


def batch_loss(anchors: Tensor, candidates: Tensor, batch: TripletBatch, config: TasteConfig) -> Tensor:
    """The configured loss of one batch; `candidates`, shape (2 n, dim), are in the order of the batch."""
    if config.loss == "graded":
        assert batch.affinity is not None
        affinity = torch.from_numpy(batch.affinity).to(anchors.device)
        return graded_info_nce(anchors, candidates, affinity, temperature=config.temperature)
    assert batch.hops is not None
    n = len(anchors)
    hops = torch.from_numpy(batch.hops.astype(np.int64)).to(anchors.device)
    same = torch.from_numpy(batch.same_track()).to(anchors.device)
    if config.loss == "infonce":
        near = (hops <= config.near_hops) | same
        return info_nce(anchors, candidates[n:], near[:, n:], temperature=config.temperature)
    positives = candidates[n:]
    rows = torch.arange(n, device=anchors.device)
    allowed = (hops >= hops[rows, rows + n][:, None] + config.gap) & ~same
    usable = allowed.any(dim=1)
    if not usable.any():  # one artist alone in a batch: nothing is far
        return anchors.sum() * 0
    negatives = semi_hard_negatives(anchors[usable], positives[usable], candidates, allowed[usable])
    return cosine_triplet_loss(anchors[usable], positives[usable], candidates[negatives], margin=config.margin)


def training_figures(training: TasteTrainer) -> list[MetricValue]:
    """How well held-out triplets were told before the training and are told now; none where nothing was held out."""
    if training.triplets is None:
        return []
    values = {"before training": training.start_accuracy, "audio": training.best_accuracy}
    n = len(training.triplets)
    return [
        MetricValue(subject, "triplet accuracy", None, "held-out", value, None, None, n)
        for subject, value in values.items()
    ]


def taste_training_key(
    settings: Mapping[str, Any], track_hashes: Sequence[str], held_out_rows: np.ndarray, graphs: Sequence[TrackGraph]
) -> str:
    """Key of a training with these settings, tracks, held-out tracks and edges. Hexadecimal."""
    contents: list[str | np.ndarray] = []
    for graph in graphs:
        edges = graph.graph
        contents += [f"{graph.kind} {graph.share}", edges.indptr, edges.indices, edges.weights, graph.node_rows]
    return training_key([_STATE_FORMAT, settings, track_hashes, held_out_rows.tolist()], contents)
