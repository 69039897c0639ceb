"""Events a second of each way to read a history, on generated listens in turns, so that all meet the same load.

Example: python benchmarks/history_encoders.py --history 50
"""

import argparse
from statistics import median
from time import perf_counter
from typing import get_args

import numpy as np
import torch

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.towers.config import Encoder, TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.training.training_loop import TowerTraining
from measuring import show

N_USERS, N_TRACKS, N_EVENTS = 10_000, 100_000, 1_000_000


def make_listens() -> Interactions:
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(N_USERS, size=N_EVENTS)).astype(np.int32)
    ranks = np.exp(rng.random(N_EVENTS) * np.log(N_TRACKS))  # Zipf's law
    times = np.arange(1, N_EVENTS + 1, dtype=np.int64)  # of one listener after another: only their order counts
    weights = np.ones(N_EVENTS, dtype=np.float32)
    return Interactions(users, ranks.astype(np.int32), times, weights, N_USERS, N_TRACKS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--history", type=int, default=50)
    parser.add_argument("--batch", type=int, default=1_024)
    parser.add_argument("--steps", type=int, default=10, help="timed, of each encoder")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    listens, unknown = make_listens(), np.full(N_TRACKS, -1, dtype=np.int32)
    catalog = Catalog(unknown, unknown, np.full(N_TRACKS, np.nan, dtype=np.float32), 0, 0)
    config = TowerTrainingConfig(batch_size=options.batch)
    trainings, seconds = {}, {}
    for encoder in get_args(Encoder):
        tower = TowerConfig(dim=options.dim, history=options.history, encoder=encoder)
        trainings[encoder] = TowerTraining(towers_for(tower, catalog, listens), listens, config)
        seconds[encoder] = []
    for step in range(1 + options.steps):  # the first only warms up
        for encoder, training in trainings.items():
            began = perf_counter()
            training._learn(training.batches.batch(0, step))
            seconds[encoder].append(perf_counter() - began)
    step_of = {encoder: median(times[1:]) for encoder, times in seconds.items()}
    show(
        [
            {"encoder": encoder, "events/s": options.batch / step, "ms a step": 1_000 * step,
             "beside the mean": step_of["mean"] / step}
            for encoder, step in step_of.items()
        ]
    )  # fmt: skip


if __name__ == "__main__":
    main()
