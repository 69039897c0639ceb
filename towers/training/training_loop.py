"""Training of the towers, with early stopping: a generator of reports that can be left after any and resumed."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from earshot.data.events.interactions import Interactions
from earshot.towers.config import TowerTrainingConfig
from earshot.towers.losses.bpr_loss import bpr_loss
from earshot.towers.losses.fused_softmax import fits, fused_sampled_softmax
from earshot.towers.losses.item_frequency import StreamingFrequency, expected_counts
from earshot.towers.losses.sampled_softmax import Temperature, sampled_softmax
from earshot.towers.models import Towers
from earshot.towers.networks.two_tower import TwoTower
from earshot.towers.retrieval.popularity import popularity_offsets
from earshot.towers.training.batches import Batch, Batches
from earshot.towers.training.distributed import Distributed, LocalBatch
from earshot.towers.training.negative_mining import HardNegatives, mine_negatives

STEPS_PER_REPORT = 50
MIXED_PRECISION_DEVICES = ("cuda",)  # their dense layers multiply bfloat16 numbers; the weights stay float32
_BUCKETS_PER_TRACK = 4


class DivergedError(ValueError):
    """The loss or a weight is infinite or not a number; the message says which setting to lower."""


@dataclass(frozen=True)
class StepReport:
    """Outcome of some steps."""

    epoch: int  # from 0
    step: int  # steps of the epoch that are done
    loss: float  # mean over the steps of this report
    n_events: int  # of this report
    seconds: float
    validation: float | None  # after the last step of an epoch, where there is a validator


class TowerTraining:
    """The state of a training.

    Parameters
    ----------
    events : to learn from
    validator : measures the towers after every epoch, higher is better; without, the last epoch is the best
    distributed : this process among those that train together, each with the same arguments

    Notes
    -----
    Every step has its own seed, made from the configuration's, the epoch and its number. A training that was stopped
    after any report resumes along the trajectory that it would have had.
    """

    def __init__(
        self,
        towers: Towers,
        events: Interactions,
        config: TowerTrainingConfig,
        validator: Callable[[Towers], float] | None = None,
        *,
        device: str = "cpu",
        distributed: Distributed = Distributed(),  # noqa: B008  (it is frozen)
    ) -> None:
        self.towers, self.config, self.validator, self.distributed = towers.to(device), config, validator, distributed
        self.device = torch.device(device)
        weights = self.towers.state_dict().values()
        distributed.broadcast_weights(weight for weight in weights if weight.is_floating_point())
        self._is_mixed = config.half and self.device.type in MIXED_PRECISION_DEVICES
        self.batches = Batches(events, towers.config, config)
        self.temperature = Temperature(config.temperature).to(device)
        self.temperature.log.requires_grad_(config.learn_temperature and isinstance(towers, TwoTower))
        self.optimizer = _make_optimizer(towers, self.temperature, config)
        self.frequency: StreamingFrequency | None = None
        if config.frequency == "streaming":
            self.frequency = StreamingFrequency(
                _BUCKETS_PER_TRACK * events.n_tracks, batch_size=config.batch_size, n_tracks=events.n_tracks, n_hashes=2
            )
        targets = events.track_rows[self.batches.targets]
        self._exact = expected_counts(targets, events.n_tracks, config.batch_size)
        self._popularity = popularity_offsets(self.batches.sampler.track_counts, config.popularity_share)
        self.epoch, self.step = 0, 0
        self.best, self.n_since_best = -math.inf, 0
        self._best: dict[str, Tensor] = {}

    def reports(self) -> Iterator[StepReport]:
        """Train to the end; afterwards the towers are those of the best epoch.

        Raises
        ------
        DivergedError
            The loss or a weight is infinite or not a number.
        """
        while self.epoch < self.config.epochs and self.n_since_best < self.config.patience:
            yield self._report()
        if self._best:
            self.towers.load_state_dict(self._best)
        if not all(weight.isfinite().all() for weight in self.towers.state_dict().values()):
            raise self._diverged("a weight")  # by the last step of all, whose loss was still a number

    @property
    def best_epochs(self) -> int:
        """Number of epochs up to the best one on validation; without a validator, of all epochs."""
        return self.epoch - self.n_since_best

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        hard = {} if self.batches.sampler.hard is None else vars(self.batches.sampler.hard)
        frequency = {} if self.frequency is None else self.frequency.state()
        return {
            "towers": self.towers.state_dict(),
            "temperature": self.temperature.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self._best,
            "numbers": [self.epoch, self.step, self.best, self.n_since_best],
            "hard": {name: torch.from_numpy(array) for name, array in hard.items()},
            "frequency": {name: torch.from_numpy(array) for name, array in frequency.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Resume from a `state` of a training with the same events and configuration."""
        self.towers.load_state_dict(state["towers"])
        self.temperature.load_state_dict(state["temperature"])
        self.optimizer.load_state_dict(state["optimizer"])
        self._best = state["best"]
        self.epoch, self.step, self.best, self.n_since_best = state["numbers"]
        hard = {name: tensor.numpy() for name, tensor in state["hard"].items()}
        self.batches.sampler.hard = HardNegatives(**hard) if hard else None
        if self.frequency is not None:
            self.frequency.restore({name: tensor.numpy() for name, tensor in state["frequency"].items()})

    def loss_of(self, batch: Batch) -> tuple[Tensor, dict[str, Any]]:
        """The loss of one step, and the blocks of the tables that its gradient reaches.

        With several ranks it is the loss of this one's share; the sum over all ranks is that of a single process.
        """
        towers, config = self.towers, self.config
        blocks = towers.blocks(batch.track_rows, batch.inputs.user_rows)
        local = self.distributed.local_batch(batch)
        local_batch, local_blocks = local.batch, local.blocks(blocks)
        candidates, excluded, weights = (
            torch.from_numpy(array).to(self.device)
            for array in (local_batch.candidates, local_batch.excluded, local_batch.weights)
        )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_mixed):
            if isinstance(towers, TwoTower):
                features = towers.features(local_blocks, local_batch.track_rows, local_batch.dropout)
            else:
                features = towers.features(local_blocks, local_batch.track_rows)
            queries = towers.queries(features, local_blocks, local_batch.inputs).float()
            is_bpr = config.loss == "bpr"  # each event has candidates of its own, and most tracks are those of many
            items = towers.items(features if is_bpr else features[candidates]).float()
        if is_bpr:
            scores = towers.pair_scores(queries[:, None], items[candidates]) / self.temperature()
            return local.weight * bpr_loss(scores[:, 0], scores[:, 1:], excluded=excluded, weights=weights), blocks
        items = self.distributed.gather(items, local.sizes)  # (batch + negatives, dim)
        facts: dict[str, Any] = {"excluded": excluded, "weights": weights, "log_counts": None}
        if config.correction != "none":
            facts["log_counts"] = torch.from_numpy(self._log_counts(batch)[local.columns]).to(self.device)
        if self.distributed.n_ranks == 1:
            return local.weight * self._softmax(queries, items, directions=config.directions, **facts), blocks
        loss = self._softmax(queries, items, **facts)
        if config.directions == 2:
            loss = 0.5 * (loss + self._track_direction(queries, items, local, batch.excluded, weights))
        return local.weight * loss, blocks

    def _softmax(self, queries: Tensor, items: Tensor, **facts: Any) -> Tensor:
        """Sampled softmax, by the kernel for cosines where that can compute it."""
        config, temperature = self.config, self.temperature()
        is_cosine = isinstance(self.towers, TwoTower) and config.correction in ("both", "none")
        if is_cosine and fits(temperature.item(), facts["log_counts"]):
            return fused_sampled_softmax(queries, items, temperature, half=config.half, **facts)
        return sampled_softmax(self.towers.scores(queries, items) / temperature, correction=config.correction, **facts)

    def _track_direction(
        self, queries: Tensor, items: Tensor, local: LocalBatch, excluded: np.ndarray, weights: Tensor
    ) -> Tensor:
        """The loss of this rank's tracks choosing among the users of all ranks; `excluded` is of the whole batch."""
        n = len(queries)
        sizes = [len(events) for events in np.array_split(np.arange(len(excluded)), self.distributed.n_ranks)]
        all_queries = self.distributed.gather(queries, sizes)  # this rank's first
        order = local.columns[local.columns < len(excluded)]
        masked = np.ascontiguousarray(excluded[order][:, local.columns[:n]].T)  # (n, all events)
        logits = self.towers.scores(all_queries, items[:n]).T / self.temperature()
        return sampled_softmax(logits, excluded=torch.from_numpy(masked).to(self.device), weights=weights)

    def _report(self) -> StepReport:
        began, losses, n_events, epoch = perf_counter(), [], 0, self.epoch
        n_steps = len(self.batches)
        if self.step == 0:
            self._mine()
        self.towers.train()
        stop = min(self.step + STEPS_PER_REPORT, n_steps)
        while self.step < stop:
            batch = self.batches.batch(self.epoch, self.step)
            losses.append(self._learn(batch))
            n_events += len(batch)
            self.step += 1
        loss = float(self.distributed.all_reduce(torch.stack(losses).mean()))
        if not math.isfinite(loss):  # a validator would not notice: it ranks scores that are no numbers somehow, too
            raise self._diverged(f"the loss of epoch {epoch + 1}")
        seconds = perf_counter() - began
        validation = self._validate() if stop == n_steps else None
        if stop == n_steps:
            self.epoch, self.step = self.epoch + 1, 0
        return StepReport(epoch, stop, loss, n_events, seconds, validation)

    def _mine(self) -> None:
        """Mine the hard negatives of the epoch that begins, by the towers as they are now."""
        config = self.config
        if not config.hard_negatives or self.epoch < config.hard_from_epoch:
            return
        events, sampler = self.batches.events, self.batches.sampler
        first, last, seed = config.hard_first, config.hard_last, self._seed()
        sampler.hard = self.distributed.broadcast_from_first(
            lambda: mine_negatives(self.towers, events, sampler.known, first=first, last=last, seed=seed)
        )

    def _learn(self, batch: Batch) -> Tensor:
        # For the transformer's dropout, the one thing that torch draws in a step.
        torch.manual_seed(self._seed() + self.distributed.rank)
        loss, blocks = self.loss_of(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        dense = [*self.towers.parameters(), *self.temperature.parameters()]
        self.distributed.all_reduce_gradients([*dense, *(block.values for block in blocks.values())])
        self.optimizer.step()
        for name, block in blocks.items():
            self.towers.tables[name].step(block, self.config.table_rate, self.config.table_decay)
        if self.frequency is not None:
            positives = batch.candidate_rows[: len(batch)]
            step = self.epoch * len(self.batches) + self.step
            self.frequency.observe(positives if positives.ndim == 1 else positives[:, 0], step)
        return loss.detach()

    def _log_counts(self, batch: Batch) -> np.ndarray:
        """The logarithm of the expected count of each candidate among the columns, (n_candidates,) float32."""
        rows, n = batch.candidate_rows, len(batch)
        counts = np.zeros(len(rows))
        if self.config.in_batch:
            counts = self._exact[rows] if self.frequency is None else self.frequency.expected_counts(rows)
            counts = counts * (n / self.config.batch_size)
        counts = counts + (len(rows) - n - batch.n_hard) * self.batches.sampler.draw_probabilities[rows]
        counts[len(rows) - batch.n_hard :] = 1  # a stratum of its own: a mined track stands for itself alone
        log_counts = np.log(np.maximum(counts, 1e-12)).astype(np.float32)
        # The popularity weight of recommendations gives this share back, so the vectors need not learn it.
        return log_counts if self._popularity is None else log_counts - self._popularity[rows]

    def _validate(self) -> float | None:
        validator = self.validator
        if validator is None:
            return None
        self.towers.eval()
        value = self.distributed.broadcast_from_first(lambda: validator(self.towers))
        self.n_since_best += 1
        if value > self.best:
            self.best, self.n_since_best = value, 0
            self._best = {name: weight.clone() for name, weight in self.towers.state_dict().items()}
        return value

    def _diverged(self, what: str) -> DivergedError:
        config = self.config
        return DivergedError(
            f"{what} is no number any more, with learning_rate {config.learning_rate:g}, table_rate"
            f" {config.table_rate:g} and weight_decay {config.weight_decay:g}.\n\nLower what is highest among them."
        )

    def _seed(self) -> int:
        words = [self.towers.config.seed, self.epoch, self.step, 2]
        return int(np.random.SeedSequence(words).generate_state(1)[0])


def _make_optimizer(towers: Towers, temperature: nn.Module, config: TowerTrainingConfig) -> torch.optim.Optimizer:
    """AdamW for all but the tables; only matrices decay."""
    matrices = [weight for weight in towers.parameters() if weight.ndim > 1]
    vectors = [weight for weight in towers.parameters() if weight.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": [*vectors, *temperature.parameters()], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate)
