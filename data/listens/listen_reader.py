"""The form of a reader: how one format of listening exports is detected, grouped into imports and read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from earshot.data.listens.event_batch import Batch
from earshot.data.listens.event_collector import Items
from earshot.data.tables.text_blocks import Member


@dataclass(frozen=True)
class Head:
    """The beginning of a file: all that detection sees of it."""

    member: Member
    text: str = ""  # without leading blanks; empty of a Parquet file
    columns: tuple[str, ...] = ()  # of a Parquet file

    @cached_property
    def is_json(self) -> bool:
        return self.text[:1] in ("{", "[")

    @cached_property
    def first_line(self) -> str:
        """The first line of a text that is no JSON, else nothing."""
        return "" if self.is_json else next(iter(self.text.splitlines()), "")


@dataclass(frozen=True)
class ReadOptions:
    """What a person says of an export, where its files do not."""

    listener: str | None = None  # who listened; else who the files say, else "me"
    level: str | None = None  # of a table's items, "track" or "artist"; else its columns say
    user: str | None = None  # columns of a table; else looked for
    item: str | None = None
    time: str | None = None
    plays: str | None = None


@dataclass(frozen=True)
class OpenedSource:
    """An export that is being read."""

    batches: Iterator[Batch]
    level: str = "track"  # of what is listened to: "track" or "artist"
    prefix: str = ""  # before the names of users and items that are numbers
    describe: Callable[[Items, np.ndarray], Items] | None = None  # add artists and albums, by the items' numbers
    vector_files: tuple[Path, ...] = ()  # audio embeddings that come along


def one_by_one(members: Sequence[Member]) -> list[list[Member]]:
    """Each file as an import of its own."""
    return [[member] for member in members]


def together(members: Sequence[Member]) -> list[list[Member]]:
    """All files as one import."""
    return [list(members)]


@dataclass(frozen=True)
class Reader:
    """One format of listening exports."""

    name: str
    detect: Callable[[Head], bool]
    open: Callable[[Sequence[Member], ReadOptions], OpenedSource]
    group: Callable[[Sequence[Member]], list[list[Member]]] = one_by_one  # the files that are imported together
    names_users: bool = False  # the files always say who listened, so that no listener can be given
