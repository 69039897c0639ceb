"""Files of play counts: whether one tells of the same plays as another, later or earlier."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earshot.data.events.interactions import LISTEN

# Counts of ten songs that two other months have, too, are all higher in the later one by chance once in a thousand.
_MIN_GROWN, _NEARLY_ALL = 10, 0.95


@dataclass(frozen=True)
class Totals:
    """The plays of users and items, and the number of opinions."""

    plays: pl.DataFrame  # ids of a user and of an item, and `plays`; each pair once
    n_opinions: int


def read_totals(path: Path, level: str) -> Totals | None:
    """Read a file of play counts; None for one of single listens."""
    log = pl.scan_parquet(path, glob=False)
    listens = log.filter(pl.col("kind") == LISTEN)
    facts = listens.select(times=pl.col("time_s").count(), most=pl.col("plays").max(), n=pl.len()).collect()
    times, most, n = facts.row(0)
    if not n or (times and most <= 1):
        return None
    pairs = listens.group_by("user_id", f"{level}_id").agg(pl.col("plays").cast(pl.Float64).sum())
    plays = pairs.collect(engine="streaming")
    if times and len(plays) < n:
        return None
    return Totals(plays, log.select((pl.col("kind") != LISTEN).sum()).collect().item())


def are_of_the_same(one: Totals, other: Totals) -> bool:
    """Tell whether two files count the plays of mostly the same users and items."""
    n_shared = len(one.plays.join(other.plays, on=one.plays.columns[:2], how="semi"))
    return 2 * n_shared >= min(len(one.plays), len(other.plays))


def has_grown_into(earlier: Totals, later: Totals, n_least: int = _MIN_GROWN) -> bool:
    """Tell whether a file holds what another held some time ago: nearly all pairs, and none of these played less.

    Two files of fewer than `n_least` pairs may agree by chance.
    """
    shared = earlier.plays.join(later.plays, on=earlier.plays.columns[:2])
    n_grown = int((shared["plays"] <= shared["plays_right"]).sum())
    is_grown = n_grown >= max(n_least, _NEARLY_ALL * len(earlier.plays))
    return is_grown and later.n_opinions >= _NEARLY_ALL * earlier.n_opinions
