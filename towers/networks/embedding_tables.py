"""Embedding tables of which a step touches only a few rows, and an optimiser that touches no others."""

from collections.abc import Mapping
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from earshot.data.arrays import unique_inverse

INITIAL_DEVIATION = 0.1  # of vectors, so that cosines begin as if drawn at random
_EPSILON = 1e-8


class Block(NamedTuple):
    """The rows of a table that one step needs, each once."""

    rows: Tensor  # (n,) int64
    values: Tensor  # (n, dim), the leaf that gradients arrive at
    places: Tensor  # any shape int64: the position in `values` of each row that was requested; -1 for none

    def look_up(self) -> Tensor:
        """The vector of each requested row, shape (*places, dim); zeros for none."""
        vectors = nn.functional.embedding(self.places.clamp(min=0), self.values)
        return vectors * (self.places >= 0)[..., None]


class Table(nn.Module):
    """Vectors by row, learned with row-wise Adagrad.

    The gradient of a step exists for the rows of its `Block` only, so the cost of a step does not grow with the table.
    Row-wise Adagrad [1]_ keeps one number for each row, the sum of its mean squared gradients, where Adam keeps two
    numbers for each weight.

    References
    ----------
    .. [1] Mudigere et al. Software-Hardware Co-design for Fast and Scalable Training of Deep Learning Recommendation
       Models. ISCA 2022, section 4.1. https://arxiv.org/abs/2104.05158
    """

    weight: Tensor
    squares: Tensor

    def __init__(self, n_rows: int, dim: int, generator: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("weight", torch.empty(n_rows, dim).normal_(0, INITIAL_DEVIATION, generator=generator))
        self.register_buffer("squares", torch.zeros(n_rows))

    def __len__(self) -> int:
        return len(self.weight)

    def block(self, requested: np.ndarray) -> Block:
        """The requested rows, any shape, -1 for none."""
        unique_rows, places = unique_inverse(requested, len(self))
        device = self.weight.device
        rows = torch.from_numpy(unique_rows).to(device)
        values = self.weight[rows] if len(rows) else self.weight.new_zeros(1, self.weight.shape[1])
        values.requires_grad_(torch.is_grad_enabled())
        return Block(rows, values, torch.from_numpy(places).to(device))

    @torch.no_grad()
    def step(self, block: Block, rate: float, decay: float = 0.0) -> None:
        """Move the rows of a block against their gradients: each by `rate` at its first step, and less later."""
        if block.values.grad is None or not len(block.rows):
            return
        gradient = block.values.grad + decay * block.values if decay else block.values.grad
        squares = self.squares[block.rows] + gradient.square().mean(dim=1)
        self.squares[block.rows] = squares
        self.weight[block.rows] = block.values - rate * gradient / (squares.sqrt() + _EPSILON)[:, None]


class Tables(nn.ModuleDict):
    """Tables by name."""

    def __getitem__(self, name: str) -> Table:
        return cast(Table, super().__getitem__(name))

    def blocks(self, requested: Mapping[str, np.ndarray]) -> dict[str, Block]:
        """The requested rows of each table, as `Table.block` has them; names without a table are left out."""
        return {name: self[name].block(rows) for name, rows in requested.items() if name in self}
