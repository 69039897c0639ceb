"""A hundred tracks instead of all, by hand."""

import numpy as np
import pytest

from earshot.evaluation.baselines.simple_baselines import popular
from earshot.evaluation.metrics.metric_tables import sampled_rows
from earshot.evaluation.queries import queries_at_cutoff
from earshot.evaluation.sampled_metrics import N_NEGATIVES, draw_candidates, sampled_metrics
from tower_world import listening

N_TRACKS = 400


def eval_queries(rng, n_users=60):
    before = [(user, int(track), 1) for user in range(n_users) for track in rng.choice(N_TRACKS // 2, 15)]
    after = [(user, int(track), 2) for user in range(n_users) for track in rng.choice(N_TRACKS, 3)]
    known, asked = (listening(events, n_users, N_TRACKS) for events in (before, after))
    return queries_at_cutoff(known, asked, repeats=False, n_users=n_users, seed=0)


def test_nobody_is_asked_about_what_they_played(rng):
    asked = eval_queries(rng)
    probes = draw_candidates(asked, seed=3)
    assert list(probes.negatives) == ["99 uniform", "99 popular"]
    for query in range(len(asked)):
        own = asked.targets.track_rows[asked.targets.starts[query] : asked.targets.starts[query + 1]]
        assert probes.target_rows[query] in own
        for drawn in probes.negatives.values():
            assert len(set(drawn[query].tolist())) == N_NEGATIVES and drawn[query].min() >= 0
            assert not set(drawn[query].tolist()) & {*own.tolist(), *asked.histories.tracks(query).tolist()}
    # Nobody had played the second half of the catalog.
    assert (probes.negatives["99 popular"] < N_TRACKS // 2).all()
    assert (probes.negatives["99 uniform"] >= N_TRACKS // 2).any()
    again = draw_candidates(asked, seed=3)
    np.testing.assert_array_equal(again.rows(), probes.rows())
    assert (draw_candidates(asked, seed=4).rows() != probes.rows()).any()


def test_equal_scores_are_before_the_target(rng):
    asked = eval_queries(rng)
    probes = draw_candidates(asked)
    n_rows = probes.rows().shape[1]
    flat, best = np.zeros((len(asked), n_rows)), np.zeros((len(asked), n_rows))
    best[:, 0] = 1
    fourth = best.copy()
    fourth[:, 1:4] = 2  # of the uniform ones, three are before it
    fourth[:, 1 + N_NEGATIVES] = 1  # of the popular ones, one is as good
    lists = np.full((len(asked), 10), -1)
    probed = {"flat": flat, "best": best, "fourth": fourth}
    rows = sampled_metrics(dict.fromkeys(probed, lists), probed, probes, asked)
    found = {(row.subject, row.metric, row.slice): row.value for row in rows}
    assert found["flat", "hit_rate", "99 uniform"] == 0 and found["flat", "ndcg", "99 popular"] == 0
    assert found["best", "ndcg", "99 uniform"] == 1 and found["best", "hit_rate", "one of all tracks"] == 0
    assert found["fourth", "ndcg", "99 uniform"] == pytest.approx(1 / np.log2(5))
    assert found["fourth", "ndcg", "99 popular"] == pytest.approx(1 / np.log2(3))
    assert found["chance", "hit_rate", "99 uniform"] == pytest.approx(0.1)
    assert found["chance", "ndcg", "99 uniform"] == pytest.approx(0.0454, abs=1e-4)  # as is published
    table = sampled_rows(rows)
    assert [row["subject"] for row in table] == ["flat", "best", "fourth", "chance"]
    assert table[1]["ndcg uniform"] == "1.000" and table[1]["n"] == len(asked)
    assert float(table[-1]["hr all"]) == pytest.approx((10 / asked.n_candidates).mean(), abs=5e-4)


def test_chance_is_what_random_scores_reach(rng):
    asked = eval_queries(rng)
    probes = draw_candidates(asked)
    lists = np.full((len(asked), 10), -1)
    drawn = []
    for _ in range(60):
        scores = {"random": rng.random((len(asked), probes.rows().shape[1]))}
        rows = sampled_metrics({"random": lists}, scores, probes, asked)
        drawn.append([row.value for row in rows if row.subject == "random" and row.slice == "99 uniform"])
    np.testing.assert_allclose(np.mean(drawn, axis=0), [0.1, 0.0454], atol=0.01)


def test_a_small_catalog_has_fewer_negatives():
    known = listening([(0, 0, 1), (1, 1, 1)], 2, 5)
    asked = queries_at_cutoff(known, listening([(0, 2, 2), (1, 3, 2)], 2, 5), repeats=False, n_users=2, seed=0)
    probes = draw_candidates(asked)
    assert [sorted(row[row >= 0].tolist()) for row in probes.negatives["99 uniform"]] == [[1, 3, 4], [0, 2, 4]]
    lists, probed = asked.ranked(popular(known), 10, probes.rows())
    rows = sampled_metrics({"popular": lists}, {"popular": probed}, probes, asked)
    found = {(row.subject, row.metric, row.slice): row for row in rows}
    assert found["chance", "hit_rate", "99 uniform"].value == 1
    # Three of four are as popular as the target or more: it is the last of four.
    assert found["popular", "ndcg", "99 uniform"].value == pytest.approx(1 / np.log2(5))
    assert found["popular", "hit_rate", "one of all tracks"].value == 1
