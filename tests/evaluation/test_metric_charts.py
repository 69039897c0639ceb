"""Charts are written whole or not at all, and show what they are given."""

import matplotlib.axes
import pytest

from earshot.evaluation.metric_charts import draw_metric, draw_slices, draw_spread
from earshot.evaluation.metrics.metric_value import MetricValue

VALUES = [
    MetricValue("chance", "ndcg", 10, "all", 0.01, None, None, 40),
    MetricValue("popular", "ndcg", 10, "all", 0.1, 0.08, 0.13, 40),
    MetricValue("knn", "ndcg", 10, "all", 0.2, 0.18, 0.23, 40),
    MetricValue("mine", "ndcg", 10, "all", 0.3, 0.25, 0.32, 40),
    MetricValue("mine", "ndcg", 20, "all", 0.9, 0.9, 0.9, 40),
    MetricValue("mine", "ndcg", 10, "tail", 0.4, None, None, 40),
    MetricValue("mine", "coverage", 10, "all", 0.5, None, None, 40),
    MetricValue("popular", "coverage", 10, "all", None, None, None, 0),
]


@pytest.fixture
def bars(monkeypatch):
    """The bars that are drawn: their places, lengths and intervals."""
    drawn = []
    barh = matplotlib.axes.Axes.barh

    def recorded(axes, places, lengths, *args, xerr=None, **options):
        drawn.append((list(places), list(lengths), xerr))
        return barh(axes, places, lengths, *args, xerr=xerr, **options)

    monkeypatch.setattr(matplotlib.axes.Axes, "barh", recorded)
    return drawn


def test_a_bar_per_recommender_with_its_interval(bars, tmp_path):
    draw_metric(VALUES, "mine", "ndcg", 10, tmp_path / "ndcg.png")
    ((places, lengths, (below, above)),) = bars
    assert places == ["popular", "knn", "mine"] and lengths == [0.1, 0.2, 0.3]
    assert below == pytest.approx([0.02, 0.02, 0.05]) and above == pytest.approx([0.03, 0.03, 0.02])
    assert (tmp_path / "ndcg.png").read_bytes().startswith(b"\x89PNG")


def test_each_slice_has_the_subject_and_the_best_baseline(bars, tmp_path):
    draw_slices(VALUES, "mine", "ndcg", 10, tmp_path / "slices.png")
    assert [(places, lengths) for places, lengths, _ in bars] == [
        ([-0.2], [0.3]),
        ([0.2], [0.2]),
        ([0.8], [0.4]),
        ([], []),
    ]


def test_a_point_needs_both_metrics(monkeypatch, tmp_path):
    points = []
    monkeypatch.setattr(matplotlib.axes.Axes, "scatter", lambda axes, x, y, **options: points.append((x, y)))
    draw_spread(VALUES, "mine", "ndcg", 10, tmp_path / "spread.png")
    assert points == [([0.5], [0.3])]


def test_a_failure_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setattr(matplotlib.axes.Axes, "barh", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        draw_metric(VALUES, "mine", "ndcg", 10, tmp_path / "ndcg.png")
    assert list(tmp_path.iterdir()) == []
