"""What every reader of listens gives: whole events in columns of one kind, and what was wrong with the others."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from earshot.data.events.interactions import KINDS, SPLITS
from earshot.data.tables.table_reader import malformed_examples

# Of the track; a reader leaves out what its format does not know. Without an artist, the title is any name of a track.
ITEM_COLUMNS = {"artist": pl.String, "title": pl.String, "album": pl.String, "mbid": pl.String, "isrc": pl.String}
B = TypeVar("B", pl.DataFrame, list[object])
ME = "me"  # who listened, where nobody is named
_GREATEST = 1e15  # beyond lies no time and no duration
_MOST = {"ratio": 1_000, "played_ms": 2**31 - 1}  # beyond lies what no play of one track comes to
_MUCH_NOISE, _NOISE_RATIO = 250_000, 100  # rows that are none, and so many for each event
_SPLIT_NAMES = {
    **{name: code for code, name in enumerate(SPLITS)},
    **{"valid": 1, "val": 1, "dev": 1, "training": 0, "testing": 2},
}
_KIND_NAMES = {
    **{name: code for code, name in enumerate(KINDS)},
    **{"play": 0, "scrobble": 0, "love": 1, "loved": 1, "hate": 2, "unlove": 3, "unhate": 4},
}


@dataclass(frozen=True)
class Batch:
    """Some events of a file, one row each: `user`, then columns of the above."""

    events: pl.DataFrame
    n_malformed: int = 0
    malformed: tuple[str, ...] = ()  # the first of them, as a person finds them
    left_out: Mapping[str, int] = field(default_factory=dict)  # well-formed but not wanted: what, and how many
    part: int = 0  # of the files: an event that several parts hold (user, item, time, kind) is one event
    errors: tuple[ValueError, ...] = ()  # of files that cannot be read beside others that can


def valid_events(
    raw: pl.DataFrame,
    columns: Mapping[str, pl.Expr],
    *,
    needed: tuple[str, ...] = ("user", "title"),
    is_whole: pl.Expr | None = None,
    first: int = 0,
    left_out: Mapping[str, int] | None = None,
    shown: list[str] | None = None,
    are_dated: bool = True,
) -> Batch:
    """The events of a raw table, without the rows that are not whole.

    A row is whole when it has what is `needed`, a time from 1970 to tomorrow, plays above 0, a share or a duration of
    what was played that can be, or none, and `is_whole`, an expression over the raw columns, holds.

    Parameters
    ----------
    columns : of the events, from the raw ones
    first : rows that came before, in earlier blocks of the same file
    shown : the raw columns that examples of malformed rows show; else all
    are_dated : times count from 1970; else from nobody knows when, and may be any
    """
    whole = pl.all_horizontal([pl.col(name).is_not_null() for name in needed])
    if "time_s" in columns:
        whole = whole & (pl.col("time_s") >= 0)
        if are_dated:
            whole = whole & (pl.col("time_s") <= int(time.time()) + 86_400)  # a clock may be fast
    if "plays" in columns:
        whole = whole & pl.col("plays").is_finite() & (pl.col("plays") > 0)
    for name in _MOST.keys() & columns.keys():
        whole = whole & pl.col(name).is_between(0, _MOST[name]).fill_null(True)  # nan is between nothing
    extra = pl.lit(True) if is_whole is None else is_whole
    table = raw.select(**columns, __extra=extra)
    flags = table.select(whole=(whole & pl.col("__extra")).fill_null(False))["whole"]
    events = table.drop("__extra")
    if flags.all():
        return Batch(events, left_out=left_out or {})
    kept = events.filter(flags)
    shown_rows = raw.select(shown) if shown else raw
    return Batch(kept, len(events) - len(kept), malformed_examples(shown_rows, flags, first), left_out or {})


def refuse_noise(batches: Iterator[Batch], name: str) -> Iterator[Batch]:
    """The same batches, but a ValueError once there are very many rows and hardly one of them is an event."""
    n_events = n_malformed = 0
    for batch in batches:
        n_events, n_malformed = n_events + len(batch.events), n_malformed + batch.n_malformed
        if n_malformed > _MUCH_NOISE and n_malformed > _NOISE_RATIO * n_events:
            shown = f", such as {batch.malformed[0]}" if batch.malformed else ""
            raise ValueError(
                f"{name} holds no listens: of the first {n_events + n_malformed:,} rows {n_malformed:,} are"
                f" malformed{shown}"
            )
        yield batch


def codes(values: pl.Expr, names: Mapping[str, int]) -> pl.Expr:
    """Names as their codes, uint8; null where unknown."""
    return (
        values.cast(pl.String)
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.UInt8)
    )


def split_codes(values: pl.Expr) -> pl.Expr:
    return codes(values, _SPLIT_NAMES)


def kind_codes(values: pl.Expr) -> pl.Expr:
    return codes(values, _KIND_NAMES)


def json_text(value: object) -> str | None:
    """What JSON holds, as stripped text; None where it is empty. Halves of characters become question marks."""
    if value is None or isinstance(value, list | dict):
        return None
    return str(value).encode("utf-8", "replace").decode().strip() or None


def json_number(value: object, factor: int = 1) -> int | None:
    """A whole number of JSON, times a factor; None where it is no number, or one that means nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _GREATEST:
        return None
    return int(value * factor)


def numbered(blocks: Iterator[B]) -> Iterator[tuple[int, B]]:
    """Each block with the number of rows that came before it."""
    first = 0
    for block in blocks:
        yield first, block
        first += len(block)


def taken(lost: Counter[str]) -> dict[str, int]:
    """Take the counts of lost rows out of a counter."""
    told = dict(lost)
    lost.clear()
    return told
