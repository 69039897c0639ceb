"""Listens a second of learning towers, beside the same model in plain PyTorch.

lastfm    loopback's size: 992 listeners, 1.5 million tracks, 174,000 artists, popularity by Zipf's law. Both sides
          embed a listener, a track and its artist, and learn by a symmetric softmax over the tracks of the batch.
windows   Yambda-50M's size: 10,000 listeners, 934,000 tracks, 46 million plays. A query is the listener and the mean of
          the tracks of the last ten plays; one-way softmax over the tracks of the batch.

The peer is what most repositories do: dense AdamW over `nn.Embedding`, a `DataLoader` over the rows, and logits that
are materialised. Each tower passes a hidden layer. Each side runs in a process of its own; the plays are generated.

    python benchmarks/train_tower.py --dim 64
    python benchmarks/train_tower.py --dim 128
    python benchmarks/train_tower.py --world windows --batch 2048
"""

import argparse
import sys
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.training.training_loop import TowerTraining
from measuring import run, show

HIDDEN, WARM_UP, HISTORY = 256, 2, 10


@dataclass(frozen=True)
class Size:
    n_users: int
    n_tracks: int
    n_artists: int
    n_plays: int
    history: int


SIZES = {
    "lastfm": Size(992, 1_500_000, 174_000, 15_000_000, 0),
    "windows": Size(10_000, 934_000, 300_000, 46_000_000, HISTORY),
}


def make_world(size: Size) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """User and track rows of each play, and the artist of each track."""
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(size.n_users, size=size.n_plays, dtype=np.int32))
    ranks = np.exp(rng.random(size.n_plays, dtype=np.float32) * np.log(size.n_tracks))  # Zipf's law
    tracks = rng.permutation(size.n_tracks).astype(np.int32)[np.minimum(ranks.astype(np.int32), size.n_tracks - 1)]
    return users, tracks, rng.integers(size.n_artists, size=size.n_tracks, dtype=np.int32)


def ours(size: Size, dim: int, batch: int, steps: int) -> float:
    users, tracks, artists = make_world(size)
    nobody, seconds = np.full(size.n_tracks, -1, np.int32), np.full(size.n_tracks, np.nan, np.float32)
    # A play a minute, so that the order of a listener's plays means something.
    times = np.arange(size.n_plays, dtype=np.int64) * (60 if size.history else 0)
    weights = np.ones(size.n_plays, np.float32)
    events = Interactions(users, tracks, times, weights, size.n_users, size.n_tracks)
    tower = TowerConfig(
        dim=dim, hidden=HIDDEN, history=size.history, encoder="mean", use_seed=0, use_audio=0, use_user=1, use_events=0
    )
    config = TowerTrainingConfig(
        batch_size=batch, negatives=0, directions=1 if size.history else 2, temperature=0.1, learn_temperature=1
    )
    towers = towers_for(tower, Catalog(artists, nobody, seconds, size.n_artists, 0), events)
    training = TowerTraining(towers, events, config)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            began = perf_counter()
        training._learn(training.batches.batch(0, step))
    return perf_counter() - began


class Windows(Dataset):
    """Each play with what the listener played before."""

    def __init__(self, users: np.ndarray, tracks: np.ndarray, artists: np.ndarray) -> None:
        self.users, self.tracks, self.artists = users, tracks, artists
        self.starts = np.searchsorted(users, users)

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, event: int) -> tuple[int, int, int, np.ndarray]:
        past = self.tracks[max(event - HISTORY, self.starts[event]) : event].astype(np.int64)
        track = self.tracks[event]
        padded = np.pad(past, (HISTORY - len(past), 0), constant_values=-1)
        return int(self.users[event]), int(track), int(self.artists[track]), padded


class Plain(nn.Module):
    def __init__(self, size: Size, dim: int) -> None:
        super().__init__()
        sizes = {"users": size.n_users, "tracks": size.n_tracks, "artists": size.n_artists}
        self.tables = nn.ModuleDict({name: nn.Embedding(n, dim) for name, n in sizes.items()})
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, dim)) for _ in range(2)
        )
        self.log_temperature = nn.Parameter(torch.tensor(0.1).log())
        self.register_buffer("artist_of", torch.zeros(0, dtype=torch.int64))

    def track(self, tracks: torch.Tensor, artists: torch.Tensor) -> torch.Tensor:
        return self.tables["tracks"](tracks) + self.tables["artists"](artists)

    def forward(
        self, users: torch.Tensor, tracks: torch.Tensor, artists: torch.Tensor, history: torch.Tensor | None = None
    ) -> torch.Tensor:
        query, item = self.tables["users"](users), self.track(tracks, artists)
        if history is not None:
            past = self.track(history.clamp(min=0), self.artist_of[history.clamp(min=0)])  # (batch, history, dim)
            there = (history >= 0)[..., None]
            query = query + (past * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        query, item = (F.normalize(x + mlp(x), dim=-1) for x, mlp in zip((query, item), self.mlps, strict=True))
        return query @ item.T / self.log_temperature.exp()


def peer(size: Size, dim: int, batch: int, steps: int) -> float:
    users, tracks, artists = make_world(size)
    dataset: Dataset
    if size.history:
        dataset = Windows(users, tracks, artists)
    else:
        dataset = TensorDataset(*(torch.from_numpy(c.astype(np.int64)) for c in (users, tracks, artists[tracks])))
    loader = DataLoader(dataset, batch_size=batch, shuffle=True)
    model = Plain(size, dim)
    model.artist_of = torch.from_numpy(artists.astype(np.int64))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    labels = torch.arange(batch)
    for step, rows in enumerate(loader):
        if step == WARM_UP:
            began = perf_counter()
        if step == WARM_UP + steps:
            break
        logits = model(*rows)
        loss = F.cross_entropy(logits, labels)
        if not size.history:
            loss = 0.5 * (loss + F.cross_entropy(logits.T, labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", choices=list(SIZES), default="lastfm")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4_096)
    parser.add_argument("--steps", type=int, default=30, help="timed, of each side")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        torch.set_num_threads(options.threads)
        side = {"ours": ours, "peer": peer}[options.side]
        print(side(SIZES[options.world], options.dim, options.batch, options.steps))
        return
    rows = []
    for side in ("ours", "peer"):
        named = ("world", "dim", "batch", "steps", "threads")
        command = [sys.executable, __file__, "--side", side]
        outcome = run(command + [word for name in named for word in (f"--{name}", getattr(options, name))])
        seconds = float(outcome.output)
        rate = options.steps * options.batch / seconds
        rows.append(
            {"side": side, "dim": options.dim, "listens/s": rate, "ms a step": 1_000 * seconds / options.steps,
             "peak MiB": outcome.parent_mib}
        )  # fmt: skip
    show(rows)
    print(f"{rows[0]['listens/s'] / rows[1]['listens/s']:.1f} times as fast")


if __name__ == "__main__":
    main()
