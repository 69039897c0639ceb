"""Batches of valid events in uniform columns, as every reader yields them, with the rows that were malformed."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from earshot.data.events.interactions import KINDS, SPLITS
from earshot.data.events.protocols import DAY_S
from earshot.data.tables.table_blocks import LONGEST_TEXT, malformed_examples

# Columns of an item; a reader omits those that its format lacks. Without an artist, the title is any name of a track.
ITEM_COLUMNS = dict.fromkeys(("artist", "title", "album", "mbid", "isrc", "path"), pl.String)
ME = "me"  # the user of an export that names none
_1990 = 631_152_000
_MAX_NUMBER = 1e15  # no time and no duration is larger
_MAX_DIGITS = 18  # of an integer in text; Windows counts time with as many
_NEVER = "tracks that were never played"
_MAX_VALUES = {"ratio": 1_000, "played_ms": 2**31 - 1}  # of one play
_MAX_MALFORMED, _MAX_MALFORMED_PER_EVENT = 250_000, 100  # a file that exceeds both holds no listens
CODES = {  # by column, the code of each name
    "kind": {
        **{name: code for code, name in enumerate(KINDS)},
        **{"play": 0, "scrobble": 0, "love": 1, "loved": 1, "hate": 2, "unlove": 3, "unhate": 4},
    },
    "split": {
        **{name: code for code, name in enumerate(SPLITS)},
        **{"valid": 1, "val": 1, "dev": 1, "training": 0, "testing": 2},
    },
}


@dataclass(frozen=True)
class Batch:
    """Some events of a file, one row each: `user`, then columns of an item and of `EVENT_COLUMNS`."""

    events: pl.DataFrame
    n_malformed: int = 0
    malformed: tuple[str, ...] = ()  # the first of them, with their row numbers
    left_out: Mapping[str, int] = field(default_factory=dict)  # numbers of valid entries that are no listens, by kind
    examples: Mapping[str, str] = field(default_factory=dict)  # the first of a kind that is left out, with its row
    part: int = 0  # of the import: an event that several parts hold counts once
    notes: tuple[str, ...] = ()  # on how its file was read, for a person to check
    n_early: int = 0  # events before 1990, when no service kept listens
    errors: tuple[ValueError, ...] = ()  # of files that cannot be read beside others that can


def valid_events(
    blocks: Iterable[pl.DataFrame],
    columns: Mapping[str, pl.Expr],
    *,
    needed: tuple[str, ...],
    is_valid: pl.Expr | None = None,
    lost: Counter[str] | None = None,
    examples: dict[str, str] | None = None,
    shown: list[str] | None = None,
    are_dated: bool = True,
) -> Iterator[Batch]:
    """Select the valid events of a raw table, block by block.

    A row is valid if it has the `needed` columns, a time from 1970 to tomorrow (or none, if it is not needed), plays
    above 0, a possible share or duration of what was played, or none, and if `is_valid`, an expression over the raw
    columns, holds. Rows of 0 plays are no damage: they are left out as what was never played.

    Parameters
    ----------
    columns : the columns of events, as expressions over the raw ones
    lost : entries that are no rows of the blocks, by reason; moved to the `left_out` of the batch of their block
    examples : the first of them by reason, moved likewise
    shown : the raw columns in examples of malformed rows; else all
    are_dated : times count from 1970; else from an unknown moment, and any are valid
    """
    conditions = [pl.col("__is_valid"), *(pl.col(name).is_not_null() for name in needed)]
    if "time_s" in columns:
        latest = int(time.time()) + DAY_S if are_dated else None  # a clock may be fast
        is_possible = pl.col("time_s") >= 0 if latest is None else pl.col("time_s").is_between(0, latest)
        conditions.append(is_possible if "time_s" in needed else is_possible.fill_null(True))
    if "plays" in columns:
        conditions.append(pl.col("plays").is_finite() & (pl.col("plays") > 0))
    for name in _MAX_VALUES.keys() & columns.keys():
        conditions.append(pl.col(name).is_between(0, _MAX_VALUES[name]).fill_null(True))  # false for NaN
    lost = Counter() if lost is None else lost
    examples = {} if examples is None else examples
    first = 0
    for raw in blocks:
        table = raw.select(**columns, __is_valid=pl.lit(True) if is_valid is None else is_valid)
        mask = table.select(mask=pl.all_horizontal(conditions).fill_null(False))["mask"]
        events = table.drop("__is_valid")
        batch = Batch(events, left_out=dict(lost), examples=dict(examples))
        if not mask.all():
            batch = replace(batch, events=events.filter(mask))
            if "plays" in columns and (never := ~mask & (events["plays"] == 0).fill_null(False)).any():
                (example, *_) = malformed_examples(raw.select(shown) if shown else raw, ~never, first)
                left_out, examples_ = {**batch.left_out, _NEVER: int(never.sum())}, {**batch.examples, _NEVER: example}
                batch = replace(batch, left_out=left_out, examples=examples_)
                mask |= never
        if not mask.all():
            malformed = malformed_examples(raw.select(shown) if shown else raw, mask, first)
            batch = replace(batch, n_malformed=int((~mask).sum()), malformed=malformed)
        if "time_s" in columns and are_dated:
            batch = replace(batch, n_early=int((batch.events["time_s"] < _1990).sum()))
        yield batch
        lost.clear()
        examples.clear()
        first += len(raw)


def refuse_malformed(batches: Iterator[Batch], name: str) -> Iterator[Batch]:
    """Pass batches on, and raise a ValueError once hardly one of very many rows is an event."""
    n_events = n_malformed = 0
    for batch in batches:
        n_events, n_malformed = n_events + len(batch.events), n_malformed + batch.n_malformed
        if n_malformed > _MAX_MALFORMED and n_malformed > _MAX_MALFORMED_PER_EVENT * n_events:
            shown = f", such as {batch.malformed[0]}" if batch.malformed else ""
            raise ValueError(
                f"{name} holds no listens: of the first {n_events + n_malformed:,} rows {n_malformed:,} are"
                f" malformed{shown}"
            )
        yield batch


def codes(column: str, values: pl.Expr) -> pl.Expr:
    """Map names to the codes of a column of `CODES`, uint8; null where unknown."""
    names = CODES[column]
    return (
        values.cast(pl.String)
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.UInt8)
    )


def json_text(value: object) -> str | None:
    """Turn a value of JSON into stripped text; None if it is empty or longer than `LONGEST_TEXT`, as in tables.

    Lone surrogates become question marks.
    """
    if value is None or isinstance(value, list | dict | bytes):  # bytes of a database are no text
        return None
    content = str(value).encode("utf-8", "replace")
    return content.decode().strip() or None if len(content) <= LONGEST_TEXT else None


def json_number(value: object, factor: int = 1) -> int | None:
    """Turn a number of JSON times a factor into an integer; None if it is no number or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MAX_NUMBER:
        return None
    return int(value * factor)


def text_number(text: str) -> int | None:
    """The integer of a text of digits, as of a count or a time; None of any other, and of one too long for either.

    >>> text_number("12"), text_number("-1"), text_number("9" * 5_000)
    (12, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None
