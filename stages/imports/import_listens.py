"""Import listening exports into the library."""

import json
import shlex
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from earshot.data.exports.listen_sources import Source, find_sources
from earshot.data.exports.scrobblers.lastfm import LASTFM_CSV
from earshot.data.exports.yambda import embeddings
from earshot.data.ids import IdMap
from earshot.data.listens.event_batch import ME
from earshot.data.listens.event_collector import EventCollector, Items
from earshot.data.listens.listen_reader import Reader, ReadOptions
from earshot.data.listens.listen_tables import TABLE
from earshot.index.library import Library
from earshot.index.listens import listen_store
from earshot.index.listens.listen_store import ListenImport, StoredListens
from earshot.index.vectors.spaces import store_imported_vectors
from earshot.stages.shared.name_mapping import MappedNames, NameOptions, map_names
from earshot.stages.shared.reports import InputError, Note, Progress


@dataclass(frozen=True)
class ImportListensConfig(NameOptions, ReadOptions):
    """Facts that the files of an export do not give, and what to do with them."""

    format: str = "auto"  # the name of a reader; auto detects it by content
    again: bool = False  # import again, in place of the earlier import of the same content

    def cli_options(self) -> list[str]:
        """Write the settings as options of `cli import-listens`, for importing the same again."""
        words: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default and field.name != "again":
                value = value.absolute() if isinstance(value, Path) else value
                words += [_flag(field.name), str(value)]
        return words

    def with_options_of(self, earlier: StoredListens) -> Self:
        """The settings with those of an earlier import where they are not given otherwise."""
        words = json.loads(earlier.options or "[]")
        given = dict(zip(words[::2], words[1::2], strict=False))
        kept: dict[str, Any] = {
            field.name: Path(given[_flag(field.name)]) if field.name == "names" else given[_flag(field.name)]
            for field in fields(self)
            if _flag(field.name) in given and getattr(self, field.name) == field.default and field.name != "format"
        }
        return replace(self, **kept)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class KnownSource:
    """A source that was imported before; nothing was added."""

    name: str
    listens: StoredListens


@dataclass(frozen=True)
class ImportedSource:
    """A source whose listens the library now holds."""

    result: ListenImport
    names: MappedNames
    is_timed: bool  # whether some events have a time
    n_repeats: int  # events that several of its files hold, counted once
    left_out: Mapping[str, int]  # numbers of valid entries that are no listens, by kind
    examples: Mapping[str, str]  # the first of each kind that is left out, if it can be shown
    notes: tuple[str, ...]  # for a person to check: on how the files were read
    malformed: tuple[str, ...]  # the first malformed rows; `result.listens` has their number
    format: str
    n_vectors: int | None  # audio embeddings that came along; None where none did
    replaced: StoredListens | None = None  # an earlier state of the same file


class UnreadableSource(Note):
    """The error of a file, or a source in one, that cannot be read and is left out; the others are imported."""


@dataclass(frozen=True)
class WithoutListens:
    """Files that hold no listens."""

    names: Sequence[str]


Report = Progress | KnownSource | ImportedSource | MappedNames | UnreadableSource | WithoutListens


def import_listens(
    library: Library, path: Path, config: ImportListensConfig | None = None
) -> Generator[Report, None, None]:
    """Import every source of listens in a file, an archive or a folder; what is known already adds nothing.

    In a folder, a file that cannot be read costs only itself.

    Raises
    ------
    ValueError
        There are no listens, or none that can be read.
    InputError
        A setting has no effect on the formats of the sources.
    """
    config = config or ImportListensConfig()
    found = find_sources(path, config.format)
    yield from (UnreadableSource(str(error)) for error in found.errors)
    _refuse_unused(config, {source.reader for source in found.sources})
    n_unread = 0
    for source in found.sources:
        try:
            is_alone = [one.paths for one in found.sources].count(source.paths) == 1
            yield from _import_source(library, source, path, config, is_alone=is_alone)
        except ValueError as error:
            if len(found.sources) == 1:
                raise
            yield UnreadableSource(str(error))
            n_unread += 1
    yield WithoutListens(found.without_listens)
    if n_unread == len(found.sources):
        raise ValueError(f"Nothing of {path.name} could be read.")


def _refuse_unused(config: ImportListensConfig, readers: set[Reader]) -> None:
    names = ", ".join(sorted(reader.name for reader in readers))
    columns = ("user", "item", "artist", "album", "time", "plays", "level")
    given = ", ".join(f"--{name}" for name in columns if getattr(config, name))
    if given and readers and TABLE not in readers:
        cure = " With --format table it is read as one." if readers == {LASTFM_CSV} else ""
        raise InputError(f"{given}: for tables only, and this is {names}.{cure}")
    if config.listener and readers and all(reader.names_users for reader in readers):
        raise InputError(f"--listener: for the listens of one person, and {names} says who listened.")


