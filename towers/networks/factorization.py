"""Matrix factorisation and NeuMF: a vector for each user and each track, and no other features of either."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.data.catalog import Catalog
from earshot.towers.config import TowerConfig
from earshot.towers.networks.embedding_tables import Block, Table, Tables
from earshot.towers.query_inputs import QueryInputs


class _Factorization(nn.Module):
    """The tables of both models, and a substitute for the vector of a user without one.

    A new user is represented by the mean of the tracks in their history, or by zeros without a history.
    """

    is_seen: Tensor
    is_known_user: Tensor
    n_vectors = 1  # of `dim` numbers, of each user and each track

    def __init__(self, config: TowerConfig, catalog: Catalog, is_seen: np.ndarray, is_known_user: np.ndarray) -> None:
        super().__init__()
        self.config, self.catalog = config, catalog
        self.generator = torch.Generator().manual_seed(config.seed)
        self.register_buffer("is_seen", torch.from_numpy(is_seen.copy()))
        self.register_buffer("is_known_user", torch.from_numpy(is_known_user.copy()))
        width = self.n_vectors * config.dim
        tracks = Table(len(catalog), width + 1, self.generator)
        self.tables = Tables({"tracks": tracks, "users": Table(len(is_known_user), width, self.generator)})
        tracks.weight[:, -1] = 0  # the bias: the popularity of a track, the same for all users

    def blocks(self, track_rows: np.ndarray, user_rows: np.ndarray) -> dict[str, Block]:
        return self.tables.blocks({"tracks": track_rows, "users": user_rows})

    def features(self, blocks: dict[str, Block], track_rows: np.ndarray) -> Tensor:
        """The vector and the bias of each track, shape (n_tracks, width + 1)."""
        is_seen = self.is_seen[torch.from_numpy(track_rows.astype(np.int64)).to(self.is_seen.device)]
        return blocks["tracks"].look_up() * is_seen[:, None]

    def items(self, features: Tensor) -> Tensor:
        return features

    def queries(self, features: Tensor, blocks: dict[str, Block], inputs: QueryInputs) -> Tensor:
        """The user's vector and a 1 that multiplies the bias: (batch, width + 1)."""
        users = torch.from_numpy(inputs.user_rows).to(features.device)[:, None]
        vectors = torch.where(users >= 0, blocks["users"].look_up(), self._new_users(features, inputs))
        return F.pad(vectors, (0, 1), value=1.0)

    def _new_users(self, features: Tensor, inputs: QueryInputs) -> Tensor:
        history = torch.from_numpy(inputs.history).to(features.device)
        shares = (history >= 0) / (history >= 0).sum(dim=1, keepdim=True).clamp(min=1)
        if not len(features) or not history.shape[1]:
            return features.new_zeros(len(inputs), features.shape[1] - 1)
        vectors = features[:, :-1].contiguous()
        return F.embedding_bag(history.clamp(min=0), vectors, mode="sum", per_sample_weights=shares.to(features.dtype))


class DotProduct(_Factorization):
    r"""Matrix factorisation with biases: ``s = u . v + b_v``.

    The bias of a user, which [1]_ has too, adds the same to every track: neither a ranking nor one of our losses can
    see it, so it has no place here. The dot product is no weaker than a network in its stead [2]_.

    References
    ----------
    .. [1] Koren, Bell, Volinsky. Matrix Factorization Techniques for Recommender Systems. IEEE Computer 2009.
    .. [2] Rendle, Krichene, Zhang, Anderson. Neural Collaborative Filtering vs. Matrix Factorization Revisited.
       RecSys 2020. https://arxiv.org/abs/2005.09683
    """

    def scores(self, queries: Tensor, items: Tensor) -> Tensor:
        return queries @ items.T

    def pair_scores(self, queries: Tensor, items: Tensor) -> Tensor:
        return (queries * items).sum(dim=-1)


class NeuralFactorization(_Factorization):
    r"""NeuMF [1]_: a generalised product of two vectors beside a network over two others.

    .. math:: s = w \cdot [u_g \odot v_g; \; h(u_m, v_m)] + b_v

    The first half of each vector belongs to the product, the other to the network. There is no inner product to index:
    a search scores every track, in blocks.

    References
    ----------
    .. [1] He et al. Neural Collaborative Filtering. WWW 2017. https://arxiv.org/abs/1708.05031
    """

    n_vectors = 2

    def __init__(self, config: TowerConfig, catalog: Catalog, is_seen: np.ndarray, is_known_user: np.ndarray) -> None:
        super().__init__(config, catalog, is_seen, is_known_user)
        dim, hidden = config.dim, max(config.hidden, 4)
        # Linear([u; v]) = A u + B v: the two halves are computed once each, and only their sum for every pair.
        self.of_user = _linear(dim, hidden, self.generator)
        self.of_track = _linear(dim, hidden, self.generator, bias=False)
        self.middle = _linear(hidden, hidden // 2, self.generator)
        self.last = _linear(hidden // 2, hidden // 4, self.generator)
        self.out = _linear(dim + hidden // 4, 1, self.generator, bias=False)

    def scores(self, queries: Tensor, items: Tensor) -> Tensor:
        return self.pair_scores(queries[:, None], items[None])

    def pair_scores(self, queries: Tensor, items: Tensor) -> Tensor:
        dim = self.config.dim
        product = queries[..., :dim] * items[..., :dim]
        hidden = F.relu(self.of_user(queries[..., dim : 2 * dim]) + self.of_track(items[..., dim : 2 * dim]))
        hidden = F.relu(self.last(F.relu(self.middle(hidden))))
        return self.out(torch.cat([product, hidden], dim=-1))[..., 0] + items[..., -1]


def _linear(n_in: int, n_out: int, generator: torch.Generator, *, bias: bool = True) -> nn.Linear:
    layer = nn.Linear(n_in, n_out, bias=bias)
    nn.init.normal_(layer.weight, 0, math.sqrt(2 / n_in), generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
