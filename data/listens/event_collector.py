"""Collect batches of events on disk, with a row for each user and item, and the names of the rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from earshot.data.events.event_log import EVENT_COLUMNS
from earshot.data.events.external_sort import EVENTS_AT_ONCE, EventSort
from earshot.data.events.repeats import without_repeats
from earshot.data.files.atomic import temporary_folder
from earshot.data.listens.event_batch import ITEM_COLUMNS, Batch
from earshot.data.tables.table_blocks import N_EXAMPLES

_MAX_ARRAY_KEY = 2**28  # numbers below this are looked up in an array, of a gigabyte at most
_SEPARATOR = "\x1f"  # between artist and title in a key; in no name
_IF_NULL = {"plays": 1.0, "kind": 0}  # of columns that a batch lacks, and of nulls


@dataclass(frozen=True)
class Items:
    """The different tracks or artists of an import. Without an artist, the title is any name."""

    artists: Sequence[str | None]
    titles: Sequence[str]
    albums: Sequence[str | None]
    mbids: Sequence[str | None]
    isrcs: Sequence[str | None]
    paths: Sequence[str | None] = ()  # of files; empty if none is known
    title_is_key: bool = False  # a title means one item, whichever its artist

    @classmethod
    def from_names(cls, names: Sequence[str]) -> "Items":
        """Make items of which nothing but a name is known."""
        unknown = [None] * len(names)
        return cls(unknown, names, unknown, unknown, unknown)

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def names(self) -> list[str]:
        """Names of the items, as "Artist - Title" if the artist is known."""
        return [
            title if artist is None else f"{artist} - {title}"
            for artist, title in zip(self.artists, self.titles, strict=True)
        ]


class EventCollector:
    """A collector of the batches of one import. A context, which removes its files at the end.

    Parameters
    ----------
    folder : with room on disk for the events
    level : of the items, "track" or "artist"
    prefix : before the names of users and items that are numbers
    """

    def __init__(
        self, folder: Path, level: str = "track", *, prefix: str = "", events_at_once: int = EVENTS_AT_ONCE
    ) -> None:
        self.level, self._prefix = level, prefix
        self._files = ExitStack()
        self._sort = EventSort(self._files.enter_context(temporary_folder(folder)), events_at_once)
        self._users, self._items = Vocabulary(), Vocabulary()
        self._n_parts = 0
        self.is_timed = False  # whether some events have a time
        self.n_malformed = 0
        self.malformed: tuple[str, ...] = ()
        self.left_out: Counter[str] = Counter()
        self.examples: dict[str, str] = {}  # of what is left out
        self.notes: dict[str, None] = {}  # in their order
        self.n_early = 0  # events before 1990

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    def __len__(self) -> int:
        """Number of events in all parts, repeats included."""
        return len(self._sort)

    def __repr__(self) -> str:
        return f"<EventCollector {len(self._users):,} users x {len(self._items):,} {self.level}s, {len(self):,} events>"

    def add(self, batch: Batch) -> None:
        self.n_malformed += batch.n_malformed
        self.malformed = (*self.malformed, *batch.malformed)[:N_EXAMPLES]
        self.left_out.update(batch.left_out)
        self.examples = {**batch.examples, **self.examples}
        self.notes |= dict.fromkeys(batch.notes)
        self.n_early += batch.n_early
        events = batch.events
        if not len(events):
            return
        names = set(events.columns)
        self.is_timed |= "time_s" in names
        self._n_parts = max(self._n_parts, batch.part + 1)
        event_columns = {
            name: (pl.col(name) if name in names else pl.lit(None, dtype)).fill_null(pl.lit(_IF_NULL.get(name), dtype))
            for name, dtype in EVENT_COLUMNS.items()
        }
        rows = [
            pl.Series("user_row", self._users.rows(events.select(key=pl.col("user")))),
            pl.Series("item_row", self._items.rows(_keyed(events))),
        ]
        block = events.with_columns(**event_columns).select(*EVENT_COLUMNS)
        self._sort.add(block.with_columns(*rows, source=pl.lit(batch.part, pl.UInt32)))

    @property
    def users(self) -> list[str]:
        """Names of the users, by row."""
        return self._names(self._users.column("key"))

    @cached_property
    def items(self) -> Items:
        """The items, by row; read it only once all batches are added."""
        unknown = [None] * len(self._items)
        columns = {name: unknown if self._is_plain else self._items.column(name).to_list() for name in ITEM_COLUMNS}
        titles = self._names(self._items.column("key" if self._is_plain else "title"))
        paths = columns["path"] if any(columns["path"]) else ()
        return Items(columns["artist"], titles, columns["album"], columns["mbid"], columns["isrc"], paths)

    def item_numbers(self) -> np.ndarray:
        """Keys of the items, if they are numbers: (n_items,) int64."""
        return self._items.column("key").to_numpy()

    def events(self, user_ids: np.ndarray, item_ids: np.ndarray) -> Iterator[pl.DataFrame]:
        """Yield all events by user and time, with the ids (n_users,) and (n_items,) in place of rows.

        An event that several parts hold comes once: of one song, whose album some of them may not name.
        """
        has_parts = self._n_parts > 1
        songs = self._songs() if has_parts else np.empty(0)
        for block in self._sort.ordered(*(() if has_parts else ("source",))):
            if has_parts:
                block = block.with_columns(song=pl.Series(songs[block["item_row"].to_numpy()]))
                block = without_repeats(block, "song", "user_row")
            users, items = user_ids[block["user_row"].to_numpy()], item_ids[block["item_row"].to_numpy()]
            yield block.select(
                pl.Series("user_id", users), pl.Series(f"{self.level}_id", items), *map(pl.col, EVENT_COLUMNS)
            )

    def _songs(self) -> np.ndarray:
        """The same number for items of one artist and title, (n_items,)."""
        if self._is_plain:
            return np.arange(len(self._items))
        names = pl.concat_str(
            self._items.column("artist").fill_null(""), self._items.column("title"), separator=_SEPARATOR
        )
        return pl.select(names.str.to_lowercase().rank("dense")).to_series().to_numpy()

    @property
    def _is_plain(self) -> bool:
        return self._items.column("key").dtype != pl.String

    def _names(self, values: pl.Series) -> list[str]:
        if values.dtype == pl.String:
            return values.to_list()
        return (self._prefix + values.cast(pl.String)).to_list()


def _keyed(events: pl.DataFrame) -> pl.DataFrame:
    """Add the keys of items: a path, else artist, title and album without case, else the name or number as it is."""
    if events.schema["title"] != pl.String:
        return events.select(key="title")
    columns = [
        pl.col(name) if name in events.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in ITEM_COLUMNS.items()
    ]
    table = events.select(columns)
    if table["artist"].null_count() == len(table):
        key = pl.col("title")
    else:
        names = [pl.col("artist"), pl.col("title")]
        names += [pl.col("album").fill_null("")] if "album" in events.columns else []
        key = pl.concat_str(names, separator=_SEPARATOR).str.to_lowercase().fill_null(pl.col("title"))
    return table.with_columns(key=pl.col("path").fill_null(key) if "path" in events.columns else key)


class Vocabulary:
    """Keys in the order of their first occurrence, with the other columns of that occurrence.

    >>> users = Vocabulary()
    >>> users.rows(pl.DataFrame({"key": ["b", "a", "b"]}))
    array([0, 1, 0], dtype=int32)
    """

    def __init__(self) -> None:
        # polars gives each text a code, faster than a join with all known keys. It does not promise which code.
        self._texts = pl.Categorical(pl.Categories.random())
        self._anchor = pl.Series([""], dtype=self._texts)  # keeps polars from forgetting the codes
        self._row_of_code = np.full(1, -1, dtype=np.int32)
        self._known: list[pl.DataFrame] = []
        self._n_known = 0

    def __len__(self) -> int:
        return self._n_known

    def rows(self, frame: pl.DataFrame) -> np.ndarray:
        """Look up the row of each `key`, text or numbers, (n,) int32; a new key is added with its other columns."""
        if not len(frame):
            return np.empty(0, dtype=np.int32)
        codes = self._codes(frame["key"])
        n_missing = int(codes.max()) + 1 - len(self._row_of_code)
        if n_missing > 0:
            n_added = max(n_missing, len(self._row_of_code))  # at least doubled, so that growing stays cheap
            self._row_of_code = np.pad(self._row_of_code, (0, n_added), constant_values=-1)
        new = np.flatnonzero(self._row_of_code[codes] < 0)
        if len(new):
            first = new[np.sort(np.unique(codes[new], return_index=True)[1])]
            self._row_of_code[codes[first]] = np.arange(len(self), len(self) + len(first), dtype=np.int32)
            self._known.append(frame[first])
            self._n_known += len(first)
        return self._row_of_code[codes]

    def column(self, name: str) -> pl.Series:
        """One column of the keys, by row."""
        return pl.concat([frame[name] for frame in self._known]) if self._known else pl.Series(name, [], pl.String)

    def _codes(self, keys: pl.Series) -> np.ndarray:
        if keys.dtype != pl.String:
            if keys.min() >= 0 and keys.max() < _MAX_ARRAY_KEY:  # type: ignore[operator]
                return keys.to_numpy()
            keys = keys.cast(pl.String)
        return keys.cast(self._texts).to_physical().to_numpy()
