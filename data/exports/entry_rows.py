"""Batches of listens from entries whose facts are picked one by one, as of JSON."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import polars as pl

from earshot.data.listens.event_batch import ME, Batch, json_text, valid_events
from earshot.data.listens.listen_times import seconds
from earshot.data.tables.text_blocks import json_object

_N_TEXTS = 5  # of an entry that is shown
Facts = dict[str, Any]
_TEXTS = ("user", "artist", "title", "album", "mbid", "isrc", "path", "time")
_COLUMNS = dict.fromkeys(_TEXTS, pl.String()) | {"played_ms": pl.Int64(), "plays": pl.Float32(), "kind": pl.UInt8()}


def entry_batches(
    blocks: Iterable[Sequence[object]],
    pick: Callable[[Facts], Facts | str],
    listener: str | None,
    *,
    needed: Sequence[str] = ("artist", "title", "time_s"),
    lost: Counter[str] | None = None,
) -> Iterator[Batch]:
    """Yield the listens among blocks of entries; a time in them is a number or ISO 8601, UTC unless it says otherwise.

    Parameters
    ----------
    pick : the facts of an entry, some of `_COLUMNS`; or the plural of what it is, if it is no listen
        Without `plays` it is one; plays of None are no number, and the entry is malformed.
    listener : whose listens they are; else the `user` among the facts, else `ME`
    needed : what a listen must have; without "time_s" it may have no time
    lost : what was left out of the blocks, by reason, while they were read
    """
    time = seconds(pl.col("time"), pl.String())
    columns = {name: pl.col(name) for name in ("artist", "title", "album", "mbid", "isrc")} | {
        "user": pl.lit(listener) if listener else pl.col("user").fill_null(ME),
        "time_s": time,
        "played_ms": pl.col("played_ms").cast(pl.Int32, strict=False),
        "plays": pl.col("plays"),
        "kind": pl.col("kind").fill_null(0),
        "path": pl.when(pl.col("artist").is_null()).then("path"),  # of a file without tags; names hold on any computer
    }
    lost = Counter() if lost is None else lost
    examples: dict[str, str] = {}
    tables = _tables(blocks, pick, lost, examples)
    is_valid = time.is_not_null() | pl.col("time").is_null()
    yield from valid_events(
        tables, columns, needed=("user", *needed), is_valid=is_valid, lost=lost, examples=examples,
        shown=["title", "artist", "time"],
    )  # fmt: skip


def _tables(
    blocks: Iterable[Sequence[object]],
    pick: Callable[[Facts], Facts | str],
    lost: Counter[str],
    examples: dict[str, str],
) -> Iterator[pl.DataFrame]:
    numbers = count(1)  # of the entries in their file
    known: set[str] = set()  # kinds of what is lost
    for entries in blocks:
        rows: list[Facts] = []
        for entry, number in zip(entries, numbers, strict=False):
            facts = pick(json_object(entry))
            if not isinstance(facts, str):
                texts = {name: json_text(facts[name]) for name in facts.keys() & set(_TEXTS)}
                rows.append({"plays": 1} | facts | texts)
                continue
            lost[facts] += 1
            if facts not in known:
                known.add(facts)
                examples[facts] = f"row {number:,}: {', '.join(_texts(entry))}"
        yield pl.DataFrame(rows, schema=_COLUMNS, strict=False)


def _texts(value: object) -> list[str]:
    """The first texts of an entry, for a person to find it."""
    values = list(value.values()) if isinstance(value, dict) else [value]
    flat = [inner for one in values for inner in (one.values() if isinstance(one, dict) else [one])]
    return [text[:40] for text in map(json_text, flat) if text][:_N_TEXTS]
