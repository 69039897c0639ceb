"""The event log: who played what when, as Parquet that any columnar tool reads.

What two exports that overlap both tell counts once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from earshot.data.events.external_sort import disk_errors
from earshot.data.events.interactions import DISLIKE, LIKE, LISTEN, UNLIKE
from earshot.data.files.regular_files import require_regular

EVENT_COLUMNS = {
    "time_s": pl.Int64,  # since 1970, UTC
    "plays": pl.Float32,  # 1 where each row is one play
    "played_ms": pl.Int32,
    "ratio": pl.Float32,  # of the track that was played
    "kind": pl.UInt8,  # codes of data.events.interactions.KINDS
    "split": pl.UInt8,  # codes of data.events.interactions.SPLITS
}

_ROW_GROUP = 1_000_000
# Parquet packs one number a billion times into a few bytes: beyond these, a file claims more events than it can hold.
_FREE_EVENTS, _MAX_EVENTS_PER_BYTE = 10_000_000, 100
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


def linked_items(level: str, links: Mapping[int, int] | None) -> pl.Expr:
    """The column of items, with linked ones replaced by the items that stand for them."""
    item = pl.col(f"{level}_id")
    return item.replace(list(links), list(links.values())) if links else item


def total_plays(
    paths: Sequence[Path], level: str, links: Mapping[int, int] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count how often each user played or liked each item, over several files.

    An event that several files hold (one user, item and time) counts once; a like that was taken back does not count.

    Parameters
    ----------
    links : ids of items, and of the items that stand for them

    Returns
    -------
    user_ids, item_ids, plays : shape (n_pairs,), int64, int64 and float64; each pair once
    """
    if not paths:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    columns = [*map(pl.col, ("user_id", "time_s", "plays", "kind")), linked_items(level, links).alias("item_id")]
    log = [pl.scan_parquet(path, glob=False).select(columns) for path in paths]
    opinions = pl.concat([file.filter(pl.col("kind").is_in(_OPINIONS)) for file in log])
    last = opinions.group_by("user_id", "item_id").agg(pl.col("kind").sort_by("time_s", "kind").last())
    likes = without_repeats([file.filter(pl.col("kind") == LIKE) for file in log])
    active = likes.join(last.filter(pl.col("kind") == LIKE), on=["user_id", "item_id"], how="semi")
    listens = without_repeats([file.filter(pl.col("kind") == LISTEN) for file in log])
    pairs = (
        pl.concat([listens, active])
        .group_by("user_id", "item_id")
        .agg(pl.col("plays").cast(pl.Float64).sum())
        .sort("user_id", "item_id")
        .cast({"user_id": pl.Int64, "item_id": pl.Int64})
        .collect(engine="streaming")
    )
    return pairs["user_id"].to_numpy(), pairs["item_id"].to_numpy(), pairs["plays"].to_numpy()


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


def without_repeats(files: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
    """Concatenate the events of several files without those that an earlier file holds already.

    A later export repeats an earlier one. Within one file nothing is dropped: if times are days, a track may well be
    played twice at one time. Events without a time are never repeats.
    """
    if len(files) == 1:
        return files[0]
    key = ["user_id", "item_id", "time_s", "kind"]
    of_files = [
        frame.with_columns(__n=pl.int_range(pl.len(), dtype=pl.UInt32).over(key), __file=pl.lit(number))
        for number, frame in enumerate(files)
    ]
    events = pl.concat(of_files)
    timed = events.filter(pl.col("time_s").is_not_null()).unique([*key, "__n"], keep="any")
    return pl.concat([timed, events.filter(pl.col("time_s").is_null())]).drop("__n", "__file")


def without_repeated_parts(block: pl.DataFrame) -> pl.DataFrame:
    """Drop repeats across the parts of one import, as `without_repeats` does across files; the first part stays."""
    key = ["user_row", "item_row", "time_s", "kind"]
    count = pl.int_range(pl.len(), dtype=pl.UInt32)
    number = pl.when(pl.col("time_s").is_null()).then(count.over(key)).otherwise(count.over([*key, "part"]))
    return block.with_columns(number=number).unique([*key, "number"], keep="first", maintain_order=True)
