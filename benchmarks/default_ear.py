"""The default ear: how it is trained, and what it would be worth to artists it has never heard.

    EARSHOT_DATA=... python benchmarks/default_ear.py --folds 5            # artist-disjoint cross-validation
    EARSHOT_DATA=... python benchmarks/default_ear.py --out audio/weights/default.safetensors

In a fold, the clips of a fifth of pop_clips' artists are queries that training has not seen; the candidates are all
clips, heard by the same ear. The protocol is that of `cli evaluate-audio`.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import torch

from earshot.audio.config import DecodeConfig, EarConfig, EncoderConfig
from earshot.audio.embed_files import fill_cache
from earshot.audio.encoder import untrained_encoder
from earshot.audio.spectral_baselines import SumsCache, baseline_vectors
from earshot.audio.spectrogram_cache import SpectrogramCache
from earshot.audio.trained_ear import TrainedEar, save_ear
from earshot.data.cosine import top_k, unit_rows
from earshot.data.name_matching import split_labels
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.vector_metrics import (
    LabelSets,
    groups_of,
    hit_at_k,
    precision_at_k,
    share_at_k,
    spearman_correlation,
    triplet_accuracy,
)
from earshot.graph.build.co_occurrence import co_occurrence_edges
from earshot.graph.config import TasteConfig
from earshot.graph.preference_graph import build_graph
from earshot.graph.taste.excerpt_views import ExcerptDataset
from earshot.graph.taste.taste_trainer import TasteTrainer
from earshot.graph.taste.track_graph import TrackGraph
from earshot.graph.taste.triplet_sampler import draw_triplets

K = 10
# What `--folds 5` found best; development data only.
SETTINGS = TasteConfig(
    loss="graded", temperature=0.2, near_hops=1, gap=1, own_share=1.0, epochs=5, projection_epochs=100, held_out=0.0
)


def read_clips(data: Path) -> list[dict[str, str]]:
    with open(data / "pop_clips/tracks.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_open_music(data: Path) -> list[dict[str, str]]:
    with open(data / "cc_music/manifest.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def tag_graph(kind: str, tags: list[frozenset[str]], share: float = 1.0) -> TrackGraph:
    """Tracks that share a tag; the rarer it is, the more it says."""
    holders = defaultdict(list)
    for row, own in enumerate(tags):
        for tag in own:
            holders[tag].append(row)
    weights: dict[tuple[int, int], float] = defaultdict(float)
    n_tagged = sum(bool(own) for own in tags)
    for rows in holders.values():
        rarity = 1 / (len(rows) / n_tagged + 0.02)
        for place, one in enumerate(rows):
            for other in rows[place + 1 :]:
                weights[one, other] += rarity
    sources, targets = np.array(list(weights), dtype=np.int64).reshape(-1, 2).T
    graph = build_graph(sources, targets, list(weights.values()), n_nodes=len(tags))
    return TrackGraph(kind, graph, np.arange(len(tags)), share)


def listens_graph(data: Path, artist_ids: list[str | None], weighting: str, top_n: int, share: float) -> TrackGraph:
    """Artists with listeners in common."""
    with open(data / "pop_clips/listens.csv", encoding="utf-8") as file:
        listens = list(csv.DictReader(file))
    users = {name: row for row, name in enumerate(sorted({listen["user_id"] for listen in listens}))}
    artists = {name: row for row, name in enumerate(sorted({listen["artist_id"] for listen in listens}))}
    edges = co_occurrence_edges(
        np.array([users[listen["user_id"]] for listen in listens]),
        np.array([artists[listen["artist_id"]] for listen in listens]),
        np.array([float(listen["plays"]) for listen in listens]),
        weighting=weighting, top_n=top_n,
    )  # fmt: skip
    graph = build_graph(edges.source_ids, edges.target_ids, edges.weights, n_nodes=len(artists))
    rows = np.array([artists.get(artist, -1) if artist else -1 for artist in artist_ids])
    return TrackGraph("listens", graph, rows, share)


def load(data: Path, cache_folder: Path, ear: EarConfig, shares: dict[str, float], use_open_music: bool = True):
    """Music, graphs and clips; the clips' rows come first, then open music, which no listener or genre is known of."""
    clips = read_clips(data)
    open_music = read_open_music(data) if use_open_music else []
    paths = [str(data / "pop_clips" / clip["file"]) for clip in clips]
    paths += [str(data / "cc_music" / track["path"]) for track in open_music]
    cache = SpectrogramCache(cache_folder, ear)
    for failure in fill_cache(cache, {path: path for path in paths}, DecodeConfig()):
        if failure is not None:
            sys.exit(f"{failure.path}: {failure.reason}")
    music = ExcerptDataset(cache.log_mels(), [cache.rows[path] for path in paths])
    unknown: list[frozenset[str]] = [frozenset()] * len(open_music)
    artists = [clip["artist_id"] for clip in clips] + ["open " + track["artist"] for track in open_music]
    graphs = [
        tag_graph("genre", [split_labels(clip["genres"]) for clip in clips] + unknown, shares["genre"]),
        tag_graph("mood", [frozenset([clip["mood_quadrant"]]) for clip in clips] + unknown, shares["mood"]),
        TrackGraph.of_groups("artist", groups_of(artists), shares["artist"]),
        listens_graph(
            data, [clip["artist_id"] for clip in clips] + [None] * len(open_music), "ppmi", 20, shares["listens"]
        ),
    ]
    return music, [graph for graph in graphs if graph.share > 0], clips


