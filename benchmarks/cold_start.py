"""What sound is worth to a recommender that meets tracks it has never seen played.

    python benchmarks/cold_start.py                              # an invented world, its music rendered and heard
    EARSHOT_DATA=... python benchmarks/cold_start.py --real      # pop_clips: 171 artists and who plays them

A fifth of the tracks, or of the artists with all their tracks, is taken out of the listens in turn. Towers learn from
the rest, once with audio vectors and once without; then each listener is asked which of the new ones they play. The
candidates are the new ones alone, so chance is a random order of them, and so is popularity: nobody has played any.
With --real the ear is trained anew for each fold and has not heard, nor been told of, the artists that are asked about.
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from earshot.audio.decoding.audio_writer import write_audio
from earshot.data.catalog import Catalog
from earshot.data.cosine import unit_rows
from earshot.data.events.interactions import Interactions
from earshot.data.synthetic.world import WorldConfig, make_world
from earshot.data.synthetic.world_files import written_files
from earshot.evaluation.metrics.bootstrap import draw_means, interval
from earshot.evaluation.metrics.ranking_metrics import Targets, chance_ranking, ranking_metrics, targets_of
from earshot.index.library import Library
from earshot.index.recommending.tower_data import read_tower_data
from earshot.towers.config import TowerConfig, TowerTrainingConfig
from earshot.towers.models import towers_for
from earshot.towers.query_inputs import inputs_at
from earshot.towers.retrieval.query_vectors import item_vectors, query_vectors
from earshot.towers.training.training_loop import TowerTraining
from measuring import CLI, run, show

K, FOLDS = 10, 5
# Chosen on the invented world of seed 1, which no figure comes from.
TOWER = TowerConfig(dim=64, hidden=0, encoder="mean", history=50, use_seed=0, track_dropout=0.5)
TRAINING = TowerTrainingConfig(batch_size=512, negatives=0, temperature=0.2, epochs=10, weighted=0)


def judged(
    events: Interactions, catalog: Catalog, is_cold: np.ndarray, seed: int, training: TowerTrainingConfig
) -> dict[str, np.ndarray]:
    """NDCG and recall of the first ten places among cold tracks, by (subject, metric), per listener."""
    is_kept = ~is_cold[events.track_rows]
    train, test = events.select(is_kept), events.select(~is_kept)
    cold_rows = np.flatnonzero(is_cold)
    has_history = np.bincount(train.user_rows, minlength=events.n_users) > 0
    targets = _among(targets_of(test.select(has_history[test.user_rows])), cold_rows)
    lists = {"sound alone": _sound_alone(train, catalog, targets, cold_rows)}
    for name, use_audio in (("towers with audio", 1), ("towers without", 0)):
        towers = towers_for(replace(TOWER, use_audio=use_audio, seed=seed), catalog, train)
        for _ in TowerTraining(towers, train, training).reports():
            pass
        starts = train.user_offsets()
        first, stop = starts[targets.user_rows], starts[targets.user_rows + 1]
        asked, rows = inputs_at(train, targets.user_rows, first, stop, 4 * TOWER.history)
        items = item_vectors(towers)[torch.from_numpy(cold_rows)]
        lists[name] = _ranked(towers.scores(query_vectors(towers, asked, rows), items).numpy(force=True))
    figures = {
        (name, metric): values
        for name, found in lists.items()
        for metric, values in ranking_metrics(found, targets, K).items()
    }
    by_chance = chance_ranking(targets, K, np.full(len(targets), len(cold_rows)))
    return figures | {("chance, popular", metric): values for metric, values in by_chance.items()}


def _among(targets: Targets, rows: np.ndarray) -> Targets:
    """The same targets, numbered by their places in `rows`."""
    return replace(targets, track_rows=np.searchsorted(rows, targets.track_rows), n_tracks=len(rows))


def _ranked(scores: np.ndarray) -> np.ndarray:
    """Columns by falling score; equal ones in a random order, for their numbers mean nothing."""
    shuffled = np.random.default_rng(0).permutation(scores.shape[1])
    return shuffled[np.argsort(-scores[:, shuffled], axis=1, kind="stable")][:, :K]


def _sound_alone(train: Interactions, catalog: Catalog, targets: Targets, cold_rows: np.ndarray) -> np.ndarray:
    assert catalog.audio is not None
    units, starts = unit_rows(catalog.audio), train.user_offsets()
    tastes = [units[np.unique(train.track_rows[starts[u] : starts[u + 1]])].sum(axis=0) for u in targets.user_rows]
    return _ranked(np.array(tastes) @ units[cold_rows].T)


def folds_of(groups: np.ndarray, seed: int) -> np.ndarray:
    names, rows = np.unique(groups, return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % FOLDS)[rows]


def report(title: str, figures: list[dict[tuple[str, str], np.ndarray]]) -> None:
    """All folds together, each listener of a fold one witness, and the paired gains of the towers with audio."""
    together = {key: np.concatenate([fold[key] for fold in figures]) for key in figures[0]}
    print(f"\n{title}: {len(next(iter(together.values()))):,} questions")
    subjects = list(dict.fromkeys(subject for subject, _ in together))
    show([{"subject": subject} | {f"{metric}@{K}": _cell(together[subject, metric]) for metric in ("ndcg", "recall")}
          for subject in subjects])  # fmt: skip
    for other in subjects:
        if other != "towers with audio":
            gain = together["towers with audio", "ndcg"] - together[other, "ndcg"]
            print(f"towers with audio - {other}: NDCG@{K} {_cell(gain, sign='+')}")


def _cell(values: np.ndarray, sign: str = "") -> str:
    low, high = interval(draw_means(values, np.arange(len(values))))
    return f"{values.mean():{sign}.3f} [{low:{sign}.3f} {high:{sign}.3f}]"


def heard_world(config: WorldConfig, folder: Path) -> tuple[Interactions, Catalog]:
    """A world that is rendered, heard by the shipped ear, and read from its library; made once."""
    if not (folder / "library").exists():
        for _ in written_files(make_world(config), folder / "tracks", write_audio):
            pass
        command = [*CLI, "--library", folder / "library"]
        run([*command, "embed-audio", folder / "tracks"])
        run([*command, "import-listens", folder / "tracks" / "listens.csv"])
    with Library.open(folder / "library") as library:
        data = read_tower_data(library)
    return data.listens, data.catalog


def real_artists(cache: Path, seed: int, training: TowerTrainingConfig) -> list[dict[tuple[str, str], np.ndarray]]:
    """Each fold of pop_clips' artists, with an ear that was trained without them."""
    import default_ear

    folder = Path(os.environ["EARSHOT_DATA"])
    shares = {"genre": 1.0, "mood": 1.0, "artist": 1.0, "listens": 0.5}
    ear = default_ear.EarConfig()
    music, graphs, clips = default_ear.load(folder, cache / "pictures", ear, shares)
    names, artist_of_clip = np.unique([clip["artist_id"] for clip in clips], return_inverse=True)
    events = _artist_listens(folder / "pop_clips" / "listens.csv", names)
    clip_folds, figures = default_ear.folds_of(clips, FOLDS, seed), []
    for fold in range(FOLDS):
        held_out = np.flatnonzero(clip_folds == fold)
        trained = default_ear.train(music, graphs, held_out, default_ear.SETTINGS, ear, told=False)
        vectors = unit_rows(trained.track_vectors(np.arange(len(clips))))
        audio = np.zeros((len(names), vectors.shape[1]), dtype=np.float32)
        np.add.at(audio, artist_of_clip, vectors)  # an artist sounds like the mean of their clips
        nobody = np.full(len(names), -1, dtype=np.int32)
        seconds = np.full(len(names), np.nan, dtype=np.float32)
        catalog = Catalog(nobody, nobody, seconds, 0, 0, unit_rows(audio))
        is_cold = np.isin(np.arange(len(names)), artist_of_clip[held_out])
        figures.append(judged(events, catalog, is_cold, seed, training))
    return figures


