"""The `metrics` table: what was measured, one figure a row."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.library import Library


def store_figures(library: Library, run_id: int, figures: Iterable[MetricValue]) -> None:
    """Keep a run's figures, in the place of those it had."""
    with library.transaction():
        library.db.execute("DELETE FROM metrics WHERE run_id = ?", [run_id])
        library.db.conn.executemany(
            "INSERT INTO metrics (run_id, subject, metric, k, slice, value, ci_low, ci_high, n)"
            " VALUES (:run_id, :subject, :metric, :k, :slice, :value, :ci_low, :ci_high, :n)",
            [asdict(figure) | {"run_id": run_id} for figure in figures],
        )


def latest_figures(library: Library, stage: str) -> list[MetricValue]:
    """The figures of the latest finished run of a stage that has any, in the order they were kept."""
    rows = library.db.execute(
        "SELECT subject, metric, k, slice, value, ci_low, ci_high, n FROM metrics WHERE run_id ="
        " (SELECT max(r.id) FROM runs AS r JOIN metrics AS m ON m.run_id = r.id"
        " WHERE r.stage = ? AND r.finished IS NOT NULL) ORDER BY id",
        [stage],
    )
    return [MetricValue(*row) for row in rows]


def compared(figures: Iterable[MetricValue]) -> list[dict[str, Any]]:
    """One row per slice and metric, one column per subject, the first subject with its interval."""
    rows: dict[tuple[str, str, int | None], dict[str, Any]] = {}
    for figure in figures:
        row = rows.setdefault((figure.slice, figure.metric, figure.k), {})
        if not row:
            row |= {"slice": figure.slice, "figure": figure.metric + (f"@{figure.k}" if figure.k else "")}
            row |= {figure.subject: _text(figure.value), "95 %": _interval(figure), "n": figure.n}
        else:
            row[figure.subject] = _text(figure.value)
    columns = dict.fromkeys(name for row in rows.values() for name in row)
    ordered = [name for name in columns if name != "n"] + (["n"] if rows else [])
    return [{name: row.get(name) for name in ordered} for row in rows.values()]


def _interval(figure: MetricValue) -> str | None:
    return None if figure.ci_low is None else f"{_text(figure.ci_low)} to {_text(figure.ci_high)}"


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"
