"""Sampled softmax of unit vectors, block by block: the loss of `sampled_softmax` with a fraction of its memory traffic.

A logit of cosines cannot exceed 1/temperature. So no row needs a search for its maximum, one exponential serves both
directions, and the gradient is made of the same exponentials that the loss summed.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_ROWS_AT_ONCE = 256
_MAX_LOGIT_RANGE = 80.0  # nats; float32 still tells the exponential of the least logit from zero


def fits(temperature: float, log_counts: Tensor | None) -> bool:
    """Check that exponentials of all logits can be summed without subtracting the maximum of each row."""
    spread = 0.0 if log_counts is None else float(log_counts.max() - log_counts.min())
    return 2 / temperature + spread <= _MAX_LOGIT_RANGE


def fused_sampled_softmax(
    queries: Tensor,
    items: Tensor,
    temperature: Tensor,
    *,
    log_counts: Tensor | None = None,
    excluded: Tensor | None = None,
    weights: Tensor | None = None,
    directions: int = 1,
    half: bool = True,
) -> Tensor:
    """`sampled_softmax` of ``queries @ items.T / temperature``, positives and negatives corrected.

    Parameters
    ----------
    queries, items : shape (batch, dim) and (n_candidates, dim), of unit length
        Item b < batch is the positive of query b.
    temperature : scalar, with or without a gradient
    half : whether products are of bfloat16 numbers, summed in float32: a logit is off by some 1/256 of itself
    """
    n, m = len(queries), len(items)
    if log_counts is None:
        log_counts = queries.new_zeros(m)
    weights = queries.new_ones(n) if weights is None else weights
    return _Fused.apply(queries, items, temperature, log_counts, excluded, weights, directions, half)


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        queries: Tensor,
        items: Tensor,
        temperature: Tensor,
        log_counts: Tensor,
        excluded: Tensor | None,
        weights: Tensor,
        directions: int,
        half: bool,
    ) -> Tensor:
        n, m = len(queries), len(items)
        kind = torch.bfloat16 if half else torch.float32
        q, v = queries.to(kind), items.to(kind)
        scale = 1 / temperature
        shift = log_counts + scale + (-log_counts).max()  # every exponent is at most 0
        exponentials = queries.new_empty((n, m), dtype=kind)
        row_sums, positives = queries.new_empty(n), queries.new_empty(n)
        column_sums = queries.new_zeros(m)
        space = queries.new_empty((min(_ROWS_AT_ONCE, n), m))  # one for all blocks: new memory costs more than sums
        for start in range(0, n, _ROWS_AT_ONCE):
            rows = slice(start, min(start + _ROWS_AT_ONCE, n))
            torch.mm(q[rows], v.T, out=exponentials[rows])
            block = space[: rows.stop - start].copy_(exponentials[rows])  # (rows, m)
            block.mul_(scale).sub_(shift).exp_()
            diagonal = block.diagonal(start)[: rows.stop - start].clone()
            if excluded is not None:  # a product with bytes is several times as fast as a masked fill
                block.mul_(1 - excluded[rows].view(torch.uint8))
                block.diagonal(start)[: rows.stop - start] = diagonal
            row_sums[rows], positives[rows] = block.sum(dim=1), diagonal
            if directions == 2:
                column_sums += block.sum(dim=0)
            exponentials[rows] = block
        total = weights.sum().clamp(min=1e-12)
        losses = row_sums.log() - positives.log()
        if directions == 2:  # the correction is the same along a column, and cancels there
            losses = 0.5 * (losses + column_sums[:n].log() - positives.log())
        row_scales = weights / total / row_sums / directions
        column_scales = torch.zeros_like(column_sums)
        if directions == 2:
            column_scales[:n] = weights / total / column_sums[:n] / directions
        ctx.save_for_backward(q, v, scale, exponentials, row_scales, column_scales, weights / total)
        ctx.directions = directions
        return (weights * losses).sum() / total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        q, v, scale, exponentials, row_scales, column_scales, shares = ctx.saved_tensors
        n, m = exponentials.shape
        by_query, by_item = torch.empty(n, q.shape[1], device=q.device), torch.zeros(m, q.shape[1], device=q.device)
        space = by_query.new_empty((min(_ROWS_AT_ONCE, n), m))
        halves = torch.empty_like(space, dtype=q.dtype)
        for start in range(0, n, _ROWS_AT_ONCE):
            rows = slice(start, min(start + _ROWS_AT_ONCE, n))
            block, half = space[: rows.stop - start], halves[: rows.stop - start]
            torch.add(row_scales[rows, None], column_scales, out=block)
            block.mul_(exponentials[rows])  # d loss / d logit, except for the positives
            block.diagonal(start)[: rows.stop - start] -= shares[rows]
            half.copy_(block)
            by_query[rows] = (half @ v).float()
            by_item += (half.T @ q[rows]).float()
        by_query, by_item = by_query * scale * gradient, by_item * scale * gradient
        # A logit is a cosine over the temperature, so its gradient by the temperature is minus itself over that.
        by_temperature = -(by_query * q.float()).sum() * scale
        return by_query, by_item, by_temperature, None, None, None, None, None
