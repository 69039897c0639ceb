"""The event log: who played what when, as Parquet that any columnar tool reads.

What two exports that overlap both tell counts once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from earshot.data.events.external_sort import EVENTS_AT_ONCE, user_ranges
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNLIKE
from earshot.data.events.repeats import without_repeats
from earshot.data.files.parquet_parts import disk_errors
from earshot.data.files.regular_files import require_regular

EVENT_COLUMNS = {
    "time_s": pl.Int64,  # since 1970, UTC
    "plays": pl.Float32,  # 1 where each row is one play
    "played_ms": pl.Int32,
    "ratio": pl.Float32,  # of the track that was played
    "kind": pl.UInt8,  # codes of data.events.interactions.KINDS
    "split": pl.UInt8,  # codes of data.events.interactions.SPLITS
}

SESSION_GAP_S = 1_800  # without a new play, after which another session begins
_ROW_GROUP = 1_000_000
# Parquet packs one number a billion times into a few bytes: beyond these, a file claims more events than it can hold.
_FREE_EVENTS, _MAX_EVENTS_PER_BYTE = 10_000_000, 100
_MAX_READ_AT_ONCE = 2**20  # bytes
_OPINIONS = [LIKE, DISLIKE, UNLIKE]  # the last decides, as in `active_mask`


def schema(level: str) -> dict[str, type[pl.DataType]]:
    """Columns of a file of listens: `user_id`, `track_id` or `artist_id` by the level, then `EVENT_COLUMNS`."""
    return {"user_id": pl.Int32, f"{level}_id": pl.Int32, **EVENT_COLUMNS}


def write_events(path: Path, blocks: Iterable[pl.DataFrame], level: str) -> int:
    """Write blocks of events into one file, holding one block at a time; return the number of events."""
    n_events = 0

    def source(*_: object) -> Iterator[pl.DataFrame]:
        nonlocal n_events
        for block in blocks:
            n_events += len(block)
            yield block.select([pl.col(name).cast(dtype) for name, dtype in schema(level).items()])

    log = register_io_source(source, schema=schema(level))
    with disk_errors(path):
        log.sink_parquet(
            path, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP, statistics=True,
            maintain_order=True,
        )  # fmt: skip
    return n_events


class LogError(ValueError):
    """A file of events differs from what `write_events` writes; the message says which and why."""


def check_log(path: Path, level: str, n_events: int) -> None:
    """Check the columns and the size that a file of events claims, before reading it.

    Raises
    ------
    LogError
        Its columns are others, or it claims another number of events.
    OSError
        It cannot be read.
    """
    require_regular(path)
    with log_errors(path):
        log = pl.scan_parquet(path, glob=False)
        columns, n_rows = log.collect_schema(), log.select(pl.len()).collect().item()
    for name, dtype in schema(level).items():
        if columns.get(name) != dtype:
            raise LogError(f"{path} has {columns.get(name, 'nothing')} for {name}, not {dtype}")
    if n_rows != n_events or n_rows > _FREE_EVENTS + _MAX_EVENTS_PER_BYTE * path.stat().st_size:
        raise LogError(f"{path} says that it holds {n_rows:,} events, not {n_events:,}")


@contextmanager
def log_errors(path: Path | None = None) -> Iterator[None]:
    """Turn what polars raises about a damaged file of events into a LogError of one sentence."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = str(error).strip().splitlines()[0][:100] if str(error).strip() else "no reason is given"
        raise LogError(f"{path or 'a file of listens'} is damaged ({reason})") from None


def read_log(path: Path, level: str, links: Mapping[int, int] | None) -> pl.LazyFrame:
    """A file of events, whose items are those that stand for linked ones.

    A small file is read at once: one of feedback may be replaced, and removed, while a longer one is read.
    """
    is_small = path.stat().st_size <= _MAX_READ_AT_ONCE
    log = pl.read_parquet(path, glob=False).lazy() if is_small else pl.scan_parquet(path, glob=False)
    return log.select(pl.exclude(f"{level}_id"), item_id=linked_items(level, links))


