"""A small transformer that reads a history: every event looks at every other, and one token asks them all.

events     e1 e2 e3 ... en  [?]        + a vector for how long ago each was
layer 1     each asks all events
layer 2                     [?] asks them, and nobody else: what the events would learn is read by nobody
            mean of events + W [?]
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_DEVIATION = 0.1
_WIDER = 2  # times as many units in the hidden layer of each block


class HistoryTransformer(nn.Module):
    """The mean of a history, and what a transformer [1]_ adds to it, which is nothing at the start.

    The events of a history stay a set: the vector for the recency of each begins at zero, so order counts only where
    training finds that it does. An event that is older than any in training is taken for the oldest.

    Nobody asks the token itself. What it learns is a weighted mean of events however many there are, so that a history
    at serving may be longer than those of training.

    References
    ----------
    .. [1] Kang, McAuley. Self-Attentive Sequential Recommendation. ICDM 2018. https://arxiv.org/abs/1808.09781
       Its blocks; we ask once, at the end, and not after every event.
    """

    def __init__(
        self, dim: int, length: int, *, layers: int, heads: int, dropout: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.recency = nn.Parameter(torch.zeros(max(length, 1), dim))
        self.token = nn.Parameter(torch.empty(dim).normal_(0, _DEVIATION, generator=generator))
        self.layers = nn.ModuleList(_Layer(dim, heads, dropout, generator) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, dim, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, events: Tensor, is_there: Tensor) -> Tensor:
        """Pool the events of each history, (batch, dim); of an empty one whatever, but a number.

        Parameters
        ----------
        events : shape (batch, length, dim), the latest first
        is_there : shape (batch, length), bool
        """
        shares = is_there / is_there.sum(dim=1, keepdim=True).clamp(min=1)
        mean = (shares[:, None] @ events)[:, 0]  # (batch, dim)
        ages = torch.arange(events.shape[1], device=events.device).clamp(max=len(self.recency) - 1)
        x = torch.cat([events + self.recency[ages], self.token.expand(len(events), 1, -1)], dim=1)
        # A softmax over nothing is no number; who has no events looks at the padding, and is not listened to.
        visible = is_there | ~is_there.any(dim=1, keepdim=True)
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, visible[:, None, None], only_token=number == len(self.layers))
        return mean + self.out(self.norm(x[:, -1]))


class _Layer(nn.Module):
    """Attention to the events, and a hidden layer, each added to what comes in."""

    def __init__(self, dim: int, heads: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attention_norm, self.hidden_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.query = _linear(dim, dim, generator)
        self.key_value = _linear(dim, 2 * dim, generator)
        self.mix = _linear(dim, dim, generator)
        self.widen = _linear(dim, _WIDER * dim, generator)
        self.narrow = _linear(_WIDER * dim, dim, generator)

    def forward(self, x: Tensor, visible: Tensor, *, only_token: bool) -> Tensor:
        """From (batch, length + 1, dim) the same, or of the token alone (batch, 1, dim)."""
        normal = self.attention_norm(x)
        if only_token:
            x = x[:, -1:]
        q = self._by_head(self.query(normal[:, -x.shape[1] :]))
        k, v = (self._by_head(part) for part in self.key_value(normal[:, :-1]).chunk(2, dim=-1))
        # Its weights are not dropped out: the quick kernels cannot, and history dropout withholds whole events.
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=visible)
        dropout = self.dropout if self.training else 0.0
        x = x + F.dropout(self.mix(found.transpose(1, 2).flatten(2)), dropout)
        return x + F.dropout(self.narrow(F.gelu(self.widen(self.hidden_norm(x)))), dropout)

    def _by_head(self, x: Tensor) -> Tensor:
        """(batch, length, dim) to (batch, heads, length, dim / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def _linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    nn.init.normal_(layer.weight, 0, 1 / math.sqrt(n_in), generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
