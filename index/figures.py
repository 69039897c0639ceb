"""The `metrics` table: what was measured, one figure a row."""

from collections.abc import Iterable
from dataclasses import asdict

from data.report_card import Figure
from index.library import Library


def store_figures(library: Library, run_id: int, figures: Iterable[Figure]) -> None:
    """Keep a run's figures, in the place of those it had."""
    with library.transaction():
        library.db.execute("DELETE FROM metrics WHERE run_id = ?", [run_id])
        library.db.conn.executemany(
            "INSERT INTO metrics (run_id, subject, metric, k, slice, value, ci_low, ci_high, n)"
            " VALUES (:run_id, :subject, :metric, :k, :slice, :value, :ci_low, :ci_high, :n)",
            [asdict(figure) | {"run_id": run_id} for figure in figures],
        )


def latest_figures(library: Library, stage: str) -> list[Figure]:
    """The figures of the latest finished run of a stage that has any, in the order they were kept."""
    rows = library.db.execute(
        "SELECT subject, metric, k, slice, value, ci_low, ci_high, n FROM metrics WHERE run_id ="
        " (SELECT max(r.id) FROM runs AS r JOIN metrics AS m ON m.run_id = r.id"
        " WHERE r.stage = ? AND r.finished IS NOT NULL) ORDER BY id",
        [stage],
    )
    return [Figure(*row) for row in rows]
