"""Every metric of one set of vectors, in a world where every one of them is known."""

import numpy as np
import pytest

from earshot.data.cosine import unit_rows
from earshot.evaluation import vector_evaluation
from earshot.evaluation.metrics.metric_value import CHANCE, MetricValue
from earshot.evaluation.metrics.vector_metrics import LabelSets, groups_of
from earshot.evaluation.vector_evaluation import (
    GraphTriplets,
    TrackFacts,
    choose_queries,
    evaluate_vectors,
    vector_metric_values,
)
from library_world import at

ROWS = np.arange(6)
# Two genres at right angles; in each an artist with two tracks, which are twins, and an artist with one.
PERFECT = np.array([at(degrees) for degrees in (0, 1, 2.5, 90, 91, 92.5)])
NOBODY = groups_of([None] * 6)


@pytest.fixture
def facts():
    return TrackFacts(
        artists=groups_of(["a", "a", "b", "c", "c", "d"]),
        sample_rates=groups_of([44_100, 44_100, 44_100, 48_000, 48_000, 48_000]),
        twins=groups_of(["t", "t", None, "u", "u", None]),
        labels={"genre": LabelSets([frozenset([name]) for name in ("x", "x", "x", "y", "y", "y")])},
        triplets={
            "listens": GraphTriplets(
                triplets=np.array([[0, 2, 4], [3, 5, 1]]), pairs=np.array([[0, 1, 1], [0, 2, 2], [0, 3, 5]])
            )
        },
    )


def values(measured):
    return {(one.metric, one.k): (pytest.approx(one.value), one.n) for one in measured}


def test_perfect_vectors_score_one(facts):
    assert values(evaluate_vectors(PERFECT, facts, ROWS, k=1)) == {
        ("precision_genre", 1): (1.0, 6),
        ("same_artist_hit", 1): (1.0, 4),
        ("twin_hit", 1): (1.0, 4),
        ("same_sample_rate", 1): (1.0, 6),
        # Lists hold 1, 0, 1, 4, 3, 4: counts 1, 2, 0 twice, around their mean as symmetric as can be
        ("hubness_skew", 1): (0.0, 6),
        ("triplet_accuracy_listens", None): (1.0, 2),
        ("spearman_listens", None): (1.0, 3),  # 1, 2.5 and 90 degrees at 1, 2 and 5 hops
    }


def test_turned_genres_score_nothing(facts):
    """Every track lies among the other genre's."""
    wrong = PERFECT[[3, 4, 5, 0, 1, 2]][[0, 4, 2, 3, 1, 5]]
    measured = {one.metric: one.value for one in evaluate_vectors(wrong, facts, ROWS, k=1)}
    assert measured["precision_genre"] < 0.5 and measured["twin_hit"] == 0.0


def test_chance_by_hand(facts):
    by_chance = {one.metric: one.chance for one in evaluate_vectors(PERFECT, facts, ROWS, k=1)}
    # Of the four tracks by others than a (c), one has the genre x (y); of the five by others than b (d), two.
    assert by_chance["precision_genre"] == pytest.approx((4 * 1 / 4 + 2 * 2 / 5) / 6)
    assert by_chance["same_artist_hit"] == by_chance["twin_hit"] == pytest.approx(1 / 5)
    assert by_chance["same_sample_rate"] == pytest.approx(2 / 5)
    assert by_chance["triplet_accuracy_listens"] == 0.5 and by_chance["spearman_listens"] == 0.0


def test_only_some_are_asked(facts):
    measured = {one.metric: one.n for one in evaluate_vectors(PERFECT, facts, np.array([2, 5]), k=1)}
    assert measured["precision_genre"] == 2
    assert "same_artist_hit" not in measured and "twin_hit" not in measured  # both are alone in theirs


def test_what_is_unknown_is_not_measured():
    nothing = TrackFacts(NOBODY, NOBODY, NOBODY)
    assert [one.metric for one in evaluate_vectors(PERFECT, nothing, ROWS)] == ["hubness_skew"]


def test_an_empty_graph_asks_nothing(facts):
    none = np.empty((0, 3), dtype=np.int64)
    silent = TrackFacts(NOBODY, NOBODY, NOBODY, triplets={"bare": GraphTriplets(none, none)})
    assert [one.metric for one in evaluate_vectors(PERFECT, silent, ROWS)] == ["hubness_skew"]


def test_hubs_can_be_corrected_for(rng):
    """A crowd around a point, which is therefore nearest to everyone."""
    vectors = rng.standard_normal((60, 30)) + 1.0
    vectors[0] = 1.0
    nobody = groups_of([None] * 60)
    facts = TrackFacts(nobody, nobody, nobody)
    (before,) = evaluate_vectors(vectors, facts, np.arange(60), k=3)
    cosines = np.sort(unit_rows(vectors) @ unit_rows(vectors).T, axis=1)  # the last column is the track itself
    penalty = cosines[:, -11:-1].mean(axis=1) / 2
    (after,) = evaluate_vectors(vectors, facts, np.arange(60), k=3, penalty=penalty)
    assert before.value > 4 and after.value < 0.7 * before.value, (before.value, after.value)


def test_rows_of_subjects_chance_and_leads(facts):
    shuffled = PERFECT[[0, 4, 2, 3, 1, 5]]
    measured = {
        "audio": evaluate_vectors(PERFECT, facts, ROWS, k=1),
        "mfcc": evaluate_vectors(shuffled, facts, ROWS, k=1),
    }
    rows = vector_metric_values(measured, "held-out")
    assert {row.subject for row in rows} == {"audio", "mfcc", CHANCE, "audio - mfcc"}
    assert {row.slice for row in rows} == {"held-out"}
    twins = {row.subject: row for row in rows if row.metric == "twin_hit"}
    assert twins["audio"] == MetricValue("audio", "twin_hit", 1, "held-out", 1.0, 1.0, 1.0, 4)
    assert twins[CHANCE].ci_low is None and twins[CHANCE].value == pytest.approx(1 / 5)
    lead = twins["audio - mfcc"]
    assert lead.value == twins["audio"].value - twins["mfcc"].value == 1.0
    assert (lead.ci_low, lead.ci_high) == (1.0, 1.0)


def test_a_lead_over_oneself_is_nothing(facts):
    same = evaluate_vectors(PERFECT, facts, ROWS, k=1)
    leads = [row for row in vector_metric_values({"a": same, "b": same}) if row.subject == "a - b"]
    assert {row.value for row in leads} == {0.0}
    assert {(row.ci_low, row.ci_high) for row in leads} <= {(0.0, 0.0), (None, None)}


def test_of_very_many_a_sample_is_asked(monkeypatch):
    monkeypatch.setattr(vector_evaluation, "_MAX_QUERIES", 10)
    rows = np.arange(5, 105)
    chosen = choose_queries(rows, seed=1)
    assert len(set(chosen.tolist())) == 10 and set(chosen) <= set(rows) and (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, choose_queries(rows, seed=1))
    np.testing.assert_array_equal(choose_queries(rows[:10], seed=1), rows[:10])


def test_labels_and_triplets_may_be_unknown():
    nothing = TrackFacts(np.array([-1]), np.array([-1]), np.array([-1]))
    assert nothing.labels == {} and nothing.triplets == {}
