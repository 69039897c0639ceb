"""Runs of stages, recorded in the library: start, continue and finish them, with their metrics."""

import json
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from earshot.evaluation.metrics.metric_value import MetricValue
from earshot.index.database_checks import read_json
from earshot.index.library import Library, now

# Names of stages in the column `stage`.
DIFFUSE_STAGE = "diffuse-audio"
EMBED_STAGE = "embed-audio"
EVALUATE_STAGE = "evaluate"
FORGET_STAGE = "forget-listens"
IMPORT_STAGE = "import-listens"
RECOMMEND_STAGE = "recommend"
TOWER_STAGE = "train-tower"
TRAINING_STAGE = "train-audio"


def start_run(
    library: Library,
    stage: str,
    config: dict[str, Any],
    *,
    fingerprint: str | None = None,
    seed: int | None = None,
    versions: dict[str, str] | None = None,
    checkpoint: str | None = None,
) -> tuple[int, int]:
    """Record that a stage starts.

    Returns
    -------
    (run_id, head_id)
        Results belong to `head_id`, the first run of the stage with the same fingerprint, which this run continues.
        Without such a run both ids are equal.
    """
    with library.transaction():
        head = head_run(library, stage, fingerprint)
        run_id: int = library.value(
            "INSERT INTO runs (stage, continues, fingerprint, started, config, seed, versions, checkpoint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            [stage, head, fingerprint, now(), json.dumps(config), seed, json.dumps(versions), checkpoint],
        )
    return run_id, run_id if head is None else head


def head_run(library: Library, stage: str, fingerprint: str | None) -> int | None:
    """The first run of a stage with this fingerprint; later ones continue it."""
    query = "SELECT id FROM runs WHERE stage = ? AND fingerprint = ? AND continues IS NULL"
    return library.value(query, [stage, fingerprint])


def current_fingerprint(library: Library) -> str | None:
    """The fingerprint of the ear whose vectors search uses; None before the first embedding."""
    return library.value("SELECT fingerprint FROM runs WHERE id = (SELECT run_id FROM spaces WHERE space = 'audio')")


def trained_checkpoint(library: Library, stage: str) -> Path | None:
    """The checkpoint of the latest finished run of a training stage."""
    query = "SELECT checkpoint FROM runs WHERE stage = ? AND finished NOT NULL AND checkpoint NOT NULL ORDER BY id DESC"
    name = library.value(query, [stage])
    return None if name is None else library.file(name, "checkpoints")


def finish_run(library: Library, run_id: int, metrics: dict[str, Any]) -> None:
    """Record that a run has ended, with its metrics."""
    library.db.execute("UPDATE runs SET finished = ?, metrics = ? WHERE id = ?", [now(), json.dumps(metrics), run_id])


def discard_run(library: Library, run_id: int) -> None:
    """Remove a run that left nothing."""
    library.db.execute("DELETE FROM runs WHERE id = ?", [run_id])


def store_metrics(library: Library, run_id: int, metric_values: Iterable[MetricValue]) -> None:
    """Store the metric values of a run in the table `metrics`, and delete those that it had."""
    with library.transaction():
        library.db.execute("DELETE FROM metrics WHERE run_id = ?", [run_id])
        columns = ", ".join(field.name for field in fields(MetricValue))
        library.insert("metrics", f"run_id, {columns}", [(run_id, *astuple(value)) for value in metric_values])


def finish_interrupted(library: Library, stage: str) -> None:
    """Close the interrupted runs of a stage, once nothing is left of their work."""
    library.db.execute("UPDATE runs SET finished = ? WHERE stage = ? AND finished IS NULL", [now(), stage])


def is_interrupted(library: Library, stage: str) -> bool:
    """Tell whether the latest run of a stage has not ended."""
    return bool(library.value("SELECT finished IS NULL FROM runs WHERE stage = ? ORDER BY id DESC", [stage]))


def run_config(library: Library, run_id: int) -> dict[str, Any]:
    """The settings that a run was started with."""
    return read_json(library.value("SELECT config FROM runs WHERE id = ?", [run_id]))
