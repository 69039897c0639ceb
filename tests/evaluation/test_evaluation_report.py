"""Reports of several recommenders: which tables they have, and what they say of the best baseline."""

import numpy as np
import pytest

from earshot.data.events.protocols import PROTOCOLS
from earshot.evaluation.baselines.simple_baselines import personal_top, popular
from earshot.evaluation.evaluation_report import EvaluationReport, Rankings, evaluate_rankings
from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.evaluation.queries import queries_at_cutoff
from earshot.evaluation.sampled_metrics import draw_candidates
from tower_world import catalog, listening

KNOWN = listening([(user, (user + track) % 9, track) for user in range(6) for track in range(4)], 6, 12)
TEST = listening([(user, (user + 2) % 12, 9) for user in range(6)], 6, 12)


def report(protocol="random", *, sampled):
    eval_queries = queries_at_cutoff(KNOWN, TEST, repeats=True, n_users=6, seed=0)
    rankings = Rankings(eval_queries, [2, 5], draw_candidates(eval_queries) if sampled else None)
    rankings.add("popular", popular(KNOWN))
    rankings.add("mine", personal_top(KNOWN, eval_queries.histories), "mine: half life days 30")
    assert rankings.settings == ["mine: half life days 30"]
    vectors = np.eye(12)
    return rankings, evaluate_rankings(rankings, "mine", catalog(12), PROTOCOLS[protocol], vectors=vectors, seed=0)


@pytest.mark.parametrize("sampled", [False, True])
def test_every_recommender_is_in_every_table(sampled):
    rankings, made = report(sampled=sampled)
    assert {lists.shape for lists in rankings.lists.values()} == {(6, 10 if sampled else 5)}
    titles = [section.title for section in made.summary()]
    assert titles[:3] == ["The first 2 places", "The first 5 places", "What the lists of 2 are like"]
    assert (titles[-1] == "One target among 99 others, HR and NDCG of 10 places") == sampled == bool(made.sampled)
    for section in made.summary()[:2]:
        assert [row["subject"] for row in section.rows] == ["popular", "mine", "chance"]
        assert set(section.rows[0]) == {"subject", "recall", "hit_rate", "ndcg", "mrr", "n"}
    assert {"diversity", "coverage", "novelty"} <= set(made.sections()[0].rows[0])
    assert made.all_values() == [*made.metric_values, *made.differences, *made.sampled]


def test_legacy_metrics_have_a_table_of_their_own():
    _, made = report("yambda", sampled=False)
    assert "The first 2 places, as Yambda's paper counts" in [section.title for section in made.summary()]


def test_sentences_are_about_popularity_and_the_best_baseline():
    differences = [
        MetricValue("mine - popular", "ndcg", 10, "all", 0.2, 0.15, 0.25, 40),
        MetricValue("mine - knn", "ndcg", 10, "all", -0.01, None, None, 40),
        MetricValue("mine - late", "ndcg", 10, "all", 0.1, 0.05, 0.15, 40),
        MetricValue("mine - knn", "recall", 10, "all", -0.5, None, None, 40),
    ]
    assert EvaluationReport("mine", [10, 20], [], differences, []).sentences() == [
        "mine is ahead of popular by 0.2000 NDCG@10, 95 % from +0.1500 to +0.2500.",
        "mine is behind knn by 0.0100 NDCG@10.",
    ]


def test_a_difference_that_no_digit_shows_is_none():
    differences = [MetricValue("mine - popular", "ndcg", 10, "all", -0.00004, -0.1, 0.1, 40)]
    (sentence,) = EvaluationReport("mine", [10], [], differences, []).sentences()
    assert sentence == "mine is level with popular by NDCG@10, 95 % from -0.1000 to +0.1000."


def test_one_listener_tells_of_no_lead():
    differences = [MetricValue("mine - popular", "ndcg", 10, "all", 0.3811, None, None, 1)]
    (sentence,) = EvaluationReport("mine", [10], [], differences, []).sentences()
    assert sentence == "mine and popular cannot be told apart by one listener."