def _import_source(
    library: Library, source: Source, path: Path, config: ImportListensConfig, *, is_alone: bool
) -> Generator[Report, None, None]:
    """Read a source and keep its listens, unless they are known.

    Parameters
    ----------
    is_alone : whether no other source lies in the same file, as in an archive, so that what was read of it was this
    """
    origin = source.paths[0] if len(source.paths) == 1 or source.reader.is_whole else path
    digest = listen_store.content_digest(*source.content, number=source.number)
    known = listen_store.known_listens(library, digest)
    if known and not config.again:
        yield KnownSource(origin.name, known)
        return
    replaces = source.reader.is_whole and is_alone
    earlier = listen_store.listens_of(library, str(origin.absolute())) if replaces else None
    given = config
    if earlier and not config.again:
        config = config.with_options_of(earlier)
    opened = source.open(config)
    with EventCollector(listen_store.listens_folder(library), opened.level, prefix=opened.prefix) as collector:
        for n_blocks, batch in enumerate(opened.batches, start=1):
            if batch.errors and not path.is_dir():
                raise batch.errors[0]
            collector.add(batch)
            yield from (UnreadableSource(str(error)) for error in batch.errors)
            yield Progress(f"reading {origin.name}", n_blocks, None, "block")
        items = collector.items
        if opened.describe is not None and len(collector):
            items = opened.describe(items, collector.item_numbers())
        mapped = map_names(items.names if config.names else items.titles, collector.level, origin, config)
        if mapped.translation is not None:
            items = Items.from_names(mapped.names)
            yield mapped
        result = listen_store.import_listens(
            library, collector, digest, origin=str(origin.absolute()), items=items, options=config.cli_options(),
            names_are=mapped.names_are, folders=mapped.folders, earlier=earlier,
        )  # fmt: skip
        n_vectors = None
        if opened.vector_files:
            numbers, ids = collector.item_numbers(), result.items.ids
            n_vectors = _store_embeddings(library, source.reader.name, opened.vector_files, numbers, ids)
    yield ImportedSource(
        result,
        mapped,
        is_timed=collector.is_timed,
        n_repeats=len(collector) - result.listens.n_events,
        left_out=dict(collector.left_out),
        examples=dict(collector.examples),
        notes=(*collector.notes, *_options_of(known or earlier, given, config), *_doubts(library, collector, result)),
        malformed=collector.malformed,
        format=source.reader.name,
        n_vectors=n_vectors,
        replaced=earlier,
    )


def _options_of(earlier: StoredListens | None, given: ImportListensConfig, used: ImportListensConfig) -> Iterator[str]:
    """Sentences about the options of the import that is replaced: what of them is kept, and what is not."""
    if used != given:
        kept = [word for word in used.cli_options() if word not in given.cli_options()]
        yield f"{shlex.join(kept)} of the earlier import is kept; --again imports without it"
    elif earlier and (lost := given.with_options_of(earlier)) != given:
        words = [word for word in lost.cli_options() if word not in given.cli_options()]
        yield f"the earlier import had {shlex.join(words)}, and this one has not"


def _doubts(library: Library, collector: EventCollector, result: ListenImport) -> Iterator[str]:
    """Sentences about what a person may have meant otherwise."""
    if collector.n_early:
        yield f"{collector.n_early:,} of {len(collector):,} lie before 1990: are their times seconds since 1970?"
    if result.n_new_users == 1 == len(collector.users):
        (name,) = collector.users
        others = library.column("SELECT name FROM users WHERE name <> ? LIMIT 2", [name])
        if len(others) == 1 and ME in (name, *others):
            yield (
                f"listens of {name!r} are now beside those of {others[0]!r}: if that is one person, run"
                f" `cli forget-listens {result.listens.id}` and import again with --listener {shlex.quote(others[0])}"
            )
    if ME in collector.users and len(collector.users) > 1:
        yield (
            f"some listens name who listened and some do not; the latter are of {ME!r}: if all are one person, run"
            f" `cli forget-listens {result.listens.id}` and import again with --listener NAME"
        )
    for totals in result.earlier_totals:
        earlier = totals.listens
        name = f"import {earlier.id} ({Path(earlier.origin).name}, {earlier.imported[:10]})"
        if totals.is_grown:
            yield f"these play counts take the place of those of {name}, which were not higher; imported again they add"
        else:
            older, which = (result.listens, "these") if totals.is_ahead else (earlier, "the earlier ones")
            yield (
                f"these are play counts of what {name} has counts of, and both are added: `cli forget-listens"
                f" {older.id}` takes {which} back"
            )


def _store_embeddings(
    library: Library, space: str, files: Sequence[Path], numbers: np.ndarray, track_ids: np.ndarray
) -> int:
    """Store the audio embeddings of an export, of tracks that were listened to; return their number.

    These have numbers, (n,), in the data set and ids, (n,), in the library.
    """
    rows = IdMap(numbers)
    pieces = ((track_ids[rows.rows(items)], vectors) for path in files for items, vectors in embeddings(path, numbers))
    return store_imported_vectors(library, space, str(files[0]), pieces)
