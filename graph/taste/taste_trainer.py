"""Training of the encoder by preference graphs: what is liked together should sound alike.

Two phases, because convolutions and projection need different things:

    convolutions   small batches of log-mels; every weight moves
    projection     features computed once, so thousands of tracks per step cost nothing; only the projection moves

A fresh encoder begins each of them where unsupervised statistics end (`audio.encoder.calibrate`); a trained one goes on
from its weights. The final weights are the best by held-out triplets, so never worse than those at the start.
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
from earshot.evaluation.metrics.vector_metrics import triplet_accuracy
from earshot.graph.config import TasteConfig
from earshot.graph.taste.excerpt_views import CHUNK_SIZE, ExcerptDataset, FeatureTable
from earshot.graph.taste.track_graph import TrackGraph
from earshot.graph.taste.triplet_loss import batch_loss
from earshot.graph.taste.triplet_sampler import TripletBatch, TripletSampler, held_out_triplets

PHASES = ("convolutions", "projection")
_STATE_FORMAT = 2  # raised when training cannot go on from earlier states
_MAX_WARM_UP_CHUNKS = 8  # of `CHUNK_SIZE` excerpts, from which batch norm learns its statistics before any step


@dataclass(frozen=True)
class Epoch:
    """Report of one pass over the training tracks."""

    phase: str
    number: int  # from 1
    n_epochs: int  # planned in this phase
    loss: float  # mean over steps
    accuracy: float | None  # share of held-out triplets ordered correctly; None when nothing is held out
    is_best: bool  # of its phase so far
    n_clips: int  # excerpts that went through the network
    seconds: float
    waiting_seconds: float  # of them spent on drawing and gathering, outside the network


class TasteTrainer:
    """Training that can stop after any epoch and go on from its `state`.

    Parameters
    ----------
    encoder : untrained, or one to go on with
    dataset : of all tracks, held out or not
    graphs : the tracks' nodes in preference graphs; may be empty
    held_out_rows : tracks for validation alone; see `graph.taste.track_graph.split_by_group`
    fresh : whether the encoder is untrained, so that it first has to be calibrated

    Raises
    ------
    ValueError
        Fewer than two tracks are left to learn from.

    Notes
    -----
    Every epoch has its own seed, made from the configuration's, so an interrupted training takes the same steps as one
    that was not.
    """

    def __init__(
        self,
        encoder: Encoder,
        dataset: ExcerptDataset,
        graphs: Sequence[TrackGraph],
        held_out_rows: np.ndarray,
        config: TasteConfig,
        *,
        fresh: bool = True,
        device: str = "cpu",
    ) -> None:
        self.encoder, self.dataset, self.config, self.device = encoder.to(device), dataset, config, device
        self.fresh = fresh
        self.held_out_rows = np.asarray(held_out_rows, dtype=np.int64)
        self.train_rows = np.setdiff1d(np.arange(len(dataset)), self.held_out_rows)
        if len(self.train_rows) < 2:
            raise ValueError(f"{len(self.train_rows)} track is left to learn from; it takes at least two")
        # An edge to a held-out track would let the encoder learn the answer.
        self.sampler = TripletSampler([graph.without(self.held_out_rows) for graph in graphs], self.train_rows, config)
        self.triplets = held_out_triplets(graphs, self.held_out_rows, config)
        self.phase, self.n_done = 0, 0
        self.start_accuracy = self.best_accuracy = -1.0  # of held-out triplets, before the first epoch and at best
        self.n_since_best = 0
        self._best: dict[str, Tensor] = {}
        self._earlier_accuracy, self._earlier = -1.0, self._best  # final ones of the phase before
        self._optimizer: torch.optim.Optimizer | None = None  # of the phase that has begun
        self._features: FeatureTable | None = None  # while the projection alone moves

    def epochs(self) -> Iterator[Epoch]:
        """Train to the end, one report per epoch; afterwards the encoder has its best weights and is in eval mode.

        Raises
        ------
        ValueError
            The loss is not a finite number.
        """
        config = self.config
        if self.phase == 0:
            if self._optimizer is None:
                self._begin(0)
            yield from self._train(config.epochs, config.batch_size, config.crops, "learning_rate")
        # Without epochs of its own, a calibration would only undo what the projection has learned.
        if self.phase == 1 or config.projection_epochs:
            if self._optimizer is None:
                self._begin(1)
            self._features = FeatureTable.compute(self.encoder, self.dataset, config, self.device)
            batch_size, crops = config.projection_batch, config.projection_crops
            yield from self._train(config.projection_epochs, batch_size, crops, "projection_rate")
            self._features = None
        if self._earlier_accuracy > self.best_accuracy:  # calibrated anew, the projection never caught up
            self.best_accuracy, self._best = self._earlier_accuracy, self._earlier
            self.encoder.load_state_dict(self._best)
        self.encoder.eval()

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on, as tensors and numbers."""
        assert self._optimizer is not None, "no state before the first epoch"
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
        """Go on from a `state` of a training with the same dataset, graphs and configuration."""
        self.encoder.load_state_dict(state["encoder"])
        self.phase, self.n_done, self.n_since_best = state["counts"]
        self.start_accuracy, self._earlier_accuracy, self.best_accuracy = state["accuracies"]
        self._best, self._earlier = state["best"], state["earlier"]
        self._optimizer = self._make_optimizer()
        self._optimizer.load_state_dict(state["optimizer"])

    def track_vectors(self, track_rows: np.ndarray) -> np.ndarray:
        """Vectors as `embed-audio` makes them, shape (n_tracks, dim): the normalised mean over a track's excerpts."""
        excerpts, owners = self.dataset.all_excerpts(track_rows)
        self.encoder.eval()
        with torch.no_grad():
            if self._features is None:
                vectors = self.encoder.project(self._encode(excerpts)).cpu()
            else:
                vectors = self._project(self._features.unaugmented(excerpts)).cpu()
            sums = torch.zeros(len(track_rows), vectors.shape[1]).index_add_(0, torch.from_numpy(owners), vectors)
        return F.normalize(sums, dim=-1).numpy()

    def _begin(self, phase: int) -> None:
        self.phase, self.n_done, self.n_since_best = phase, 0, 0
        self._earlier_accuracy, self._earlier = self.best_accuracy, self._best
        if self.fresh and phase == 0:
            self._warm_up()
        self.encoder.eval()
        if self.fresh:
            excerpts, owners = self.dataset.all_excerpts(self.train_rows)
            features = self._encode(excerpts)
            calibrate(self.encoder, features, torch.from_numpy(owners).to(features.device))
        accuracy = self._held_out_accuracy()
        self.best_accuracy = -1.0 if accuracy is None else accuracy
        self.start_accuracy = self.best_accuracy if phase == 0 else self.start_accuracy
        self._best = self._weights()
        self._optimizer = self._make_optimizer()

    def _warm_up(self) -> None:
        """Let batch norm learn the statistics of random excerpts."""
        rng = np.random.default_rng([self.config.seed, 0])
        excerpts, _ = self.dataset.all_excerpts(self.train_rows)
        drawn = rng.permutation(excerpts)[: _MAX_WARM_UP_CHUNKS * CHUNK_SIZE]
        self.encoder.train()
        with torch.no_grad():
            for chunk in np.array_split(drawn, -(-len(drawn) // CHUNK_SIZE)):
                self.encoder.features(self.dataset.load(chunk, self.device))

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.encoder.state_dict().items()}

    def _make_optimizer(self) -> torch.optim.Optimizer:
        projection = self.encoder.projection.weight
        step = self.config.projection_rate * float(projection.detach().abs().mean())
        groups: list[dict[str, Any]] = [{"params": [projection], "lr": step, "weight_decay": 0.0}]
        if self.phase == 0:
            moving = [*self.encoder.convolutions.parameters(), *self.encoder.norms.parameters()]
            groups.append({"params": moving, "lr": self.config.learning_rate, "weight_decay": 0.01})
        return torch.optim.AdamW(groups)

    def _train(self, n_epochs: int, batch_size: int, crops: int, rate: str) -> Iterator[Epoch]:
        """Run the epochs of a phase and end with its best weights; `rate` is the setting that a divergence lowers."""
        while self.n_done < n_epochs and self.n_since_best < self.config.patience:
            began, waited, losses, n_clips = perf_counter(), 0.0, [], 0
            rng = np.random.default_rng([self.config.seed, self.phase, self.n_done])
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(int(rng.integers(2**62)))  # of dropout
                generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
                ended = perf_counter()
                for batch in self.sampler.epoch(rng, batch_size):
                    excerpts = self.dataset.draw_views(batch, crops, rng)
                    inputs = self._inputs(excerpts, rng)
                    waited += perf_counter() - ended
                    losses.append(self._step(batch, self._views(inputs, len(excerpts), generator)))
                    n_clips += excerpts.size
                    ended = perf_counter()
            loss = float(np.mean(losses))
            if not math.isfinite(loss):
                raise ValueError(
                    f"the loss is {loss} in epoch {self.n_done + 1} of the {self.phase_name}; lower {rate}"
                )
            self.n_done += 1
            accuracy, is_best = self._validate()
            seconds = perf_counter() - began
            yield Epoch(self.phase_name, self.n_done, n_epochs, loss, accuracy, is_best, n_clips, seconds, waited)
        if self._best:
            self.encoder.load_state_dict(self._best)
        self._optimizer = None

    def _inputs(self, excerpts: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Log-mels of excerpts (n_views, crops), one by one; once features are computed, the mean ones of each view."""
        if self._features is None:
            return self.dataset.load(excerpts.ravel(), self.device)
        return self._features.draw(excerpts, rng)

    def _views(self, inputs: Tensor, n_views: int, generator: torch.Generator) -> Tensor:
        """Unit vectors of views, shape (n_views, dim), to learn from."""
        self.encoder.train()
        if self._features is not None:
            return self._project(inputs)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            vectors = self.encoder(augment(inputs, self.config.augmentation, generator))
        return F.normalize(vectors.float().reshape(n_views, -1, vectors.shape[1]).mean(dim=1), dim=-1)

    def _step(self, batch: TripletBatch, views: Tensor) -> float:
        """Take one step down the loss of a batch, and return it."""
        assert self._optimizer is not None
        n = len(batch.anchor_rows)
        loss = batch_loss(views[:n], views[n:], batch, self.config)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        return loss.item()

    def _validate(self) -> tuple[float | None, bool]:
        """Held-out accuracy, and whether it is the best of the phase, whose weights are then remembered."""
        accuracy = self._held_out_accuracy()
        is_best = accuracy is None or accuracy >= self.best_accuracy  # a tie goes to the longer training
        self.n_since_best = 0 if is_best else self.n_since_best + 1
        if is_best:
            self.best_accuracy = self.best_accuracy if accuracy is None else accuracy
            self._best = self._weights()
        return accuracy, is_best

    def _held_out_accuracy(self) -> float | None:
        if not len(self.triplets):
            return None
        rows, inverse = np.unique(self.triplets, return_inverse=True)
        return float(triplet_accuracy(self.track_vectors(rows), inverse.reshape(self.triplets.shape)).mean())

    def _encode(self, excerpts: np.ndarray) -> Tensor:
        """Features not yet standardised, shape (n_excerpts, n_features), by an encoder in eval mode."""
        with torch.no_grad():
            chunks = self.dataset.load_chunks(excerpts, self.device)
            return torch.cat([self.encoder.features(chunk) for chunk in chunks])

    def _project(self, features: Tensor) -> Tensor:
        """Unit vectors, shape (n, dim), of standardised features."""
        return F.normalize(self.encoder.projection(self.encoder.dropout(features)), dim=-1)


def training_metrics(trainer: TasteTrainer) -> list[MetricValue]:
    """Accuracy on held-out triplets before training and now; empty where nothing was held out."""
    if not len(trainer.triplets):
        return []
    values = {"before training": trainer.start_accuracy, "audio": trainer.best_accuracy}
    return [
        MetricValue.of(subject, "triplet accuracy", None, value, len(trainer.triplets), slice="held-out")
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
