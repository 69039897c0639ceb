"""Exact search loses nothing, an index that looks at everything neither, and a blind one is seen to be blind."""

import numpy as np
import pytest

from earshot.evaluation.metrics.metric_tables import ann_rows
from earshot.evaluation.metrics.ranking_metrics import ranking_metrics
from earshot.evaluation.queries import queries_at_cutoff
from earshot.index.evaluation import ann_benchmark
from earshot.index.evaluation.ann_benchmark import ann_metrics
from tower_world import listening

N_USERS, N_TRACKS, K = 60, 900, 7


@pytest.fixture
def world(rng):
    """Everybody wants the seven tracks nearest to their query, and has played the nearest of all."""
    items = rng.standard_normal((N_TRACKS, 12)).astype(np.float32)
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    queries = rng.standard_normal((N_USERS, 12)).astype(np.float32)
    order = np.argsort(-(queries @ items.T), axis=1)
    known = listening([(user, int(order[user, 0]), 1) for user in range(N_USERS)], N_USERS, N_TRACKS)
    wanted = [(user, int(track), 2) for user in range(N_USERS) for track in order[user, 1 : K + 1]]
    eval_queries = queries_at_cutoff(
        known, listening(wanted, N_USERS, N_TRACKS), repeats=False, n_users=N_USERS, seed=0
    )
    return items, queries, eval_queries


def told(found):
    return {(value.subject, value.metric): value for _, metric_values in found for value in metric_values}


def test_exact_search_finds_what_was_played(world):
    items, queries, eval_queries = world
    found = told(ann_metrics(items, queries, eval_queries, K, 1.0))
    assert {subject for subject, _ in found} == {"flat", "ivf-sq8", "hnsw"}  # too few tracks to train product codes
    assert found["flat", "ndcg"].value == pytest.approx(1) and found["flat", "ann_recall"].value == 1
    assert ("flat", "ndcg_loss") not in found
    for type in ("ivf-sq8", "hnsw"):  # tuned to find everything, and put in order by exact scores
        assert found[type, "ann_recall"].value == 1 and found[type, "ndcg_loss"].value == 0
        assert found[type, "p50_ms"].value <= found[type, "p95_ms"].value
        assert 0 < found[type, "mib"].value < 2 and found[type, "build_s"].value > 0
    assert found["flat", "mib"].value * 2**20 == pytest.approx(N_TRACKS * (12 * 4 + 8), rel=0.01)


def test_a_single_query_also_tunes_what_it_judges(world):
    items, queries, eval_queries = world
    found = told(ann_metrics(items, queries[:1], eval_queries.subsample(1), K, 1.0))
    assert found["hnsw", "ann_recall"].value == 1 and found["hnsw", "ann_recall"].n == 1


def test_what_an_index_misses_is_missed_in_the_figures(world, monkeypatch):
    items, queries, eval_queries = world
    monkeypatch.setattr(ann_benchmark, "n_candidates", lambda k: 3)  # of seven
    found = told(ann_metrics(items, queries, eval_queries, K, 1.0))
    assert found["ivf-sq8", "ann_recall"].value == pytest.approx(3 / 7, abs=0.01)
    best_of_three = ranking_metrics(eval_queries.ranked(_scores(items, queries), 3)[0], eval_queries.targets, K)[
        "ndcg"
    ].mean()
    assert found["ivf-sq8", "ndcg_loss"].value == pytest.approx(1 - best_of_three, abs=0.01)
    assert found["ivf-sq8", "recall_loss"].ci_low > 0.5


def _scores(items, queries):
    def scores(start, stop, out):
        out[:] = queries[start:stop] @ items.T

    return scores


def test_a_few_are_asked_and_others_tune(world, monkeypatch):
    items, queries, eval_queries = world
    monkeypatch.setattr(ann_benchmark, "MAX_QUERIES", 11)
    built = []
    build = ann_benchmark.build
    monkeypatch.setattr(
        ann_benchmark, "build", lambda *args, **named: built.append(named["queries"]) or build(*args, **named)
    )
    found = told(ann_metrics(items, queries, eval_queries, K, 0.9))
    assert found["hnsw", "ndcg"].n == 11
    assert len(built[0]) == 11
    ours = {tuple(row) for row in queries[np.sort(np.random.default_rng(0).permutation(N_USERS)[:11])]}
    assert not ours & {tuple(row) for row in built[0]}


def test_a_row_per_type(world):
    rows = ann_rows([value for _, metric_values in ann_metrics(*world, K, 1.0) for value in metric_values])
    assert [row["index"] for row in rows] == ["flat", "ivf-sq8", "hnsw"]
    assert rows[0]["ndcg_loss"] is None and rows[1]["ndcg_loss"] == "0.0000" and rows[1]["n"] == N_USERS
