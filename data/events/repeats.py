"""Drop what several exports tell of one listen: one listener, one track, and times that differ as clocks do.

Services know when a track began or when it ended, to the second or to the minute. So the times of two sources that
are half a minute apart, or in the same minute where one knows no seconds, mean one listen. Within one source nothing
is dropped, and each listen repeats at most one of another source.
"""

import numpy as np
import polars as pl

from earshot.data.events.interactions import LISTEN

_MINUTE_S = 60
_CLOCKS_S = 30  # by which two programs differ about one listen
_MAX_ROUNDS = 20  # of joining neighbours; more come of skipping to and fro alone
_FAR = np.iinfo(np.int64).max
_N_BITS = 63  # of the sets of sources; two that share a bit never repeat each other nearly, only to the second


def without_repeats(events: pl.DataFrame, item: str = "item_id", user: str = "user_id") -> pl.DataFrame:
    """Keep one of the events that several sources hold, in the order of the rows; the most exact, then the first.

    Parameters
    ----------
    events : with a `source`, a `time_s`, a `kind` and perhaps `played_ms`; of those without a time opinions
        count once, and all else is kept
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
    return events.filter(pl.Series(is_kept))


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
