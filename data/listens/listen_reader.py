"""The form of a reader: how one format of listening exports is detected, grouped into imports and read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from earshot.data.listens.event_batch import Batch
from earshot.data.listens.event_collector import Items
from earshot.data.tables.sqlite_files import Tables
from earshot.data.tables.text_blocks import Member


@dataclass(frozen=True)
class Head:
    """The beginning of a file: all that detection sees of it."""

    member: Member
    text: str = ""  # without leading blanks; empty of a Parquet file
    columns: tuple[str, ...] = ()  # of a Parquet file
    tables: Tables = field(default_factory=dict)  # of a SQLite database
    sheets: tuple[str, ...] = ()  # names, of a workbook

    @cached_property
    def is_json(self) -> bool:
        return self.text[:1] in ("{", "[")

    @cached_property
    def first_line(self) -> str:
        """The first line of a text that is no JSON, else nothing."""
        return "" if self.is_json else next(iter(self.text.splitlines()), "")


@dataclass(frozen=True)
class ReadOptions:
    """Facts that the files of an export do not give, or give otherwise."""

    listener: str | None = None  # the user of all events; else the one in the files, else "me"
    encoding: str | None = None  # of the text of the files; else UTF-8 or UTF-16, or guessed
    level: str | None = None  # of the items in a table, "track" or "artist"; else by its columns
    user: str | None = None  # names of columns in a table; else found by well-known names
    item: str | None = None
    artist: str | None = None
    album: str | None = None
    time: str | None = None
    plays: str | None = None


@dataclass(frozen=True)
class OpenedSource:
    """An export that is being read."""

    batches: Iterator[Batch]
    level: str = "track"  # of the items: "track" or "artist"
    prefix: str = ""  # before the names of users and items that are numbers
    describe: Callable[[Items, np.ndarray], Items] | None = None  # add artists and albums, by the items' numbers
    vector_files: tuple[Path, ...] = ()  # with audio embeddings of the items


def one_by_one(members: Sequence[Member]) -> list[list[Member]]:
    """Import each file by itself."""
    return [[member] for member in members]


def together(members: Sequence[Member]) -> list[list[Member]]:
    """Import all files as one."""
    return [list(members)]


@dataclass(frozen=True)
class Reader:
    """One format of listening exports."""

    name: str
    detect: Callable[[Head], bool]
    open: Callable[[Sequence[Member], ReadOptions], OpenedSource]
    group: Callable[[Sequence[Member]], list[list[Member]]] = one_by_one  # the files that are imported together
    names_users: bool = False  # whether the files always name the users, so that no listener can be given
    is_whole: bool = False  # whether a file holds all that there is, so that its later state replaces an earlier one
