"""Pairs a second of learning towers, beside the same model in plain PyTorch, at the size of Last.fm 1K.

Generated plays: 992 listeners, 1.5 million tracks and 174,000 artists, popularity by Zipf's law. Both sides embed a
listener, a track and its artist, pass each tower through a hidden layer, and learn by a symmetric softmax over the
tracks of the batch. The peer is what most repositories do: dense AdamW over `nn.Embedding`, a `DataLoader` over a
`TensorDataset`, and logits that are materialised for two cross entropies. Each side runs in a process of its own.

Example: python benchmarks/train_tower.py --dim 64 --steps 30
"""

import argparse
import sys
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from measuring import run, show
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from data.catalog import Catalog
from data.listening import Listening
from towers.config import TowerConfig, TowerTrainingConfig
from towers.designs import towers_for
from towers.training import TowerTraining

N_USERS, N_TRACKS, N_ARTISTS, HIDDEN = 992, 1_500_000, 174_000, 256
WARM_UP = 2


def make_world(n_plays: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """User and track rows of each play, and the artist of each track."""
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(N_USERS, size=n_plays)).astype(np.int32)
    ranks = np.exp(rng.random(n_plays) * np.log(N_TRACKS))  # Zipf's law: the logarithm of the rank is uniform
    tracks = rng.permutation(N_TRACKS)[np.minimum(ranks.astype(np.int64), N_TRACKS - 1)].astype(np.int32)
    return users, tracks, rng.integers(N_ARTISTS, size=N_TRACKS).astype(np.int32)


def ours(dim: int, batch: int, steps: int, n_plays: int) -> float:
    users, tracks, artists = make_world(n_plays)
    nobody, seconds = np.full(N_TRACKS, -1, np.int32), np.full(N_TRACKS, np.nan, np.float32)
    times, weights = np.zeros(n_plays, np.int64), np.ones(n_plays, np.float32)
    events = Listening(users, tracks, times, weights, N_USERS, N_TRACKS)
    tower = TowerConfig(dim=dim, hidden=HIDDEN, history=0, use_seed=0, use_audio=0, use_user=1)
    config = TowerTrainingConfig(batch_size=batch, negatives=0, directions=2, temperature=0.1, learn_temperature=1)
    towers = towers_for(tower, Catalog(artists, nobody, seconds, N_ARTISTS, 0), events)
    training = TowerTraining(towers, events, config)
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            began = perf_counter()
        training._learn(training.batches.batch(0, step))
    return perf_counter() - began


class Plain(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        sizes = {"users": N_USERS, "tracks": N_TRACKS, "artists": N_ARTISTS}
        self.tables = nn.ModuleDict({name: nn.Embedding(n, dim) for name, n in sizes.items()})
        self.mlps = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, dim)) for _ in range(2)
        )
        self.log_temperature = nn.Parameter(torch.tensor(0.1).log())

    def forward(self, users: torch.Tensor, tracks: torch.Tensor, artists: torch.Tensor) -> torch.Tensor:
        query = self.tables["users"](users)
        item = self.tables["tracks"](tracks) + self.tables["artists"](artists)
        query, item = (F.normalize(x + mlp(x), dim=-1) for x, mlp in zip((query, item), self.mlps, strict=True))
        return query @ item.T / self.log_temperature.exp()


def peer(dim: int, batch: int, steps: int, n_plays: int) -> float:
    users, tracks, artists = make_world(n_plays)
    columns = [torch.from_numpy(column.astype(np.int64)) for column in (users, tracks, artists[tracks])]
    loader = DataLoader(TensorDataset(*columns), batch_size=batch, shuffle=True)
    model = Plain(dim)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    labels = torch.arange(batch)
    for step, rows in enumerate(loader):
        if step == WARM_UP:
            began = perf_counter()
        if step == WARM_UP + steps:
            break
        logits = model(*rows)
        loss = 0.5 * (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4_096)
    parser.add_argument("--steps", type=int, default=30, help="timed, of each side")
    parser.add_argument("--plays", type=int, default=15_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        torch.set_num_threads(options.threads)
        print({"ours": ours, "peer": peer}[options.side](options.dim, options.batch, options.steps, options.plays))
        return
    rows = []
    for side in ("ours", "peer"):
        named = ("dim", "batch", "steps", "plays", "threads")
        command = [sys.executable, __file__, "--side", side]
        outcome = run(command + [word for name in named for word in (f"--{name}", getattr(options, name))])
        seconds = float(outcome.output)
        rate = options.steps * options.batch / seconds
        rows.append(
            {"side": side, "dim": options.dim, "pairs/s": rate, "ms a step": 1_000 * seconds / options.steps,
             "peak MiB": outcome.parent_mib}
        )  # fmt: skip
    show(rows)
    print(f"{rows[0]['pairs/s'] / rows[1]['pairs/s']:.1f} times as fast")


if __name__ == "__main__":
    main()