def folds_of(clips: list[dict[str, str]], n_folds: int, seed: int) -> np.ndarray:
    """The fold of each clip; an artist is in one only."""
    names, rows = np.unique([clip["artist_id"] for clip in clips], return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % n_folds)[rows]


class Judge:
    """Figures of clip vectors, per query."""

    def __init__(self, data: Path, clips: list[dict[str, str]]) -> None:
        import av

        self.artists = groups_of([clip["artist_id"] for clip in clips])
        self.labels = {
            "genre": LabelSets([split_labels(clip["genres"]) for clip in clips]),
            "mood": LabelSets([split_labels(clip["mood_quadrant"]) for clip in clips]),
        }
        rates = []
        for clip in clips:
            with av.open(str(data / "pop_clips" / clip["file"])) as container:
                rates.append(container.streams.audio[0].rate)
        self.rates = groups_of(rates)

        self.listens = listens_graph(data, [clip["artist_id"] for clip in clips], "ppmi", 20, 1.0)

    def answers(self, vectors: np.ndarray, query_rows: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """What co-listening says of clips whose artists training never saw, and what the vectors say.

        Returns triplets, shape (n, 2): anchor and whether it was told right; and pairs, shape (m, 3): anchor, cosine,
        minus the hops between the two.
        """
        rng = np.random.default_rng(seed)
        asked = draw_triplets(self.listens.graph, self.listens.node_rows, query_rows, rng)
        right = triplet_accuracy(vectors, asked.triplets)
        unit = unit_rows(vectors)
        first, second, hops = asked.pairs.T
        cosine = (unit[first] * unit[second]).sum(axis=1)
        return np.stack([asked.triplets[:, 0], right], axis=1), np.stack([first, cosine, -hops], axis=1)

    def figures(self, vectors: np.ndarray, query_rows: np.ndarray) -> dict[str, np.ndarray]:
        others = top_k(vectors, K, query_rows=query_rows, groups=self.artists)
        every = top_k(vectors, K, query_rows=query_rows)
        figures = {name: precision_at_k(others, query_rows, labels) for name, labels in self.labels.items()}
        figures["artist"] = hit_at_k(every, query_rows, self.artists)
        figures["sample rate"] = share_at_k(every, query_rows, self.rates)
        return figures


def baseline(data: Path, clips: list[dict[str, str]], cache_folder: Path, ear: EarConfig) -> np.ndarray:
    """MFCC and chroma of librosa, as `cli evaluate-audio` has them."""
    paths = {clip["file"]: str(data / "pop_clips" / clip["file"]) for clip in clips}
    cache = SumsCache(cache_folder / "baselines.npz", ear)
    for _ in fill_cache(cache, paths, DecodeConfig()):
        pass
    return baseline_vectors(cache, list(paths), seed=0)["mfcc"]


def train(
    music: ExcerptDataset,
    graphs: list[TrackGraph],
    held_out: np.ndarray,
    config: TasteConfig,
    ear: EarConfig,
    told: bool,
):
    encoder = untrained_encoder(ear.mel, replace(ear.encoder, seed=config.seed))
    training = TasteTrainer(encoder, music, graphs, held_out, config)
    training.triplets = training.triplets[:0]  # the queries must not choose the epoch
    for epoch in training.epochs():
        if told and (epoch.number % 20 == 0 or epoch.phase == "convolutions"):
            print(
                f"{epoch.phase} {epoch.number}/{epoch.n_epochs}: loss {epoch.loss:.3f}, {epoch.seconds:.1f} s",
                file=sys.stderr,
            )
    return training


def cross_validate(
    data: Path,
    clips: list[dict[str, str]],
    music: ExcerptDataset,
    graphs: list[TrackGraph],
    config: TasteConfig,
    ear: EarConfig,
    arguments: argparse.Namespace,
) -> str:
    """Train on all folds but one, ask about that one, and so on; every figure with its interval over artists."""
    judge, folds = Judge(data, clips), folds_of(clips, arguments.folds, arguments.split_seed)
    triplets, pairs = [], []
    per_query = defaultdict(lambda: np.full(len(clips), np.nan))
    for fold in range(arguments.only or arguments.folds):
        held_out = np.flatnonzero(folds == fold)
        if arguments.baseline:
            vectors = baseline(data, clips, arguments.cache, ear)
        else:
            training = train(music, graphs, held_out, config, ear, told=False)
            vectors = training.track_vectors(np.arange(len(clips)))
        right, near_and_close = judge.answers(vectors, held_out)
        triplets.append(right)
        pairs.append(near_and_close)
        for name, values in judge.figures(vectors, held_out).items():
            per_query[name][held_out] = values
    told = []
    for name, values in per_query.items():
        known = ~np.isnan(values)
        low, high = interval(draw_means(values[known], judge.artists[known]))
        told.append(f"{name} {values[known].mean():.3f} [{low:.3f}, {high:.3f}]")
    (anchors, right), (firsts, near, close) = np.concatenate(triplets).T, np.concatenate(pairs).T
    artists = judge.artists[anchors.astype(int)]
    low, high = interval(draw_means(right, artists))
    told.append(f"\n  co-listening of unheard artists: triplets {right.mean():.3f} [{low:.3f}, {high:.3f}]")
    correlation, draws = spearman_correlation(near, close, judge.artists[firsts.astype(int)])
    low, high = interval(draws)
    told.append(f"Spearman {correlation:.3f} [{low:.3f}, {high:.3f}]")
    asked = {"artists": artists, "first_artists": judge.artists[firsts.astype(int)], "close": close}
    if arguments.keep:
        np.savez(arguments.keep, right=right, near=near, **asked)
    told += [ahead_of(path, right, near, **asked) for path in arguments.against]
    return ", ".join(told)


def ahead_of(
    path: Path, right: np.ndarray, near: np.ndarray, artists: np.ndarray, first_artists: np.ndarray, close: np.ndarray
) -> str:
    """By how much these answers are better than kept ones to the same questions, whole artists drawn."""
    with np.load(path) as kept:
        others_right, others_near = kept["right"], kept["near"]
    low, high = interval(draw_means(right - others_right, artists))
    told = f"\n  ahead of {path.stem}: triplets {(right - others_right).mean():+.3f} [{low:.3f}, {high:.3f}]"
    (ours, draws), (theirs, their_draws) = (
        spearman_correlation(one, close, first_artists) for one in (near, others_near)
    )  # the same seed, the same artists
    low, high = interval(draws - their_draws)
    return told + f", Spearman {ours - theirs:+.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--only", type=int, help="of the folds, the first so many")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--baseline", action="store_true", help="MFCC in the place of the ear")
    parser.add_argument("--against", type=Path, action="append", default=[], help="kept answers to compare with")
    parser.add_argument("--keep", type=Path, help="write each answer about co-listening here (npz)")
    parser.add_argument("--split-seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "earshot-default-ear")
    parser.add_argument("--shares", type=json.loads, default={}, help='for example {"listens": 0}')
    parser.add_argument("--encoder", type=json.loads, default={}, help='for example {"channels": 32}')
    parser.add_argument("--threads", type=int, default=2)
    for field in fields(TasteConfig):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    given = {field.name: getattr(arguments, field.name) for field in fields(TasteConfig)}
    config = replace(SETTINGS, **{name: value for name, value in given.items() if value is not None})
    ear = EarConfig(encoder=EncoderConfig(**arguments.encoder))
    data = Path(os.environ["EARSHOT_DATA"])
    shares = {"genre": 1.0, "mood": 1.0, "artist": 1.0, "listens": 0.5} | arguments.shares
    music, graphs, clips = load(data, arguments.cache, ear, shares)
    began = time.perf_counter()
    if arguments.folds:
        line = cross_validate(data, clips, music, graphs, config, ear, arguments)
        print(line, f"{time.perf_counter() - began:.0f} s", flush=True)
    if arguments.out:
        training = train(music, graphs, np.empty(0, dtype=np.int64), config, ear, told=True)
        trained = replace(ear, encoder=replace(ear.encoder, seed=config.seed))
        save_ear(TrainedEar(trained, training.encoder), arguments.out)
        print(f"{arguments.out}: {arguments.out.stat().st_size / 2**20:.1f} MiB, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
