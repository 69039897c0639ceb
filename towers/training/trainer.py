"""The towers learn: a generator of small reports that can be stopped after any of them and gone on with."""

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
from earshot.towers.networks.embedding_tables import Table
from earshot.towers.networks.two_tower import TwoTower
from earshot.towers.retrieval.exact_search import popularity_offsets
from earshot.towers.training.batches import Batch, Batches
from earshot.towers.training.distributed import Distributed, LocalBatch
from earshot.towers.training.negative_mining import mine_negatives
from earshot.towers.training.negatives import HardNegatives

_STEPS_A_REPORT = 50
_MIXED_ON = ("cuda",)  # devices whose dense layers multiply bfloat16 numbers; the weights stay float32
_BUCKETS_PER_TRACK = 4


class DivergedError(ValueError):
    """What was learned is no number any more; the message says what to change."""


@dataclass(frozen=True)
class Progress:
    """What some steps did."""

    epoch: int  # from 0
    step: int  # of the epoch, how many are done
    n_steps: int  # in an epoch
    loss: float  # mean over the steps of this report
    n_events: int  # of this report
    seconds: float
    temperature: float
    validation: float | None  # after the last step of an epoch, where there is somebody to judge


class TowerTraining:
    """The state of a training.

    Parameters
    ----------
    events : what is learned from
    judge : says how good the towers are, higher is better; asked after every epoch. Without, the last is the best.
    ranks : the processes that learn together, each with the same arguments

    Notes
    -----
    Every step has its own seed, made from the configuration's, the epoch and its number. A training that was stopped
    after any report goes on along the trajectory that it would have had.
    """

    def __init__(
        self,
        towers: Towers,
        events: Interactions,
        config: TowerTrainingConfig,
        judge: Callable[[Towers], float] | None = None,
        *,
        device: str = "cpu",
        ranks: Distributed = Distributed(),  # noqa: B008  (it is frozen)
    ) -> None:
        self.towers, self.config, self.judge, self.ranks = towers.to(device), config, judge, ranks
        self.device = torch.device(device)
        ranks.begin_alike(weight for weight in self.towers.state_dict().values() if weight.is_floating_point())
        self._is_mixed = bool(config.half) and self.device.type in _MIXED_ON
        self.batches = Batches(events, towers.config, config)
        self.temperature = Temperature(config.temperature).to(device)
        self.temperature.log.requires_grad_(bool(config.learn_temperature) and isinstance(towers, TwoTower))
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

    def reports(self) -> Iterator[Progress]:
        """Train to the end; afterwards the towers are those of the best epoch.

        Raises
        ------
        DivergedError
            The loss, or a weight, is infinite or no number.
        """
        while self.epoch < self.config.epochs and self.n_since_best < self.config.patience:
            yield self._report()
        if self._best:
            self.towers.load_state_dict(self._best)
        if not all(weight.isfinite().all() for weight in self.towers.state_dict().values()):
            raise self._diverged("a weight")  # by the last step of all, whose loss was still a number

    @property
    def best_epochs(self) -> int:
        """After how many epochs the judge was pleased most; without a judge, how many there were."""
        return self.epoch - self.n_since_best

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        hard = self.batches.sampler.hard
        return {
            "towers": self.towers.state_dict(),
            "temperature": self.temperature.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self._best,
            "numbers": [self.epoch, self.step, self.best, self.n_since_best],
            "hard": {} if hard is None else {name: torch.from_numpy(array) for name, array in vars(hard).items()},
            "frequency": {name: torch.from_numpy(array) for name, array in self._frequency_state().items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state` of a training with the same events and configuration."""
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

        With several ranks it is this one's share, which the others' complete to the loss of a single process.
        """
        towers, config = self.towers, self.config
        blocks = towers.blocks(batch.track_rows, batch.inputs.user_rows)
        share = self.ranks.share(batch)
        own, own_blocks = share.batch, share.blocks(blocks)
        candidates = torch.from_numpy(own.candidates).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._is_mixed):
            if isinstance(towers, TwoTower):
                features = towers.features(own_blocks, own.track_rows, own.dropout)
            else:
                features = towers.features(own_blocks, own.track_rows)
            queries = towers.queries(features, own_blocks, own.inputs).float()
            is_bpr = config.loss == "bpr"  # there each event has candidates of its own, and most tracks are many's
            items = towers.items(features if is_bpr else features[candidates]).float()
        if is_bpr:
            scores = towers.pair_scores(queries[:, None], items[candidates]) / self.temperature()
            excluded, weights = (torch.from_numpy(array).to(scores.device) for array in (own.excluded, own.weights))
            return share.weight * bpr_loss(scores[:, 0], scores[:, 1:], excluded=excluded, weights=weights), blocks
        items = self.ranks.gather(items, share.sizes)  # (batch + negatives, dim)
        loss = self._softmax(queries, items, share, self._log_counts(batch)[share.columns])
        if config.directions == 2 and self.ranks.n_ranks > 1:
            loss = 0.5 * (loss + self._other_direction(queries, items, share, batch.excluded))
        return share.weight * loss, blocks

    def _softmax(self, queries: Tensor, items: Tensor, share: LocalBatch, log_counts: np.ndarray) -> Tensor:
        config, device = self.config, queries.device
        temperature = self.temperature()
        facts: dict[str, Any] = {"directions": config.directions if self.ranks.n_ranks == 1 else 1}
        facts["log_counts"] = None if config.correction == "none" else torch.from_numpy(log_counts).to(device)
        facts |= {name: torch.from_numpy(getattr(share.batch, name)).to(device) for name in ("excluded", "weights")}
        is_cosine = isinstance(self.towers, TwoTower) and config.correction in ("both", "none")
        if is_cosine and fits(temperature.item(), facts["log_counts"]):
            return fused_sampled_softmax(queries, items, temperature, half=bool(config.half), **facts)
        return sampled_softmax(self.towers.scores(queries, items) / temperature, correction=config.correction, **facts)

    def _other_direction(self, queries: Tensor, items: Tensor, share: LocalBatch, excluded: np.ndarray) -> Tensor:
        """Own tracks look for their listeners among those of all ranks; `excluded` is that of the whole batch."""
        n, device = len(queries), queries.device
        sizes = [len(part) for part in np.array_split(np.arange(len(excluded)), self.ranks.n_ranks)]
        everybody = self.ranks.gather(queries, sizes)  # own ones first
        order = share.columns[share.columns < len(excluded)]
        seen = np.ascontiguousarray(excluded[order][:, share.columns[:n]].T)  # (own, all)
        logits = self.towers.scores(everybody, items[:n]).T / self.temperature()
        weights = torch.from_numpy(share.batch.weights).to(device)
        return sampled_softmax(logits, excluded=torch.from_numpy(seen).to(device), weights=weights)

    def _report(self) -> Progress:
        began, losses, n_events, epoch = perf_counter(), [], 0, self.epoch
        n_steps = len(self.batches)
        if self.step == 0:
            self._mine()
        self.towers.train()
        stop = min(self.step + _STEPS_A_REPORT, n_steps)
        while self.step < stop:
            batch = self.batches.batch(self.epoch, self.step)
            losses.append(self._learn(batch))
            n_events += len(batch)
            self.step += 1
        loss = float(self.ranks.total(torch.stack(losses).mean()))
        if not math.isfinite(loss):  # a judge would not see it: what cannot be compared is ranked somehow, too
            raise self._diverged(f"the loss of epoch {epoch + 1}")
        seconds = perf_counter() - began
        validation = self._judge() if stop == n_steps else None
        if stop == n_steps:
            self.epoch, self.step = self.epoch + 1, 0
        return Progress(epoch, stop, n_steps, loss, n_events, seconds, self.temperature().item(), validation)

    def _mine(self) -> None:
        """The hard negatives of the epoch that begins, by the towers as they are now."""
        config = self.config
        if not config.hard_negatives or self.epoch < config.hard_from_epoch:
            return
        places = {"first": config.hard_first, "last": config.hard_last}
        events, sampler, seed = self.batches.events, self.batches.sampler, self._seed()
        sampler.hard = self.ranks.broadcast_from_first(
            lambda: mine_negatives(self.towers, events, sampler.known, **places, seed=seed)
        )

    def _learn(self, batch: Batch) -> Tensor:
        # Of the transformer's dropout, the one thing that torch draws in a step.
        torch.manual_seed(self._seed() + self.ranks.rank)
        loss, blocks = self.loss_of(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        dense = [*self.towers.parameters(), *self.temperature.parameters()]
        self.ranks.all_reduce_gradients([*dense, *(block.values for block in blocks.values())])
        self.optimizer.step()
        for name, block in blocks.items():
            table = self.towers.tables[name]
            assert isinstance(table, Table)
            table.step(block, self.config.table_rate, self.config.table_decay)
        if self.frequency is not None:
            in_batch = batch.candidate_rows[: len(batch)]
            self.frequency.observe(in_batch if in_batch.ndim == 1 else in_batch[:, 0], self._number())
        return loss.detach()

    def _log_counts(self, batch: Batch) -> np.ndarray:
        """How often each candidate is expected among the columns, as logarithm: (n_candidates,) float32."""
        rows, n = batch.candidate_rows, len(batch)
        counts = np.zeros(len(rows))
        if self.config.in_batch:
            counts = self._exact[rows] if self.frequency is None else self.frequency.expected_counts(rows)
            counts = counts * (n / self.config.batch_size)
        counts = counts + (len(rows) - n - batch.n_hard) * self.batches.sampler.draw_probabilities(rows)
        counts[len(rows) - batch.n_hard :] = 1  # a stratum of its own: what was mined stands for itself alone
        log_counts = np.log(np.maximum(counts, 1e-12)).astype(np.float32)
        # What is popular anyhow: the dial will say so at serving, and the vectors are free to tell what is wanted.
        return log_counts if self._popularity is None else log_counts - self._popularity[rows]

    def _judge(self) -> float | None:
        judge = self.judge
        if judge is None:
            return None
        self.towers.eval()
        value = self.ranks.broadcast_from_first(lambda: judge(self.towers))
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

    def _number(self) -> int:
        return self.epoch * len(self.batches) + self.step

    def _seed(self) -> int:
        words = [self.towers.config.seed, self.epoch, self.step, 2]
        return int(np.random.SeedSequence(words).generate_state(1)[0])

    def _frequency_state(self) -> dict[str, np.ndarray]:
        return {} if self.frequency is None else self.frequency.state()


def _make_optimizer(towers: Towers, temperature: nn.Module, config: TowerTrainingConfig) -> torch.optim.Optimizer:
    """AdamW for all but the tables; only matrices decay."""
    matrices = [weight for weight in towers.parameters() if weight.ndim > 1]
    others = [weight for weight in towers.parameters() if weight.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": [*others, *temperature.parameters()], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate)
