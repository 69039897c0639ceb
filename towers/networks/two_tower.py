"""Two towers that meet in a dot product: one makes vectors of tracks, the other of a user at a moment.

audio ---W--+                          history --pool--+
artist -----+                          seed track --W--+
album ------+--> x --> MLP --> unit    user -----------+--> MLP --> unit
length --W--+    |                     example age -W--+
own vector -+    '--- the same x stands for a track in history and seed
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earshot.data.catalog import Catalog
from earshot.towers.config import TowerConfig
from earshot.towers.networks.embedding_tables import INITIAL_DEVIATION, Block, Table, Tables
from earshot.towers.networks.event_features import EventFacts
from earshot.towers.networks.history_transformer import HistoryTransformer
from earshot.towers.query_inputs import QueryInputs


@dataclass(frozen=True)
class TrackDropout:
    """Inputs of tracks that a training step uses: False where one is withheld, so that tracks without it fit too."""

    vectors: np.ndarray  # (n_tracks,) bool: the track's own vector
    audio: np.ndarray  # (n_tracks,) bool: its sound
    names: np.ndarray  # (n_tracks,) bool: artist and album; withheld only beside a sound

    def select(self, places: np.ndarray) -> "TrackDropout":
        return TrackDropout(self.vectors[places], self.audio[places], self.names[places])


class TwoTower(nn.Module):
    """The item tower and the query tower.

    A track's own vector is a residual: it begins at zero, is withheld at random in training and always from a track
    that training has not seen, so that a new track is nothing unusual [1]_. Only a track of which nothing else is
    known begins with a random one.

    References
    ----------
    .. [1] Volkovs, Yu, Poutanen. DropoutNet: Addressing Cold Start in Recommender Systems. NeurIPS 2017.
    """

    is_seen: Tensor
    audio_middle: Tensor
    audio_spread: Tensor
    is_known_user: Tensor

    def __init__(self, config: TowerConfig, catalog: Catalog, is_seen: np.ndarray, is_known_user: np.ndarray) -> None:
        super().__init__()
        self.config, self.catalog = config, catalog
        generator = torch.Generator().manual_seed(config.seed)
        dim = config.dim
        self.register_buffer("is_seen", torch.from_numpy(is_seen.copy()))
        self.register_buffer("is_known_user", torch.from_numpy(is_known_user.copy()))
        tables = {"tracks": len(catalog), "artists": catalog.n_artists, "albums": catalog.n_albums}
        tables |= {"users": len(is_known_user)} if config.use_user else {}
        self.tables = Tables({name: Table(n, dim, generator) for name, n in tables.items()})
        self.uses_audio = config.use_audio and catalog.audio is not None
        self.has_content = catalog.has_content(with_audio=self.uses_audio)  # (n_tracks,) bool
        self.tables["tracks"].weight[torch.from_numpy(self.has_content)] = 0
        for name, rows in (("artists", catalog.artist_rows), ("albums", catalog.album_rows)):
            is_met = np.isin(np.arange(tables[name]), rows[is_seen])
            self.tables[name].weight[torch.from_numpy(~is_met)] = 0  # a vector that never learns shall not be noise
        if self.uses_audio:
            assert catalog.audio is not None
            middle, spread = _middle_and_spread(catalog.audio)
            self.register_buffer("audio_middle", middle)
            self.register_buffer("audio_spread", spread)
            self.audio = nn.Linear(catalog.audio.shape[1], dim, bias=False)
            with torch.no_grad():
                self.audio.weight.copy_(0.5 * _principal_directions(catalog.audio, middle, dim))
            self.no_audio = _vector(dim, generator)
        self.length = nn.Linear(2, dim, bias=False)
        nn.init.zeros_(self.length.weight)
        self.item_mlp = _mlp(dim, config.hidden, generator)
        self.query_mlp = _mlp(dim, config.hidden, generator)
        self.pooled, self.seed = _identity(dim, 1.0), _identity(dim, 0.5)
        self.no_history, self.no_user = _vector(dim, generator), _vector(dim, generator)
        self.age = nn.Linear(1, dim, bias=False)
        nn.init.zeros_(self.age.weight)
        self.facts = EventFacts(dim) if config.use_events else None
        if config.encoder == "attention":
            self.attention = nn.Parameter(torch.zeros(dim))
            self.recency = nn.Parameter(torch.zeros(max(config.history, 1)))
        if config.encoder == "transformer":
            self.transformer = HistoryTransformer(config, generator)

    @torch.no_grad()
    def start_from(self, vectors: Tensor) -> None:
        """Begin with these directions, (n_tracks, dim), for tracks of which nothing but plays is known."""
        weight, has_content = self.tables["tracks"].weight, torch.from_numpy(self.has_content)
        scale = INITIAL_DEVIATION * math.sqrt(vectors.shape[1])
        weight.copy_(torch.where(has_content[:, None], weight, scale * vectors))

    def blocks(self, track_rows: np.ndarray, user_rows: np.ndarray) -> dict[str, Block]:
        """The rows of all tables that these tracks and users need."""
        catalog = self.catalog
        rows_of = {"tracks": track_rows, "artists": catalog.artist_rows[track_rows]}
        rows_of |= {"albums": catalog.album_rows[track_rows], "users": user_rows}
        return self.tables.blocks(rows_of)

    def features(self, blocks: dict[str, Block], track_rows: np.ndarray, dropout: TrackDropout | None = None) -> Tensor:
        """The vector that stands for a track in items, histories and seeds, shape (n_tracks, dim)."""
        device, catalog = self.is_seen.device, self.catalog
        has_vector = self.is_seen[torch.from_numpy(track_rows.astype(np.int64)).to(device)]
        if dropout is not None:  # of a track without content its own vector is all there is
            has_vector = has_vector & torch.from_numpy(dropout.vectors | ~self.has_content[track_rows]).to(device)
        x = blocks["tracks"].look_up() * has_vector[:, None]
        names = blocks["artists"].look_up() + blocks["albums"].look_up()
        x = x + self.length(torch.from_numpy(_lengths(catalog.seconds[track_rows])).to(device))
        if self.uses_audio:
            assert catalog.audio is not None
            sound = torch.from_numpy(np.ascontiguousarray(catalog.audio[track_rows])).to(device)
            has_sound = sound.any(dim=1)
            if dropout is not None:  # of a track without sound the artist may be all there is
                names = names * (torch.from_numpy(dropout.names).to(device) | ~has_sound)[:, None]
                has_sound = has_sound & torch.from_numpy(dropout.audio).to(device)
            sound = (sound - self.audio_middle) / self.audio_spread
            x = x + torch.where(has_sound[:, None], self.audio(sound), self.no_audio)
        return x + names

    def items(self, features: Tensor) -> Tensor:
        """Vectors of tracks, of unit length."""
        return F.normalize(features + self.item_mlp(features), dim=-1)

    def queries(self, features: Tensor, blocks: dict[str, Block], inputs: QueryInputs) -> Tensor:
        """Vectors of queries, of unit length; `features` are of the tracks that the places of `inputs` point to."""
        device = features.device
        x = self.age(torch.from_numpy(np.log1p(inputs.days)).to(device)[:, None])
        if self.config.history:
            x = x + self._pool(features, inputs)
        if self.config.use_seed:
            seeds = torch.from_numpy(inputs.seeds).to(device)
            x = x + self.seed(features[seeds.clamp(min=0)] * (seeds >= 0)[:, None] if len(features) else x * 0)
        if self.config.use_user:
            users = torch.from_numpy(inputs.user_rows).to(device)
            x = x + torch.where((users >= 0)[:, None], blocks["users"].look_up(), self.no_user)
        return F.normalize(x + self.query_mlp(x), dim=-1)

    def scores(self, queries: Tensor, items: Tensor) -> Tensor:
        """The cosine of each query with each item: (n_queries, n_items)."""
        return queries @ items.T

    def pair_scores(self, queries: Tensor, items: Tensor) -> Tensor:
        """The cosines of pairs; shapes (..., dim) are broadcast."""
        return (queries * items).sum(dim=-1)

    def _pool(self, features: Tensor, inputs: QueryInputs) -> Tensor:
        """One vector for the events of each history, (batch, dim)."""
        history = torch.from_numpy(inputs.history).to(features.device)  # (batch, length) places
        if not len(features):
            return self.pooled(self.no_history).expand(len(history), -1)
        facts = None  # a vector for each code of `event_codes`, and the code of each event
        if self.facts is not None and inputs.codes is not None:
            facts = self.facts(), torch.from_numpy(inputs.codes).to(features.device)
        is_event = history >= 0
        if self.config.encoder == "transformer":
            n = _longest(is_event)
            events = F.embedding(history[:, :n].clamp(min=0), features)  # (batch, n, dim)
            if facts is not None:
                vectors, codes = facts
                events = events + F.embedding(codes[:, :n], vectors)
            pooled = self.transformer(events, is_event[:, :n])
        else:
            pooled = self._weighted_mean(features, history, facts)
        return self.pooled(torch.where(is_event.any(dim=1, keepdim=True), pooled, self.no_history))

    def _weighted_mean(self, features: Tensor, history: Tensor, facts: tuple[Tensor, Tensor] | None) -> Tensor:
        is_event, places = history >= 0, history.clamp(min=0)
        if self.config.encoder == "attention":
            ages = torch.arange(history.shape[1], device=history.device).clamp(max=len(self.recency) - 1)
            logits = (features @ self.attention)[places] + self.recency[ages]
            if facts is not None:
                vectors, codes = facts
                logits = logits + (vectors @ self.attention)[codes]
            shares = logits.masked_fill(~is_event, -1e9).softmax(dim=1) * is_event
        else:
            shares = is_event / is_event.sum(dim=1, keepdim=True).clamp(min=1)
        # The mean of a bag, without ever holding (batch, length, dim) numbers.
        bag = partial(F.embedding_bag, mode="sum", per_sample_weights=shares.to(features.dtype))
        if facts is None:
            return bag(places, features)
        vectors, codes = facts
        return bag(places, features) + bag(codes, vectors)


def _middle_and_spread(audio: np.ndarray) -> tuple[Tensor, Tensor]:
    """The mean of all vectors that are not zero, and their root mean squared distance from it.

    Vectors of one encoder lie in a narrow cone; tracks differ by their distance from its axis.
    """
    vectors = audio[audio.any(axis=1)]
    if not len(vectors):
        return torch.zeros(audio.shape[1]), torch.ones(())
    middle = vectors.mean(axis=0, dtype=np.float64)
    variance = (np.square(vectors, dtype=np.float64).sum(axis=1)).mean() - np.square(middle).sum()
    spread = torch.tensor(np.sqrt(max(variance, 1e-12)), dtype=torch.float32)
    return torch.from_numpy(middle.astype(np.float32)), spread


def _principal_directions(audio: np.ndarray, middle: Tensor, dim: int) -> Tensor:
    """The directions in which sounds differ most, (dim, audio_dim), zeros where there are no more.

    Untrained towers therefore recommend tracks that sound like the history; a random projection would blur that.
    """
    vectors = torch.from_numpy(audio[audio.any(axis=1)]) - middle
    _, eigenvectors = torch.linalg.eigh(vectors.T @ vectors)  # rising
    directions = torch.zeros(dim, audio.shape[1])
    leading = eigenvectors.T.flip(0)[:dim]
    directions[: len(leading)] = leading
    return directions


def _lengths(seconds: np.ndarray) -> np.ndarray:
    """The logarithm of minutes, and whether it is known: (n, 2) float32."""
    is_known = np.isfinite(seconds) & (seconds > 0)
    return np.stack([np.log(np.where(is_known, seconds, 60) / 60), is_known], axis=1).astype(np.float32)


def _longest(is_event: Tensor) -> int:
    """The length of the longest history, at least 1."""
    return int(is_event.any(dim=0).nonzero().max()) + 1 if is_event.any() else 1


def _vector(dim: int, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(dim).normal_(0, INITIAL_DEVIATION, generator=generator))


def _identity(dim: int, scale: float) -> nn.Linear:
    layer = nn.Linear(dim, dim, bias=False)
    with torch.no_grad():
        layer.weight.copy_(scale * torch.eye(dim))
    return layer


def _mlp(dim: int, hidden: int, generator: torch.Generator) -> nn.Module:
    """A residual branch that begins at zero, and without hidden units stays there."""
    if not hidden:
        return _Zero()
    first, last = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
    nn.init.normal_(first.weight, 0, 1 / math.sqrt(dim), generator=generator)
    for zero in (first.bias, last.weight, last.bias):
        nn.init.zeros_(zero)
    return nn.Sequential(first, nn.GELU(), last)


class _Zero(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 0