def _artist_listens(path: Path, names: np.ndarray) -> Interactions:
    table = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=np.int64)
    _, users = np.unique(table[:, 0], return_inverse=True)
    row_of = {int(name): row for row, name in enumerate(names)}
    artists = np.array([row_of[artist] for artist in table[:, 1]])
    order = np.lexsort((artists, users))
    n = len(order)
    return Interactions(
        users[order].astype(np.int32), artists[order].astype(np.int32), np.zeros(n, np.int64),
        np.ones(n, np.float32), int(users.max()) + 1, len(names),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="pop_clips in the place of an invented world")
    parser.add_argument("--seed", type=int, default=0, help="of the world, the folds and the towers")
    parser.add_argument("--learning-rate", type=float, default=TRAINING.learning_rate)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "earshot-cold-start")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    training = replace(TRAINING, learning_rate=options.learning_rate)
    if options.real:
        report("pop_clips, unheard artists", real_artists(options.cache, options.seed, training))
        return
    world = WorldConfig(seed=options.seed, n_genres=6, artists_per_genre=12, tracks_per_artist=5, seconds=10,
                        n_listeners=400, listens_per_listener=60)  # fmt: skip
    events, catalog = heard_world(world, options.cache / f"world-{options.seed}")
    for title, groups in (("tracks", np.arange(len(catalog))), ("artists", catalog.artist_rows)):
        folds = folds_of(groups, options.seed)
        figures = [judged(events, catalog, folds == fold, options.seed, training) for fold in range(FOLDS)]
        report(f"an invented world, new {title}", figures)


if __name__ == "__main__":
    main()
