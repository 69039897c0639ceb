"""Training in several processes, with the gradient that a single one would have [1]_.

Every process (a *rank*) makes the same whole batch from the same seed and takes its share of it:

    events      its own rows: histories, queries, and their line of the loss
    items       its own columns; the vectors of the others are gathered, and their gradients go back to their makers
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
    """One rank's share of a step.

    Its `batch` holds the rank's own events, and the tracks that these or its own candidates need; each line of
    `excluded` is still over all candidates, in the order of `columns`.
    """

    batch: Batch
    columns: np.ndarray  # (n_candidates,) of the whole batch, in the order in which `gather` returns their vectors
    sizes: list[int]  # how many candidates each rank makes vectors of
    weight: float  # of the rank's mean loss in the mean of all
    tracks: np.ndarray | None = None  # positions of its tracks among those of the whole batch; None for all
    events: np.ndarray | None = None  # positions of its events in the whole batch

    def blocks(self, whole: dict[str, Block]) -> dict[str, Block]:
        """The rows of tables that the rank looks up; their gradient arrives at those of the whole batch."""
        if self.tracks is None:
            return whole
        positions = {name: self.events if name == "users" else self.tracks for name in whole}
        return {name: Block(b.rows, b.values, b.places[positions[name]]) for name, b in whole.items()}


@dataclass(frozen=True)
class Distributed:
    """This process among all that train together; without arguments it is alone."""

    rank: int = 0
    n_ranks: int = 1

    @property
    def is_first(self) -> bool:
        """True for the process that prints, validates and saves."""
        return self.rank == 0

    def local_batch(self, batch: Batch) -> LocalBatch:
        """This rank's share of a batch."""
        n, is_bpr = len(batch), batch.candidates.ndim == 2
        columns = np.arange(len(batch.candidates))
        if self.n_ranks == 1:
            return LocalBatch(batch, columns, [len(columns)], 1.0)
        events = np.array_split(np.arange(n), self.n_ranks)
        # Drawn candidates go evenly to all ranks; the positives go with their events, and come first.
        drawn = np.array_split(columns[n:], self.n_ranks)
        shares = events if is_bpr else [np.concatenate(pair) for pair in zip(events, drawn, strict=True)]
        columns = np.concatenate([shares[self.rank], *(share for r, share in enumerate(shares) if r != self.rank)])
        local_events, inputs = events[self.rank], batch.inputs
        candidates = batch.candidates[shares[self.rank]]
        history, seeds = inputs.history[local_events], inputs.seeds[local_events]
        tracks = np.unique(np.concatenate([candidates.ravel(), history.ravel(), seeds]))
        tracks = tracks[tracks >= 0]
        place_of = np.full(len(batch.track_rows) + 1, -1, dtype=np.int64)  # its last element is where -1 points to
        place_of[tracks] = np.arange(len(tracks))
        excluded = batch.excluded[local_events]
        local = replace(
            batch,
            inputs=replace(
                inputs,
                user_rows=inputs.user_rows[local_events],
                history=place_of[history],
                seeds=place_of[seeds],
                days=inputs.days[local_events],
                codes=None if inputs.codes is None else inputs.codes[local_events],
            ),
            track_rows=batch.track_rows[tracks],
            dropout=batch.dropout.select(tracks),
            candidates=place_of[candidates],
            excluded=excluded if is_bpr else excluded[:, columns],
            weights=batch.weights[local_events],
        )
        counts = batch.weights[:, None] * ~batch.excluded if is_bpr else batch.weights
        weight = float(counts[local_events].sum() / max(counts.sum(), 1e-12))
        return LocalBatch(local, columns, [len(share) for share in shares], weight, tracks, local_events)

    def gather(self, vectors: Tensor, sizes: list[int]) -> Tensor:
        """The vectors of all ranks, this one's first; (n, dim) of each, where n is its entry in `sizes`."""
        if self.n_ranks == 1:
            return vectors
        shares = _Gathered.apply(vectors, sizes, self.rank).split(sizes)
        return torch.cat([shares[self.rank], *(share for r, share in enumerate(shares) if r != self.rank)])

    def broadcast_weights(self, weights: Iterable[Tensor]) -> None:
        """Replace all ranks' weights by the first one's: made of one seed, they may differ in a last bit."""
        if self.n_ranks > 1:
            for weight in weights:
                dist.broadcast(weight, 0)

    def all_reduce_gradients(self, weights: Iterable[Tensor]) -> None:
        """Replace each gradient by the sum over all ranks; a weight without a gradient on any rank keeps none."""
        if self.n_ranks == 1:
            return
        weights = [weight for weight in weights if weight.requires_grad]
        has_grad = torch.tensor([weight.grad is not None for weight in weights], dtype=weights[0].dtype)
        grads = [weight.new_zeros(weight.shape) if weight.grad is None else weight.grad for weight in weights]
        flat = torch.cat([has_grad.to(grads[0].device), *(grad.flatten() for grad in grads)])  # one message for all
        dist.all_reduce(flat)
        n_grads, sums = flat[: len(weights)].cpu(), flat[len(weights) :].split([weight.numel() for weight in weights])
        for weight, n, grad in zip(weights, n_grads, sums, strict=True):
            weight.grad = grad.view_as(weight) if n else None

    def all_reduce(self, value: Tensor) -> Tensor:
        """The sum of a number over all ranks."""
        if self.n_ranks > 1:
            dist.all_reduce(value)
        return value

    def broadcast_from_first(self, make: Callable[[], T]) -> T:
        """The value that the first rank makes, on all; the others do not make one."""
        if self.n_ranks == 1:
            return make()
        values = [make() if self.is_first else None]
        dist.broadcast_object_list(values)
        return values[0]  # type: ignore[return-value]

    def first_then_others(self, make: Callable[[], T]) -> T:
        """The value that each rank makes for itself, the first before the others, which find things in order."""
        if self.n_ranks == 1:
            return make()
        if not self.is_first:
            dist.barrier()
        value = make()
        if self.is_first:
            dist.barrier()
        return value


@contextmanager
def join_processes(device: str) -> Iterator[tuple[Distributed, str]]:
    """Join the processes that `torchrun` started, each on its own device of a kind; without `torchrun`, stay alone."""
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
    """All ranks' vectors in the order of ranks; backward, the gradients of a rank's vectors are summed over all.

    The gather that comes with `torch.distributed` has no gradient: a rank's vectors would learn from its rows alone.
    """

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, sizes: list[int], rank: int) -> Tensor:
        ctx.place = sum(sizes[:rank]), sizes[rank]
        padded = vectors.new_zeros(max(sizes), vectors.shape[1])  # a message has one size
        padded[: len(vectors)] = vectors
        gathered = [torch.empty_like(padded) for _ in sizes]
        dist.all_gather(gathered, padded)
        return torch.cat([share[:size] for share, size in zip(gathered, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)  # gloo has no reduce-scatter
        return gradient.narrow(0, *ctx.place), None, None
