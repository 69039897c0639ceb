"""A small transformer over a history: every event attends to every other, and one token pools them.

events     e1 e2 e3 ... en  [?]        + a vector for the recency of each
layer 1     each attends to all events
layer 2                     [?] alone attends to them: nothing reads what the events would become
            mean of events + W [?]
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.towers.config import TowerConfig
from earshot.towers.networks.embedding_tables import INITIAL_DEVIATION

_HIDDEN_FACTOR = 2  # units in the hidden layer of each block, in multiples of dim


class HistoryTransformer(nn.Module):
    """The mean of a history, plus the output of a transformer [1]_, which is zero at the start.

    The events of a history stay a set: the vector for the recency of each begins at zero, so order counts only where
    training finds that it does. An event that is older than any in training is treated as the oldest.

    Nothing attends to the token itself. Its output is a weighted mean of any number of events, so that histories of
    recommendations may be longer than those of training.

    References
    ----------
    .. [1] Kang, McAuley. Self-Attentive Sequential Recommendation. ICDM 2018. https://arxiv.org/abs/1808.09781
       Its blocks; ours predicts once, at the end of a history, and not after every event.
    """

    def __init__(self, config: TowerConfig, generator: torch.Generator) -> None:
        super().__init__()
        dim = config.dim
        self.recency = nn.Parameter(torch.zeros(max(config.history, 1), dim))
        self.token = nn.Parameter(torch.empty(dim).normal_(0, INITIAL_DEVIATION, generator=generator))
        self.layers = nn.ModuleList(_Layer(config, generator) for _ in range(config.layers))
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, events: Tensor, is_event: Tensor) -> Tensor:
        """Pool the events of each history, (batch, dim); any finite vector for an empty history.

        Parameters
        ----------
        events : shape (batch, length, dim), the latest first
        is_event : shape (batch, length), bool; False for padding
        """
        shares = is_event / is_event.sum(dim=1, keepdim=True).clamp(min=1)
        mean = (shares[:, None] @ events)[:, 0]  # (batch, dim)
        ages = torch.arange(events.shape[1], device=events.device).clamp(max=len(self.recency) - 1)
        x = torch.cat([events + self.recency[ages], self.token.expand(len(events), 1, -1)], dim=1)
        # A softmax over nothing is no number: an empty history attends to the padding, and its output is not used.
        visible = is_event | ~is_event.any(dim=1, keepdim=True)
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, visible[:, None, None], only_token=number == len(self.layers))
        return mean + self.out(self.norm(x[:, -1]))


class _Layer(nn.Module):
    """Attention to the events, and a hidden layer, each added to its input."""

    def __init__(self, config: TowerConfig, generator: torch.Generator) -> None:
        super().__init__()
        dim, self.heads, self.dropout = config.dim, config.heads, config.dropout
        self.attention_norm, self.hidden_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query = _linear(dim, dim, generator)
        self.key_value = _linear(dim, 2 * dim, generator)
        self.mix = _linear(dim, dim, generator)
        self.widen = _linear(dim, _HIDDEN_FACTOR * dim, generator)
        self.narrow = _linear(_HIDDEN_FACTOR * dim, dim, generator)

    def forward(self, x: Tensor, visible: Tensor, *, only_token: bool) -> Tensor:
        """Map (batch, length + 1, dim) to the same shape, or to (batch, 1, dim) of the token alone."""
        normal = self.attention_norm(x)
        if only_token:
            x = x[:, -1:]
        q = self._by_head(self.query(normal[:, -x.shape[1] :]))
        k, v = (self._by_head(half) for half in self.key_value(normal[:, :-1]).chunk(2, dim=-1))
        # No dropout of attention weights: the fast kernels have none, and history dropout withholds whole events.
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        dropout = self.dropout if self.training else 0.0
        x = x + F.dropout(self.mix(attended.transpose(1, 2).flatten(2)), dropout)
        return x + F.dropout(self.narrow(F.gelu(self.widen(self.hidden_norm(x)))), dropout)

    def _by_head(self, x: Tensor) -> Tensor:
        """Reshape (batch, length, dim) to (batch, heads, length, dim / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    nn.init.normal_(layer.weight, 0, 1 / math.sqrt(n_in), generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
