"""Several processes learn as one, with the gradient that a single one would have [1]_.

Every rank makes the same whole batch from the same seed and takes its share of it:

    events      own rows: histories, queries, and their line of the loss
    items       own columns; the vectors of all others are gathered, and their gradients go back to who made them
    gradients   of dense weights, and of the rows of the tables that the batch touches: summed over all ranks

All ranks begin with the weights of the first, move them alike, and end each step with equal ones. Start them with
`torchrun`, on one machine.

References
----------
.. [1] Li et al. PyTorch Distributed: Experiences on Accelerating Data Parallel Training. VLDB 2020. Theirs lets every
   rank have a loss of its own; in a softmax over the batch the negatives of one rank are the positives of another.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from earshot.towers.networks.embedding_tables import Block
from earshot.towers.training.batches import Batch

T = TypeVar("T")


@dataclass(frozen=True)
class LocalBatch:
    """What one rank does of a step.

    Its `batch` asks about own events, and its tracks are those that these or own candidates need; each line of
    `excluded` is still over all candidates, in the order of `columns`.
    """

    batch: Batch
    columns: (
        np.ndarray
    )  # (n_candidates,) of the whole batch, in the order in which `Distributed.gather` gives their vectors
    sizes: list[int]  # how many candidates each rank makes vectors of
    weight: float  # of the rank's mean loss in the mean of all
    tracks: np.ndarray | None = None  # where its tracks are among those of the whole batch
    events: np.ndarray | None = None  # where its events are

    def blocks(self, whole: dict[str, Block]) -> dict[str, Block]:
        """The rows of tables that the rank looks up; their gradient arrives at those of the whole batch."""
        if self.tracks is None:
            return whole
        asked = {name: self.events if name == "users" else self.tracks for name in whole}
        return {name: Block(b.rows, b.values, b.places[asked[name]]) for name, b in whole.items()}


@dataclass(frozen=True)
class Distributed:
    """This process among all that learn together; without arguments it is alone."""

    rank: int = 0
    n_ranks: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one that prints, judges and saves."""
        return self.rank == 0

    def share(self, batch: Batch) -> LocalBatch:
        """This rank's part of a batch."""
        n, is_bpr = len(batch), batch.candidates.ndim == 2
        columns = np.arange(len(batch.candidates))
        if self.n_ranks == 1:
            return LocalBatch(batch, columns, [len(columns)], 1.0)
        events = np.array_split(np.arange(n), self.n_ranks)
        # Drawn candidates go evenly to all ranks; the positives go with their events, and come first.
        drawn = np.array_split(columns[n:], self.n_ranks)
        parts = events if is_bpr else [np.concatenate(pair) for pair in zip(events, drawn, strict=True)]
        columns = np.concatenate([parts[self.rank], *(part for r, part in enumerate(parts) if r != self.rank)])
        own, inputs = events[self.rank], batch.inputs
        candidates, history, seeds = batch.candidates[parts[self.rank]], inputs.history[own], inputs.seeds[own]
        tracks = np.unique(np.concatenate([candidates.ravel(), history.ravel(), seeds]))
        tracks = tracks[tracks >= 0]
        place_of = np.full(len(batch.track_rows) + 1, -1, dtype=np.int64)  # the last is that of nobody, -1
        place_of[tracks] = np.arange(len(tracks))
        mine = replace(
            batch,
            inputs=replace(
                inputs,
                user_rows=inputs.user_rows[own],
                history=place_of[history],
                seeds=place_of[seeds],
                days=inputs.days[own],
                facts=None if inputs.facts is None else inputs.facts[own],
            ),
            track_rows=batch.track_rows[tracks],
            dropout=batch.dropout.select(tracks),
            candidates=place_of[candidates],
            candidate_rows=batch.candidate_rows[columns],
            excluded=batch.excluded[own] if is_bpr else batch.excluded[own][:, columns],
            weights=batch.weights[own],
        )
        counts = batch.weights[:, None] * ~batch.excluded if is_bpr else batch.weights
        weight = float(counts[own].sum() / max(counts.sum(), 1e-12))
        return LocalBatch(mine, columns, [len(part) for part in parts], weight, tracks, own)

    def gather(self, own: Tensor, sizes: list[int]) -> Tensor:
        """The vectors of all ranks, own ones first; (n, dim) of each, where n is its place in `sizes`."""
        if self.n_ranks == 1:
            return own
        parts = _Gathered.apply(own, sizes, self.rank).split(sizes)
        return torch.cat([parts[self.rank], *(part for r, part in enumerate(parts) if r != self.rank)])

    def begin_alike(self, weights: Iterable[Tensor]) -> None:
        """Put the first rank's weights in the place of all others': made of one seed, they may differ in a last bit."""
        if self.n_ranks > 1:
            for weight in weights:
                dist.broadcast(weight, 0)

    def all_reduce_gradients(self, weights: Iterable[Tensor]) -> None:
        """Put the sum of all ranks' gradients in the place of each; where nobody has one, there is none."""
        if self.n_ranks == 1:
            return
        weights = [weight for weight in weights if weight.requires_grad]
        has = torch.tensor([weight.grad is not None for weight in weights], dtype=weights[0].dtype)
        grads = [weight.new_zeros(weight.shape) if weight.grad is None else weight.grad for weight in weights]
        flat = torch.cat([has.to(grads[0].device), *(grad.flatten() for grad in grads)])  # one message for all
        dist.all_reduce(flat)
        has, sums = flat[: len(weights)].cpu(), flat[len(weights) :].split([weight.numel() for weight in weights])
        for weight, there, total in zip(weights, has, sums, strict=True):
            weight.grad = total.view_as(weight) if there else None

    def total(self, value: Tensor) -> Tensor:
        """The sum of a number over all ranks."""
        if self.n_ranks > 1:
            dist.all_reduce(value)
        return value

    def broadcast_from_first(self, make: Callable[[], T]) -> T:
        """What the first rank makes, for all; nobody else makes it."""
        if self.n_ranks == 1:
            return make()
        said = [make() if self.is_first else None]
        dist.broadcast_object_list(said)
        return said[0]  # type: ignore[return-value]

    def first_then_others(self, make: Callable[[], T]) -> T:
        """What each rank makes for itself, after the first has made its own and left things in order."""
        if self.n_ranks == 1:
            return make()
        if not self.is_first:
            dist.barrier()
        made = make()
        if self.is_first:
            dist.barrier()
        return made


@contextmanager
def joined(device: str) -> Iterator[tuple[Distributed, str]]:
    """The ranks that `torchrun` started, and this one's own device of a kind; without `torchrun` a rank alone."""
    n_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if n_ranks == 1:
        yield Distributed(), device
        return
    is_cuda = device.startswith("cuda")
    if is_cuda:
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if is_cuda else "gloo")
    try:
        yield Distributed(dist.get_rank(), n_ranks), device
    finally:
        dist.destroy_process_group()


class _Gathered(torch.autograd.Function):
    """All ranks' vectors in the order of ranks; backward, everybody's gradients of own vectors are summed.

    The gather that comes with `torch.distributed` has no gradient: a rank's vectors would learn from own rows alone.
    """

    @staticmethod
    def forward(ctx: Any, own: Tensor, sizes: list[int], rank: int) -> Tensor:
        ctx.place = sum(sizes[:rank]), sizes[rank]
        padded = own.new_zeros(max(sizes), own.shape[1])  # a message has one size
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)  # gloo has no reduce-scatter
        return gradient.narrow(0, *ctx.place), None, None
