"""From batches of named events to rows, on disk, and the names that the rows stand for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import polars as pl

from earshot.data.events.event_log import EVENT_COLUMNS
from earshot.data.events.external_sort import EVENTS_AT_ONCE, EventSort
from earshot.data.files.atomic import temporary_folder
from earshot.data.listens.event_batch import ITEM_COLUMNS, Batch
from earshot.data.listens.vocabulary import Vocabulary
from earshot.data.tables.table_reader import N_EXAMPLES

_BETWEEN = "\x1f"  # of artist and title in a key: stands in no name


@dataclass(frozen=True)
class Items:
    """The different tracks or artists of a file, each one once. Without an artist, the title is any name."""

    artists: Sequence[str | None]
    titles: Sequence[str]
    albums: Sequence[str | None]
    mbids: Sequence[str | None]
    isrcs: Sequence[str | None]
    title_is_key: bool = False  # a title means one item, whoever is said to have made it

    @classmethod
    def from_names(cls, names: Sequence[str]) -> "Items":
        """Items of which nothing is known but some name."""
        nothing = [None] * len(names)
        return cls(nothing, names, nothing, nothing, nothing)

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def names(self) -> list[str]:
        """As a person would say them."""
        return [
            title if artist is None else f"{artist} - {title}"
            for artist, title in zip(self.artists, self.titles, strict=True)
        ]


class EventCollector:
    """Takes the batches of one import. A context: what it lays on disk is gone at the end.

    Parameters
    ----------
    folder : where there is room for the events
    level : of the items, "track" or "artist"
    prefix : before the names of users and items that are numbers
    """

    def __init__(
        self, folder: Path, level: str = "track", *, prefix: str = "", events_at_once: int = EVENTS_AT_ONCE
    ) -> None:
        self.level, self._prefix = level, prefix
        self._laid_down = ExitStack()
        self._sort = EventSort(self._laid_down.enter_context(temporary_folder(folder)), events_at_once)
        self._users, self._items = Vocabulary(), Vocabulary()
        self._n_parts = 0
        self.is_timed = False  # some events have a time
        self.n_malformed = 0
        self.malformed: tuple[str, ...] = ()
        self.left_out: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._laid_down.close()

    def __len__(self) -> int:
        """Events of all parts, what several know counted in each."""
        return len(self._sort)

    def __repr__(self) -> str:
        return f"<EventCollector {len(self._users):,} users x {len(self._items):,} {self.level}s, {len(self):,} events>"

    def add(self, batch: Batch) -> None:
        self.n_malformed += batch.n_malformed
        self.malformed = (*self.malformed, *batch.malformed)[:N_EXAMPLES]
        self.left_out.update(batch.left_out)
        events = batch.events
        if not len(events):
            return
        there = set(events.columns)
        self.is_timed |= "time_s" in there
        self._n_parts = max(self._n_parts, batch.part + 1)
        event_columns = {
            name: (pl.col(name) if name in there else pl.lit(None, dtype)).fill_null(pl.lit(_DEFAULTS.get(name), dtype))
            for name, dtype in EVENT_COLUMNS.items()
        }
        numbers = [
            pl.Series("user_row", self._users.rows(events.select(key=pl.col("user")))),
            pl.Series("item_row", self._items.rows(_keyed(events))),
        ]
        block = events.with_columns(**event_columns).select(*EVENT_COLUMNS)
        self._sort.add(block.with_columns(*numbers, part=pl.lit(batch.part, pl.UInt32)))

    @property
    def users(self) -> list[str]:
        """Their names, in the order of rows."""
        return self._names(self._users.column("key"))

    @cached_property
    def items(self) -> Items:
        """In the order of rows; asked for when all batches are in."""
        nothing = [None] * len(self._items)
        columns = {name: nothing if self._is_plain else self._items.column(name).to_list() for name in ITEM_COLUMNS}
        titles = self._names(self._items.column("key" if self._is_plain else "title"))
        return Items(columns["artist"], titles, columns["album"], columns["mbid"], columns["isrc"])

    def item_numbers(self) -> np.ndarray:
        """The items themselves, where they are numbers, (n_items,) int64."""
        return self._items.column("key").to_numpy()

    def events(self, user_ids: np.ndarray, item_ids: np.ndarray) -> Iterator[pl.DataFrame]:
        """All events with ids in the place of rows, (n_users,) and (n_items,), by user and time.

        What several parts know is there once.
        """
        is_parted = self._n_parts > 1
        for block in self._sort.ordered(*(() if is_parted else ("part",))):
            block = _without_repeats(block) if is_parted else block
            users, items = user_ids[block["user_row"].to_numpy()], item_ids[block["item_row"].to_numpy()]
            yield block.select(
                pl.Series("user_id", users), pl.Series(f"{self.level}_id", items), *map(pl.col, EVENT_COLUMNS)
            )

    @property
    def _is_plain(self) -> bool:
        return self._items.column("key").dtype != pl.String

    def _names(self, values: pl.Series) -> list[str]:
        if values.dtype == pl.String:
            return values.to_list()
        return (self._prefix + values.cast(pl.String)).to_list()


def _without_repeats(block: pl.DataFrame) -> pl.DataFrame:
    """Drop repeats as `data.events.event_log.without_repeats` does, across files; the first part's copy stays."""
    key = ["user_row", "item_row", "time_s", "kind"]
    count = pl.int_range(pl.len(), dtype=pl.UInt32)
    number = pl.when(pl.col("time_s").is_null()).then(count.over(key)).otherwise(count.over([*key, "part"]))
    return block.with_columns(number=number).unique([*key, "number"], keep="first", maintain_order=True)


_DEFAULTS = {"plays": 1.0, "kind": 0}


def _keyed(events: pl.DataFrame) -> pl.DataFrame:
    """Items with their keys: artist and title whatever their case, else the name or number as it is."""
    if events.schema["title"] != pl.String:
        return events.select(key="title")
    columns = [
        pl.col(name) if name in events.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in ITEM_COLUMNS.items()
    ]
    table = events.select(columns)
    if table["artist"].null_count() == len(table):
        return table.with_columns(key="title")
    both = pl.concat_str(pl.col("artist"), pl.col("title"), separator=_BETWEEN).str.to_lowercase()
    return table.with_columns(key=both.fill_null(pl.col("title")))
