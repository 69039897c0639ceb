"""What each part of the towers is worth: one switch at a time, on one world, beside the whole recipe.

    python benchmarks/ablation.py

An invented world: 8 genres, 200 artists, 1,000 tracks that are rendered and heard by the shipped ear, 1,000 listeners
with 100 listens each. Before a moment each listener's plays are learned from, after it their discoveries are asked
about; a tenth of the artists is known from after that moment only. Figures are NDCG@10 over the full catalog, with the
paired difference from the recipe: all discoveries, and those of the new artists.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from cold_start import heard_world
from earshot.data.events.interactions import Interactions
from earshot.data.events.splits import split_listens
from earshot.data.synthetic.world import WorldConfig
from earshot.evaluation.baselines.tuned_baselines import tuned_baselines
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import queries_at_cutoff
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.retrieval.tower_scores import evaluation_offsets, tower_lists
from earshot.towers.training.training_loop import TowerTraining
from measuring import show

K = 10
TOWER = TowerConfig(dim=64, hidden=0, encoder="mean", history=50, track_dropout=0.3)
TRAINING = TowerTrainingConfig(batch_size=1_024, negatives=512, temperature=0.1, epochs=10, half=0)
SWITCHES: dict[str, dict[str, object]] = {
    "the recipe": {},
    "logQ: off": {"correction": "none"},
    "logQ: of negatives only": {"correction": "negatives"},
    "logQ: refined": {"correction": "refined"},
    "logQ: streaming frequencies": {"frequency": "streaming"},
    "popularity left to serving": {"popularity_share": 0.7},
    "no catalog negatives": {"negatives": 0},
    "catalog negatives only": {"in_batch": 0},
    "catalog negatives by popularity": {"proposal": "popularity"},
    "known tracks are negatives": {"mask_known": 0},
    "skips count as plays": {"weighted": 0},
    "history: attention": {"encoder": "attention"},
    "history: transformer": {"encoder": "transformer"},
    "history: also when and how each was played": {"use_events": 1},
    "no history, a vector per listener": {"history": 0, "use_user": 1, "user_dropout": 0.0},
    "no seed track": {"use_seed": 0},
    "no audio": {"use_audio": 0},
    "no id dropout": {"track_dropout": 0.0},
    "no artist dropout": {"artist_dropout": 0.0},
    "no dropout of history": {"history_dropout": 0.0},
    "hard negatives": {"hard_negatives": 64},
    "temperature .05": {"temperature": 0.05},
    "temperature .2": {"temperature": 0.2},
    "learned temperature": {"learn_temperature": 1},
    "a hidden layer": {"hidden": 128},
    "a hidden layer, temperature .2": {"hidden": 128, "temperature": 0.2},
    "BPR": {"loss": "bpr", "negatives": 8},
}


def changed(switch: dict[str, object]) -> tuple[TowerConfig, TowerTrainingConfig]:
    parts = [{name: value for name, value in switch.items() if hasattr(of, name)} for of in (TOWER, TRAINING)]
    return replace(TOWER, **parts[0]), replace(TRAINING, **parts[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], help="part of a switch's name; may be repeated")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "earshot-cold-start")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    world = WorldConfig(seed=options.seed, n_genres=8, artists_per_genre=25, tracks_per_artist=5, seconds=10,
                        n_listeners=1_000, listens_per_listener=100)  # fmt: skip
    events, catalog = heard_world(world, options.cache / f"ablation-{options.seed}")
    parts = split_listens(events, "global", share=0.15, gap_s=0, seed=options.seed)
    is_cold = np.random.default_rng(options.seed).random(catalog.n_artists)[catalog.artist_rows] < 0.1

    def without_new(part: Interactions) -> Interactions:
        return part.select(~is_cold[part.track_rows])

    train = without_new(parts.before_test())
    eval_queries = queries_at_cutoff(train, parts.test, repeats=False, n_users=len(events), seed=options.seed)
    of_new, has_new = eval_queries.targets.select(is_cold[eval_queries.targets.track_rows])
    lists = {
        rival.name: eval_queries.ranked(rival.scores, K)[0] for rival in tuned_baselines(eval_queries, None, catalog)
    }
    for name, switch in SWITCHES.items():
        if options.only and name != "the recipe" and not any(part in name for part in options.only):
            continue
        tower, training = changed(switch)
        towers = towers_for(replace(tower, seed=options.seed), catalog, train)
        for _ in TowerTraining(towers, train, training).reports():
            pass
        popularity_weight = training.popularity_share * training.temperature  # adds what the loss left out
        lists[name] = tower_lists(towers, eval_queries, K, evaluation_offsets(eval_queries, popularity_weight))
        figures = {who: ranking_metrics(found, eval_queries.targets, K)["ndcg"] for who, found in lists.items()}
        new = {who: ranking_metrics(found[has_new], of_new, K)["ndcg"] for who, found in lists.items()}
        print(f"{name}: {figures[name].mean():.4f}, new {new[name].mean():.4f}", flush=True)
    rows = []
    for name in lists:
        gain, new_gain = (of[name] - of["the recipe"] for of in (figures, new))
        rows.append({"switch": name, "NDCG@10": f"{figures[name].mean():.3f}", "against the recipe": _interval(gain),
                     "new artists": f"{new[name].mean():.3f}", "there": _interval(new_gain)})  # fmt: skip
    show(rows)
    print(f"{len(eval_queries.targets):,} listeners, {len(of_new):,} of them with discoveries of new artists")


def _interval(values: np.ndarray) -> str:
    if not values.any():
        return ""
    low, high = interval(draw_means(values, np.arange(len(values))))
    return f"{values.mean():+.3f} [{low:+.3f} {high:+.3f}]"


if __name__ == "__main__":
    main()
