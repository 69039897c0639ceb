"""Drop what several exports tell of one listen: one listener, one track, and times that differ as clocks do.

Services know when a track began or when it ended, to the second or to the minute. So the times of two sources that
are half a minute apart, or in the same minute where one knows no seconds, mean one listen. Within one source nothing
is dropped, and each listen repeats at most one of another source. A source that knows days alone repeats on each day
the listens that others tell of it.
"""

import numpy as np
import polars as pl

from earshot.data.events.interactions import LISTEN
from earshot.data.events.protocols import DAY_S

_MINUTE_S = 60
_CLOCKS_S = 30  # by which two programs differ about one listen
_HOUR_S = 3_600
_HOURS = sorted(range(-12, 15), key=lambda hours: (abs(hours), hours))  # of zones, before UTC and behind
_MIN_GAIN, _MIN_GAIN_SHARE = 3, 0.02  # of matches, for the days to be those of another zone than UTC
_MAX_ROUNDS = 20  # of joining neighbours; more come of skipping to and fro alone
_FAR = np.iinfo(np.int64).max
_N_BITS = 63  # of the sets of sources; two that share a bit never repeat each other nearly, only to the second


def without_repeats(events: pl.DataFrame, item: str = "item_id", user: str = "user_id") -> pl.DataFrame:
    """Keep one of the events that several sources hold, in the order of the rows; the most exact, then the first.

    Parameters
    ----------
    events : with a `source`, a `time_s`, a `kind` and perhaps `played_ms`; of those without a time opinions
        count once, and all else is kept; also perhaps `plays`, of which a day keeps those that no other source tells
    """
    if not len(events) or events["source"].min() == events["source"].max():
        return events
    keys = [user, item, "kind"]
    columns = {"ends_s": pl.col("time_s") + pl.col("played_ms") // 1_000} if "played_ms" in events.columns else {}
    order = (
        events.select(*keys, "time_s", "source", **columns)
        .with_row_index("row")
        .filter(pl.col("time_s").is_not_null())
        .sort(*keys, "time_s", "source", maintain_order=True)
    )
    times, sources = order["time_s"].to_numpy(), order["source"].to_numpy()
    is_new_key = _changes(*(order[name].to_numpy() for name in keys))
    is_exact = times % _MINUTE_S != 0
    if columns:
        is_exact &= order["ends_s"].fill_null(1).to_numpy() % _MINUTE_S != 0
    kept, bits = _one_a_second(is_new_key | _changes(times), sources)
    key = np.cumsum(is_new_key)
    for _ in range(_MAX_ROUNDS):
        pairs = _nearest_pairs(key[kept], times[kept], is_exact[kept], bits)
        if not len(pairs):
            break
        later_stays = is_exact[kept[pairs + 1]] & ~is_exact[kept[pairs]]
        stays, goes = pairs + later_stays, pairs + ~later_stays
        bits[stays] |= bits[goes]
        kept, bits = np.delete(kept, goes), np.delete(bits, goes)
    is_told_again = (pl.col("kind") != LISTEN) & ~pl.struct(*keys, "time_s").is_first_distinct()
    is_kept = events.select(pl.col("time_s").is_null() & ~is_told_again).to_series().to_numpy().copy()
    is_kept[order["row"].to_numpy()[kept]] = True
    is_day = _are_of_days(events, user)
    events = events.filter(pl.Series(is_kept))
    return events if is_day is None else _without_repeated_days(events, is_day.filter(pl.Series(is_kept)), keys)


def _are_of_days(events: pl.DataFrame, user: str) -> pl.Series | None:
    """Whether each event is of a source that knows days alone of its user; None if none or all are."""
    is_midnight = pl.col("time_s") % DAY_S == 0
    if not events.select(is_midnight.any()).item():
        return None
    is_day = events.select(is_midnight.all().over(user, "source") & pl.col("time_s").is_not_null()).to_series()
    return is_day if is_day.any() and not is_day.all() else None


def _without_repeated_days(events: pl.DataFrame, is_day: pl.Series, keys: list[str]) -> pl.DataFrame:
    """Drop from days what other sources tell of them, in the zone in which most of it agrees, one for each user."""
    user = keys[0]
    has_plays = "plays" in events.columns
    days = events.select(
        *keys, day=pl.col("time_s") // DAY_S, plays=pl.col("plays").cast(pl.Float64) if has_plays else pl.lit(1.0)
    ).with_row_index("row")
    days = days.filter(is_day)
    singles = events.filter(~is_day & pl.col("time_s").is_not_null()).select(*keys, "time_s")
    singles = singles.join(days, on=keys, how="semi")
    if not len(singles):
        return events
    of_days = days.group_by(*keys, "day").agg(pl.col("plays").sum())
    told = pl.concat([_told_by_day(singles, of_days, keys, hours) for hours in _HOURS])
    zones = told.group_by(user, "hours", maintain_order=True).agg(n=pl.min_horizontal("n", "plays").sum())
    first = zones.filter(pl.col("hours") == 0).select(user, n_utc="n")
    zones = zones.join(first, on=user, how="left").with_columns(pl.col("n_utc").fill_null(0))
    gain = pl.col("n") - pl.col("n_utc")
    zones = zones.filter(
        (pl.col("hours") == 0) | (gain >= pl.max_horizontal(pl.lit(_MIN_GAIN), _MIN_GAIN_SHARE * pl.col("n")))
    )
    best = zones.sort(pl.col("n"), descending=True, maintain_order=True).unique(user, keep="first")
    told = told.join(best, on=[user, "hours"], how="semi").select(*keys, "day", "n")
    left = days.join(told, on=[*keys, "day"], how="left", maintain_order="left").with_columns(pl.col("n").fill_null(0))
    n_before = pl.col("plays").cum_sum().over(*keys, "day") - pl.col("plays")
    n_told = (pl.col("n") - n_before).clip(0, pl.col("plays"))
    left = left.select("row", left=pl.col("plays") - n_told)
    events = events.with_row_index("row").join(left, on="row", how="left", maintain_order="left").drop("row")
    events = events.filter(pl.col("left").is_null() | (pl.col("left") > 0))
    if has_plays:
        dtype = events.schema["plays"]
        events = events.with_columns(plays=pl.coalesce(pl.col("left"), pl.col("plays")).cast(dtype))
    return events.drop("left")


def _told_by_day(singles: pl.DataFrame, days: pl.DataFrame, keys: list[str], hours: int) -> pl.DataFrame:
    """Count the events of each day in a zone of so many hours before UTC, beside the `plays` of that day."""
    day = (pl.col("time_s") + hours * _HOUR_S) // DAY_S
    counts = singles.group_by(*keys, day=day).agg(n=pl.len().cast(pl.Float64))
    return days.join(counts, on=[*keys, "day"]).with_columns(hours=pl.lit(hours))


def _one_a_second(is_new: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that remain if the n-th event of a second in one source is the n-th in another, and bits of its sources.

    Parameters
    ----------
    is_new : whether a row has another listener, track or second than the one before; rows go by them, then by source
    """
    n = np.arange(len(is_new))
    starts = np.maximum.accumulate(np.where(is_new | _changes(sources), n, 0))
    number = n - starts  # among the events of its second and source
    second = np.cumsum(is_new)
    order = np.lexsort((number, second)) if number.any() else n
    firsts = np.flatnonzero(_changes(second[order], number[order]))
    bits = np.left_shift(np.int64(1), sources[order].astype(np.int64) % _N_BITS)
    kept, bits = order[firsts], np.bitwise_or.reduceat(bits, firsts)
    by_row = np.argsort(kept)
    return kept[by_row], bits[by_row]


def _nearest_pairs(key: np.ndarray, times: np.ndarray, is_exact: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Places of events that are one with the next event, and nearer to it than either is to another such event."""
    apart = np.diff(times)
    is_one = (np.diff(key) == 0) & (bits[1:] & bits[:-1] == 0)
    is_one &= (apart <= _CLOCKS_S) | (~is_exact[:-1] & (apart < _MINUTE_S))
    distance = np.pad(np.where(is_one, apart, _FAR), 1, constant_values=_FAR)
    return np.flatnonzero(is_one & (distance[1:-1] < distance[:-2]) & (distance[1:-1] <= distance[2:]))


def _changes(*columns: np.ndarray) -> np.ndarray:
    """Whether each row differs from the one before in some column; True for the first."""
    differs = np.zeros(len(columns[0]), dtype=bool)
    differs[:1] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return differs
