"""The event log: who played what when, as Parquet that any columnar tool reads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

SCHEMA = {"user_id": pl.Int64, "item_id": pl.Int64, "time_s": pl.Int64, "plays": pl.Float32}


def write_events(
    path: Path, user_ids: np.ndarray, item_ids: np.ndarray, times: np.ndarray | None, plays: np.ndarray
) -> None:
    """Write one file of events, ordered by user and time. `time_s` is seconds since 1970 (UTC), null where unknown."""
    table = pl.DataFrame({"user_id": user_ids, "item_id": item_ids, "time_s": times, "plays": plays}, schema=SCHEMA)
    table.sort("user_id", "time_s", maintain_order=True).write_parquet(path, compression="zstd", statistics=True)


def total_plays(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each user played each item, over several files.

    Returns
    -------
    user_ids, item_ids, plays : shape (n_pairs,), int64, int64 and float64; each pair once
    """
    if not paths:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    pairs = (
        pl.scan_parquet([str(path) for path in paths])
        .group_by("user_id", "item_id")
        .agg(pl.col("plays").cast(pl.Float64).sum())
        .sort("user_id", "item_id")
        .collect()
    )
    return pairs["user_id"].to_numpy(), pairs["item_id"].to_numpy(), pairs["plays"].to_numpy()