def events_per_user(log: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    """The `user_id` of each user, rising, and how many events (`len`) several files hold together."""
    users = pl.concat([frame.select("user_id") for frame in log])
    return users.group_by("user_id").len().sort("user_id").collect(engine="streaming")


def read_users(
    log: Sequence[pl.LazyFrame], low: int, high: int, *, songs: Mapping[int, int] | None = None
) -> pl.DataFrame:
    """Read the events of users from `low` to `high` from several files, in their order, without repeats.

    Parameters
    ----------
    songs : ids of items that bear the same names as another, whose listens they may repeat, and of that one
    """
    frames = [
        frame.filter(pl.col("user_id").is_between(low, high)).with_columns(source=pl.lit(number, pl.UInt32))
        for number, frame in enumerate(log)
    ]
    events = pl.concat(frames).collect()
    if not songs:
        return without_repeats(events).drop("source")
    song = pl.col("item_id").replace(list(songs), list(songs.values()))
    return without_repeats(events.with_columns(song=song), "song").drop("source", "song")


def linked_items(level: str, links: Mapping[int, int] | None) -> pl.Expr:
    """The column of items, with linked ones replaced by the items that stand for them."""
    item = pl.col(f"{level}_id")
    return item.replace(list(links), list(links.values())) if links else item


def total_plays(
    paths: Sequence[Path],
    level: str,
    links: Mapping[int, int] | None = None,
    songs: Mapping[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count how often each user played or liked each item, over several files.

    An event that several files hold (`data.events.repeats`) counts once; a like that was taken back does not count.

    Parameters
    ----------
    links : ids of items, and of the items that stand for them
    songs : of `read_users`

    Returns
    -------
    user_ids, item_ids, plays : shape (n_pairs,), int64, int64 and float64; each pair once
    """
    if not paths:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    log = [read_log(path, level, links) for path in paths]
    if len(paths) == 1:
        totals = _totals(log[0]).collect(engine="streaming")
    else:
        users = events_per_user(log)
        ranges = user_ranges(users["len"].to_numpy(), EVENTS_AT_ONCE)
        events = (read_users(log, *users["user_id"][[low, high - 1]], songs=songs) for low, high in ranges)
        totals = pl.concat([_totals(block.lazy()).collect() for block in events])
    pairs = totals.sort("user_id", "item_id").cast({"user_id": pl.Int64, "item_id": pl.Int64})
    return pairs["user_id"].to_numpy(), pairs["item_id"].to_numpy(), pairs["plays"].to_numpy()


def session_plays(
    paths: Sequence[Path],
    level: str,
    links: Mapping[int, int] | None = None,
    songs: Mapping[int, int] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Count how often the only user played each item in each session; None of several users or unknown times.

    Parameters are those of `total_plays`.

    Returns
    -------
    session_rows, item_ids, plays : shape (n_pairs,), int64, int64 and float64; each pair once
    """
    log = [read_log(path, level, links) for path in paths]
    users = events_per_user(log)["user_id"].to_list() if log else []
    if len(users) != 1:
        return None
    events = read_users(log, *users, *users, songs=songs).filter(
        (pl.col("kind") == LISTEN) & pl.col("time_s").is_not_null()
    )
    if not len(events):
        return None
    events = events.sort("time_s")
    events = events.with_columns(session=pl.Series(session_rows(events["time_s"].to_numpy())))
    pairs = events.group_by("session", "item_id").agg(pl.col("plays").cast(pl.Float64).sum()).sort("session", "item_id")
    return pairs["session"].to_numpy(), pairs["item_id"].cast(pl.Int64).to_numpy(), pairs["plays"].to_numpy()


def session_rows(times: np.ndarray) -> np.ndarray:
    """Number the session of each event of one listener: (n_events,) int64, from rising times in seconds.

    >>> session_rows(np.array([0, 200, 2_000, 4_000]))
    array([0, 0, 0, 1])
    """
    return np.cumsum(np.diff(times, prepend=times[:1]) > SESSION_GAP_S)


def _totals(events: pl.LazyFrame) -> pl.LazyFrame:
    """Sum what each user played or liked; a like that was taken back later does not count."""
    opinions = events.filter(pl.col("kind").is_in(_OPINIONS))
    last = opinions.group_by("user_id", "item_id").agg(pl.col("kind").sort_by("time_s", "kind").last())
    likes = events.filter(pl.col("kind") == LIKE)
    active = likes.join(last.filter(pl.col("kind") == LIKE), on=["user_id", "item_id"], how="semi")
    plays = pl.concat([events.filter(pl.col("kind") == LISTEN), active])
    return plays.group_by("user_id", "item_id").agg(pl.col("plays").cast(pl.Float64).sum())


def played_among(paths: Sequence[Path], level: str, item_ids: Sequence[int]) -> list[int]:
    """Find which of some items occur in any of several files; their ids, rising."""
    item = pl.col(f"{level}_id")
    files = [pl.scan_parquet(path, glob=False).filter(item.is_in(item_ids)).select(item) for path in paths]
    return pl.concat(files).unique().collect(engine="streaming").to_series().sort().to_list()


def unique_ids(paths: Sequence[Path], column: str) -> np.ndarray:
    """Collect the different ids in one column of several files: (n,) int64, rising."""
    if not paths:
        return np.empty(0, dtype=np.int64)
    files = [pl.scan_parquet(path, glob=False).select(pl.col(column).cast(pl.Int64)) for path in paths]
    return pl.concat(files).unique().sort(column).collect(engine="streaming").to_series().to_numpy()
