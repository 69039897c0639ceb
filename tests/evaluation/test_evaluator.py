"""Metric values of recommenders: by slice, with intervals, and beside chance."""

import numpy as np
import pytest

from earshot.evaluation.evaluator import legacy_metrics, paired_differences, recommendation_metrics
from earshot.evaluation.metrics.bootstrap import mean_intervals
from earshot.evaluation.metrics.metric_tables import slice_rows
from earshot.evaluation.queries import queries_at_cutoff
from earshot.evaluation.slices import target_slices
from tower_world import listening

KNOWN = listening([(0, 0, 0), (3, 0, 0), (3, 2, 0), (1, 5, 0)], 4, 8)
TEST = listening([(0, 2, 1), (0, 2, 2), (0, 5, 3), (2, 5, 3), (3, 1, 1), (3, 0, 2)], 4, 8)
QUERIES = queries_at_cutoff(KNOWN, TEST, repeats=True, n_users=9, seed=0)  # of users 0, 2 and 3
CATALOG = {"coverage", "gini"}  # of all lists together
LISTS = np.array([[5, 0, 2, 1], [0, 2, 3, 4], [0, 2, 3, 4]])


def measured(lists, eval_queries, ks):
    """Metrics of lists of tracks that differ, by unknown artists."""
    n_tracks = eval_queries.known.n_tracks
    artist_rows = np.full(n_tracks, -1)
    return recommendation_metrics(lists, eval_queries, ks, vectors=np.eye(n_tracks), artist_rows=artist_rows)


def test_metrics_by_hand():
    rows = measured({"popular": LISTS[:, ::-1], "mine": LISTS}, QUERIES, [1, 3])
    found = {(row.subject, row.metric, row.k, row.slice): row for row in rows}
    assert rows[0].subject == "chance"
    assert found["mine", "recall", 3, "all"].value == pytest.approx((2 / 2 + 0 + 1 / 2) / 3)
    assert found["mine", "recall", 3, "all"].n == 3
    assert found["chance", "recall", 3, "all"].value == pytest.approx(3 / 8)
    assert found["chance", "recall", 3, "all"].ci_low is None
    assert 0 <= found["mine", "recall", 3, "all"].ci_low <= found["mine", "recall", 3, "all"].ci_high <= 1
    assert found["mine", "coverage", 3, "all"].value == 4 / 8
    assert found["mine", "diversity", 3, "all"].value == 1  # no two tracks have anything in common
    assert found["mine", "recall", 3, "cold track"].value == 0  # user 3 plays track 1, which no user had played
    assert found["mine", "recall", 3, "cold track"].n == 1
    assert found["mine", "recall", 3, "repeat"].value == 1 and found["mine", "recall", 3, "cold user"].value == 0
    assert ("mine", "artist_diversity", 3, "all") not in found


def test_listeners_are_drawn_once_for_all_metrics_of_a_slice(monkeypatch):
    """One drawing of two thousand listeners takes as long as all the rest of their metrics."""
    n_drawn = []

    def counted(values, *arguments, **options):
        n_drawn.append(values.shape[1])
        return mean_intervals(values, *arguments, **options)

    monkeypatch.setattr("earshot.evaluation.metrics.metric_value.mean_intervals", counted)
    rows = measured({"popular": LISTS[:, ::-1], "mine": LISTS}, QUERIES, [1, 3])
    assert len(n_drawn) == len(target_slices(QUERIES)) and sum(n_drawn) == sum(
        row.metric not in CATALOG for row in rows
    )
    paired_differences({"a": LISTS, "b": LISTS, "mine": LISTS}, QUERIES, "mine", [1, 3])
    assert n_drawn[-1] == 2 * 2 * 2  # baselines, ks, metrics


def test_one_metric_by_slice():
    rows = measured({"popular": LISTS[:, ::-1], "mine": LISTS}, QUERIES, [1, 3])
    table, note = slice_rows(rows, 3, "recall", 2)
    assert [row["subject"] for row in table] == ["popular", "mine", "chance", "n"]
    assert table[1]["all"] == ".500" and table[1]["novel"] == ".333" and "cold track" not in table[1]
    assert table[-1] == {"subject": "n", "all": "3", "novel": "3", "mid": "2"}
    assert note.startswith("Asked of fewer than 2, and left out here: ") and "cold track (1)" in note
    assert slice_rows(rows, 3, "recall", 1)[1] == ""


def test_an_interval_draws_listeners_and_not_queries():
    """A listener asked ten times is one witness: the interval is that of two, not of twenty."""
    from dataclasses import replace

    from earshot.evaluation.metrics.ranking_metrics import Targets
    from earshot.evaluation.queries import Histories

    users = np.repeat([0, 1], 10)
    known = listening([(0, 0, 0), (1, 0, 0)], 2, 3)
    targets = Targets(users, np.arange(21), np.where(users == 0, 1, 2), np.ones(20, int))
    eval_queries = replace(
        QUERIES, known=known, histories=Histories(known, np.zeros(20, int), np.zeros(20, int)), targets=targets
    )
    rows = measured({"mine": np.ones((20, 1), int)}, eval_queries, [1])
    (value,) = (row for row in rows if (row.subject, row.metric, row.slice) == ("mine", "recall", "all"))
    assert (value.value, value.ci_low, value.ci_high, value.n) == (0.5, 0.0, 1.0, 20)


def test_differences_are_of_pairs():
    base = np.array([[0], [1], [7]])
    mine = np.array([[2], [5], [7]])  # right about the first two
    rows = paired_differences({"base": base, "mine": mine}, QUERIES, "mine", [1])
    assert {row.subject for row in rows} == {"mine - base"}
    recall = next(row for row in rows if row.metric == "recall")
    assert recall.value == pytest.approx((1 / 2 + 1 + 0) / 3) and recall.n == 3
    assert 0 <= recall.ci_low <= recall.ci_high <= 1


def test_repeated_plays_are_in_the_denominators():
    known = listening([(0, 0, 0), (1, 0, 0)], 2, 5)
    asked = listening([(0, 1, 1), (0, 1, 2), (0, 1, 3), (0, 2, 4), (1, 3, 1)], 2, 5)
    eval_queries = queries_at_cutoff(known, asked, repeats=True, n_users=2, seed=0)
    rows = legacy_metrics({"mine": np.array([[1, 4], [3, 4]])}, eval_queries, [2])
    found = {row.metric: row for row in rows}
    # Listener 0 played four times, two tracks: one is hit. Listener 1 once, and it is hit.
    assert found["recall_legacy"].value == pytest.approx((1 / 4 + 1) / 2)
    # DCG 1 and 1; the best that four and one plays allow in two places: 1 + 1/log2(3) and 1.
    assert found["ndcg_legacy"].value == pytest.approx((1 + 1) / ((1 + 1 / np.log2(3)) + 1))
    assert found["ndcg_legacy"].n == 2 and found["ndcg_legacy"].ci_low <= found["ndcg_legacy"].value
