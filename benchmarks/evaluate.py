"""Seconds and memory of judging 1,000 listeners over 1.5 million tracks, beside a loop over listeners.

Generated plays at the size of Last.fm 1K: Zipf popularity, 15 million plays to know and 1.9 million to ask about. The
towers are untrained, which costs the same. Ours is timed twice: the towers' lists and figures alone, as the peer's,
and the whole of `cli evaluate` with its quick rivals, tuning, slices and intervals. The peer does what many
repositories do: `faiss.IndexFlatIP`, one listener at a time, as many results as the history is long and a hundred
more, and then a filter in Python. It is given fewer listeners, and its time is scaled up. Each side runs in a process
of its own; making the world and the vectors is not timed.

Example: python benchmarks/evaluate.py --dim 128
"""

import argparse
import sys
from time import perf_counter, process_time

import faiss
import numpy as np
import torch

from earshot.data.catalog import Catalog
from earshot.data.events.interactions import Interactions
from earshot.data.events.protocols import PROTOCOLS
from earshot.data.events.splits import Split, split_listens
from earshot.evaluation.baselines.tuned_baselines import tuned_baselines
from earshot.evaluation.evaluation_report import Rankings, evaluate_rankings
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import EvaluationQueries, queries_of_split, validation_queries
from earshot.towers.config import TowerConfig
from earshot.towers.models import Towers, towers_for
from earshot.towers.retrieval.best_tracks import unit_vectors
from earshot.towers.retrieval.query_vectors import item_vectors
from earshot.towers.retrieval.tower_scores import evaluation_query_vectors, tower_scores
from measuring import run, show

N_USERS, N_TRACKS, N_ARTISTS, N_PLAYS = 1_000, 1_500_000, 174_000, 19_000_000
K = 100
LIMIT = 60.0  # seconds

Spent = tuple[float, float]  # seconds on the wall, and of CPU in all threads


class _Clock:
    """Both times since it was made: on a busy machine only the second says what work there was."""

    def __init__(self) -> None:
        self.wall, self.cpu = perf_counter(), process_time()

    def spent(self) -> Spent:
        return perf_counter() - self.wall, process_time() - self.cpu

    def tell(self, what: str) -> None:
        wall, cpu = self.spent()
        print(f"{wall:6.1f} s, {cpu:6.1f} s of CPU: {what}", file=sys.stderr)


def make_world() -> tuple[Split, Catalog]:
    rng = np.random.default_rng(0)
    users = np.sort(rng.integers(N_USERS, size=N_PLAYS)).astype(np.int32)
    ranks = np.exp(rng.random(N_PLAYS) * np.log(N_TRACKS))  # Zipf's law: the logarithm of the rank is uniform
    tracks = rng.permutation(N_TRACKS)[np.minimum(ranks.astype(np.int64), N_TRACKS - 1)].astype(np.int32)
    times = rng.integers(4 * 365 * 86_400, size=N_PLAYS)
    times = times[np.lexsort((times, users))]
    events = Interactions(users, tracks, times, np.ones(N_PLAYS, np.float32), N_USERS, N_TRACKS)
    artists = rng.integers(N_ARTISTS, size=N_TRACKS).astype(np.int32)
    nobody, seconds = np.full(N_TRACKS, -1, np.int32), np.full(N_TRACKS, np.nan, np.float32)
    return split_listens(events, "global"), Catalog(artists, nobody, seconds, N_ARTISTS, 0)


def make_towers(split: Split, catalog: Catalog, dim: int) -> Towers:
    return towers_for(TowerConfig(dim=dim, hidden=256), catalog, split.train)


def ours(split: Split, catalog: Catalog, eval_queries: EvaluationQueries, towers: Towers) -> Spent:
    clock = _Clock()
    scores = tower_scores(towers, evaluation_query_vectors(towers, eval_queries), item_vectors(towers))
    lists, _ = eval_queries.ranked(scores, K)
    found = ranking_metrics(lists, eval_queries.targets, K)
    assert len(found["recall"]) == len(eval_queries)
    return clock.spent()


def whole(split: Split, catalog: Catalog, eval_queries: EvaluationQueries, towers: Towers) -> Spent:
    """As `cli evaluate` does, from the split on."""
    clock = _Clock()
    practice = validation_queries(split, repeats=False, n_users=300)
    answers = Rankings(eval_queries, [10, 20, K])
    for rival in tuned_baselines(eval_queries, practice, catalog):
        answers.add(rival.name, rival.scores)
        clock.tell(rival.name)
    items = item_vectors(towers)
    answers.add("two-tower", tower_scores(towers, evaluation_query_vectors(towers, eval_queries), items))
    clock.tell("two-tower")
    evaluate_rankings(answers, "two-tower", catalog, PROTOCOLS["global"], vectors=unit_vectors(items), seed=0)
    return clock.spent()


def peer(split: Split, catalog: Catalog, eval_queries: EvaluationQueries, towers: Towers, n_users: int = 40) -> Spent:
    items, queries = item_vectors(towers).numpy(), evaluation_query_vectors(towers, eval_queries).numpy()
    clock = _Clock()
    index = faiss.IndexFlatIP(items.shape[1])
    index.add(items)
    assert eval_queries.excluded is not None
    hits = 0
    for place in range(n_users):
        seen = set(eval_queries.excluded[place].tolist())
        _, found = index.search(queries[place : place + 1], K + len(seen))
        best = [track for track in found[0].tolist() if track not in seen][:K]
        own = eval_queries.targets.track_rows[
            eval_queries.targets.starts[place] : eval_queries.targets.starts[place + 1]
        ]
        hits += len(set(best) & set(own.tolist())) > 0
    wall, cpu = clock.spent()
    return wall * len(eval_queries) / n_users, cpu * len(eval_queries) / n_users


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", choices=["ours", "whole", "peer"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        torch.set_num_threads(options.threads)
        faiss.omp_set_num_threads(options.threads)
        split, catalog = make_world()
        eval_queries = queries_of_split(split, repeats=False, n_queries=N_USERS, seed=0)
        towers = make_towers(split, catalog, options.dim)
        side = {"ours": ours, "whole": whole, "peer": peer}[options.side]
        print(len(eval_queries), *side(split, catalog, eval_queries, towers))
        return
    rows, spent = [], {}
    for side in ("ours", "whole", "peer"):
        command = [sys.executable, __file__, "--side", side, "--dim", options.dim, "--threads", options.threads]
        outcome = run(command)
        n, *times = (float(word) for word in outcome.output.split())
        spent[side] = times
        rows.append({"side": side, "listeners": int(n), "seconds": times[0], "CPU s": times[1],
                     "peak MiB": outcome.parent_mib})  # fmt: skip
    show(rows)
    kept = "kept" if spent["whole"][0] < LIMIT else "BROKEN"
    print(f"The whole of cli evaluate under {LIMIT:g} s: {kept}.")
    ratios = [peer / own for peer, own in zip(spent["peer"], spent["ours"], strict=True)]
    print(f"Lists and figures {ratios[0]:.1f} times as fast as the loop over listeners; {ratios[1]:.1f} by CPU time.")


if __name__ == "__main__":
    main()
