"""Lists a second of `cli recommend --all`, without reading and writing: queries, scores, shares of artists.

Generated listens of untrained towers, whose arithmetic is that of trained ones; one thread.

Examples:
    python benchmarks/recommend.py
    python benchmarks/recommend.py --tracks 1500000 --artists 174000 --listeners 992 --plays 4000
"""

import argparse
from time import perf_counter, process_time

import numpy as np
import torch

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.ids import IdMap
from earshot.data.recommend_request import Candidates
from earshot.towers.config import TowerConfig
from earshot.towers.models import towers_for
from earshot.towers.retrieval.query_vectors import item_vectors
from earshot.towers.retrieval.recommend_lists import Recommender, RecommendOptions, prepare, recommend_all, user_batches
from earshot.towers.tower_checkpoint import SavedTowers
from measuring import show


def make_world(n_tracks: int, n_artists: int, n_listeners: int, n_plays: int) -> tuple[Recommender, Interactions]:
    """Towers over random plays, `n_plays` of each listener and an hour apart, more of some tracks than of others."""
    rng = np.random.default_rng(0)
    n = n_listeners * n_plays
    users = np.repeat(np.arange(n_listeners, dtype=np.int32), n_plays)
    tracks = (n_tracks * rng.random(n) ** 2).astype(np.int32)
    times = np.tile(1_600_000_000 + 3_600 * np.arange(n_plays, dtype=np.int64), n_listeners)
    events = Interactions(users, tracks, times, np.ones(n, dtype=np.float32), n_listeners, n_tracks)
    artists, nobody = rng.integers(n_artists, size=n_tracks), np.full(n_tracks, -1, dtype=np.int32)
    seconds = np.full(n_tracks, 180, dtype=np.float32)
    towers = towers_for(TowerConfig(), Catalog(artists.astype(np.int32), nobody, seconds, n_artists, 0), events)
    ids = [IdMap(np.arange(size)) for size in (n_tracks, n_listeners, n_artists, 0)]
    return prepare(SavedTowers(towers, *ids), Candidates(ids[0], artists, item_vectors(towers).numpy())), events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=5_000)
    parser.add_argument("--artists", type=int, default=800)
    parser.add_argument("--listeners", type=int, default=8_192)
    parser.add_argument("--plays", type=int, default=60, help="of each listener")
    parser.add_argument("--k", type=int, nargs="+", default=[10, 50])
    options = parser.parse_args()
    torch.set_num_threads(1)
    recommender, events = make_world(options.tracks, options.artists, options.listeners, options.plays)
    rows = []
    for k in options.k:
        began, busy = perf_counter(), process_time()
        for users in user_batches(recommender, np.arange(options.listeners)):
            recommend_all(recommender, events, users, RecommendOptions(k))
        seconds, cpu = perf_counter() - began, process_time() - busy
        rows.append({"k": k, "lists/s": options.listeners / seconds, "lists a CPU second": options.listeners / cpu})
    show(rows)


if __name__ == "__main__":
    main()
