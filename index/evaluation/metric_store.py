"""The table `metrics`: one row per metric value of a run."""

from collections.abc import Iterable
from dataclasses import asdict

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.library import Library


def store_metrics(library: Library, run_id: int, metric_values: Iterable[MetricValue]) -> None:
    """Store the metric values of a run, and delete those that it had."""
    with library.transaction():
        library.db.execute("DELETE FROM metrics WHERE run_id = ?", [run_id])
        library.db.conn.executemany(
            "INSERT INTO metrics (run_id, subject, metric, k, slice, value, ci_low, ci_high, n)"
            " VALUES (:run_id, :subject, :metric, :k, :slice, :value, :ci_low, :ci_high, :n)",
            [asdict(value) | {"run_id": run_id} for value in metric_values],
        )
