"""One value from numbers per query, and what is not defined."""

import numpy as np
import pytest

from earshot.evaluation.metrics.bootstrap import mean_intervals
from earshot.evaluation.metrics.metric_value import MetricValue, mean_values

NAN = float("nan")


def test_what_is_no_number_is_none():
    assert MetricValue.of("mine", "mrr", None, NAN, 0) == MetricValue("mine", "mrr", None, "all", None, None, None, 0)
    value = MetricValue.of("mine", "mrr", 10, np.float64(0.5), 7, slice="tail", interval=(np.float64(0.25), NAN))
    assert value == MetricValue("mine", "mrr", 10, "tail", 0.5, 0.25, None, 7)
    assert type(value.value) is type(value.ci_low) is float  # as SQLite and JSON want them


def test_means_leave_out_what_is_undefined(rng):
    groups = np.repeat(np.arange(10), 3)
    recall, diversity = rng.random(30), np.where(np.arange(30) < 24, 1.0, NAN)
    columns = {("mine", "recall", 5): recall, ("mine", "diversity", 5): diversity, ("mine", "mrr", 5): np.full(30, NAN)}
    first, second, third = mean_values(columns, groups, slice="tail", seed=3)
    (low, high), *_ = mean_intervals(np.stack(list(columns.values()), axis=1), groups, seed=3)
    assert first == MetricValue("mine", "recall", 5, "tail", pytest.approx(recall.mean()), low, high, 30)
    assert second == MetricValue("mine", "diversity", 5, "tail", 1.0, 1.0, 1.0, 24)
    assert third == MetricValue("mine", "mrr", 5, "tail", None, None, None, 0)


def test_chance_is_exact_and_one_user_says_nothing_of_others():
    columns = {("chance", "recall", 5): np.array([0.0, 1.0]), ("mine", "recall", 5): np.array([0.0, 1.0])}
    chance, mine = mean_values(columns, np.array([4, 9]))
    assert (chance.value, chance.ci_low) == (0.5, None) and (mine.value, mine.ci_low, mine.ci_high) == (0.5, 0.0, 1.0)
    assert mean_values(columns, np.array([4, 4]))[1].ci_low is None
    assert mean_values({}, np.empty(0)) == []
