"""Tables of metric values, cell by cell."""

from earshot.evaluation.metrics.metric_tables import (
    ann_rows,
    pivot,
    recovery_rows,
    sampled_rows,
    short,
    slice_rows,
    table_rows,
    wide_rows,
)
from earshot.evaluation.metrics.metric_value import MetricValue


def test_every_row_of_a_pivot_has_every_column_and_n_is_last():
    values = [
        MetricValue("chance", "recall", 10, "all", 0.1, None, None, 7),
        MetricValue("mine", "recall", 10, "all", 0.5, None, None, 7),
        MetricValue("mine", "mrr", 10, "all", 0.25, None, None, 6),
    ]
    rows = pivot(values, lambda one: {"subject": one.subject}, lambda one: {"n": one.n, one.metric: one.value})
    assert [list(row) for row in rows] == [["subject", "recall", "mrr", "n"]] * 2
    assert [list(row.values()) for row in rows] == [["mine", 0.5, 0.25, 6], ["chance", 0.1, None, 7]]
    assert pivot([], lambda one: {}, lambda one: {}) == []


def test_vectors_side_by_side():
    rows = [
        MetricValue("audio", "twin_hit", 1, "all", 1.0, 0.995, 1.0, 22),
        MetricValue("audio", "spearman_x", None, "all", -0.0314, -0.1, 0.05, 40),
        MetricValue("mfcc", "twin_hit", 1, "all", 0.5, None, None, 22),
        MetricValue("mfcc", "spearman_x", None, "all", None, None, None, 40),
        MetricValue("audio - mfcc", "twin_hit", 1, "all", 0.5, -0.004, 1.25, 22),
    ]
    assert wide_rows(rows) == [
        {"figure": "twin_hit@1", "audio": "1.000 [.99 1.00]", "mfcc": ".500", "n": 22},
        {"figure": "spearman_x", "audio": "-.031 [-.10 .05]", "mfcc": None, "n": 40},
    ]
    assert wide_rows(rows, differences=True) == [{"figure": "twin_hit@1", "audio - mfcc": ".500 [.00 1.25]", "n": 22}]


def test_a_table_of_recommenders_has_popularity_first_and_chance_last():
    rows = [
        MetricValue("chance", "recall", 10, "all", 0.01, None, None, 7),
        MetricValue("popular", "recall", 10, "all", 0.0512, 0.04, 0.0625, 7),
        MetricValue("popular", "gini", 10, "all", 1.0, None, None, 7),
        MetricValue("mine", "recall", 10, "all", 0.25, 0.2, 0.3, 7),
        MetricValue("mine", "recall", 20, "all", 0.5, 0.4, 0.6, 7),
        MetricValue("mine", "mrr", 10, "tail", None, None, None, 0),
    ]
    assert table_rows(rows, 10) == [
        {"subject": "popular", "recall": ".051 [.040 .062]", "gini": "1.000", "n": 7},
        {"subject": "mine", "recall": ".250 [.200 .300]", "gini": None, "n": 7},
        {"subject": "chance", "recall": ".010", "gini": None, "n": 7},
    ]
    assert table_rows(rows, 10, "tail") == [{"subject": "mine", "mrr": None, "n": 0}]
    assert table_rows(rows, 5) == []


def test_slices_side_by_side():
    rows = [
        MetricValue("chance", "recall", 10, "all", 0.01, None, None, 40),
        MetricValue("mine", "recall", 10, "all", 0.25, 0.2, 0.3, 40),
        MetricValue("mine", "recall", 10, "tail", None, None, None, 12),
        MetricValue("mine", "recall", 10, "cold user", 0.5, None, None, 3),
        MetricValue("mine", "ndcg", 10, "tail", 0.125, None, None, 12),
    ]
    table, note = slice_rows(rows, 10, "recall", 10)
    assert table == [
        {"subject": "mine", "all": ".250", "tail": None},
        {"subject": "chance", "all": ".010", "tail": None},
        {"subject": "n", "all": "40", "tail": "12"},
    ]
    assert note == "Asked of fewer than 10, and left out here: cold user (3)."


def test_sampled_and_full_catalog_side_by_side():
    rows = [
        MetricValue("mine", "hit_rate", 10, "99 uniform", 0.5, 0.4, 0.6, 20),
        MetricValue("chance", "hit_rate", 10, "99 uniform", 0.1, None, None, 20),
        MetricValue("mine", "ndcg", 10, "one of all tracks", 1.0, 1.0, 1.0, 20),
    ]
    assert sampled_rows(rows) == [
        {"subject": "mine", "hr uniform": ".500", "ndcg all": "1.000", "n": 20},
        {"subject": "chance", "hr uniform": ".100", "ndcg all": None, "n": 20},
    ]


def test_indexes_side_by_side():
    rows = [
        MetricValue("flat", "ndcg", 10, "ann", 0.25, 0.2, 0.3, 20),
        MetricValue("flat", "mib", 10, "ann", 1234.5, None, None, 20),
        MetricValue("hnsw", "ndcg_loss", 10, "ann", 0.00004, 0.0, 0.1, 20),
    ]
    assert ann_rows(rows) == [
        {"index": "flat", "ndcg": "0.2500", "mib": "1.23e+03", "ndcg_loss": None, "n": 20},
        {"index": "hnsw", "ndcg": None, "mib": None, "ndcg_loss": "0.0000", "n": 20},
    ]


def test_values_of_spreading_side_by_side():
    rows = [
        MetricValue("diffused", "hit", 10, "track", 0.5, 0.4, 0.6, 90),
        MetricValue("chance", "hit", 10, "track", 0.1, None, None, 90),
        MetricValue("diffused", "mrr", None, "track", 0.25, None, None, 90),
    ]
    assert recovery_rows(rows) == [
        {
            "slice": "track",
            "figure": "hit@10",
            "diffused": "0.500",
            "95 %": "0.400 to 0.600",
            "chance": "0.100",
            "n": 90,
        },
        {"slice": "track", "figure": "mrr", "diffused": "0.250", "95 %": None, "chance": None, "n": 90},
    ]
    assert recovery_rows([]) == []


def test_short_numbers():
    assert [short(number, 3) for number in (0.5, -0.5, 0.0, -0.0001, 1.0, 0.9996, 12.3456)] == [
        ".500", "-.500", ".000", ".000", "1.000", "1.000", "12.346",
    ]  # fmt: skip
