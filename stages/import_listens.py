"""Import listening exports: who played what when."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from earshot.data.listens.event_collector import EventCollector, Items
from earshot.data.listens.listen_sources import Source, find_sources, items_of, read_source
from earshot.index.library import Library
from earshot.index.listens import listen_store
from earshot.index.listens.listen_store import ListenImport, StoredListens
from earshot.index.vectors.imported_vectors import store_embeddings
from earshot.stages.name_mapping import MappedNames, NameOptions, map_names

_TABLE_OPTIONS = ("user", "item", "time", "plays", "level")


@dataclass(frozen=True)
class ImportListensConfig(NameOptions):
    """What a person knows better than the files say."""

    format: str = "auto"  # else seen from the contents
    listener: str | None = None  # who listened; else who the files say, else "me"
    level: str | None = None  # of a table's items, "track" or "artist"; else its columns say
    user: str | None = None  # columns of a table; else looked for
    item: str | None = None
    time: str | None = None
    plays: str | None = None
    again: bool = False  # import a file anew that was imported before, in the place of it

    def typed(self) -> list[str]:
        """The options of `cli import-listens` that import the same again."""
        words: list[str] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default and field.name != "again":
                value = value.absolute() if isinstance(value, Path) else value
                words += ["--" + field.name.replace("_", "-"), str(value)]
        return words


class UnusedOptionError(ValueError):
    """An option that none of the formats heeds: who gave it meant something else."""


@dataclass(frozen=True)
class BlockRead:
    """A block of events has been read."""

    name: str  # of the file or folder


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
    is_timed: bool  # some events have a time
    n_repeats: int  # events that several of its files hold, counted once
    left_out: Mapping[str, int]  # well-formed but not wanted: what, and how many
    n_malformed: int
    malformed: tuple[str, ...]  # the first of them
    format: str
    n_vectors: int | None  # audio embeddings that came along; None where none did


@dataclass(frozen=True)
class LeftOut:
    """A file or source that cannot be read, beside others that can."""

    error: str


@dataclass(frozen=True)
class WithoutListens:
    """Files that hold no listens."""

    names: Sequence[str]


Report = BlockRead | KnownSource | ImportedSource | MappedNames | LeftOut | WithoutListens


def import_listens(library: Library, path: Path, config: ImportListensConfig | None = None) -> Iterator[Report]:
    """Import every source of listens in a file, an archive or a folder; what is known already adds nothing.

    In a folder, a file that cannot be read costs only itself.

    Raises
    ------
    ValueError
        There are no listens, or none that can be read.
    UnusedOptionError
        A setting means nothing to the formats that were found.
    """
    config = config or ImportListensConfig()
    errors: list[ValueError] = []  # not reported yet

    def on_error(error: ValueError) -> None:
        if not path.is_dir():
            raise error
        errors.append(error)

    try:
        sources, passed_over = find_sources(path, config.format, on_error)
    except ValueError:
        yield from _left_out(errors)
        raise
    yield from _left_out(errors)
    _refuse_unused(config, {source.format for source in sources})
    n_unread = 0
    for source in sources:
        try:
            yield from _import_source(library, source, path, config, on_error)
        except ValueError as error:
            if len(sources) == 1:
                raise
            errors.append(error)
            n_unread += 1
        yield from _left_out(errors)
    yield WithoutListens(passed_over)
    if n_unread == len(sources):
        raise ValueError(f"Nothing of {path.name} could be read.")


def _left_out(errors: list[ValueError]) -> Iterator[LeftOut]:
    """Take errors out of their list, as reports."""
    reports = [LeftOut(str(error)) for error in errors]
    errors.clear()
    yield from reports


def _refuse_unused(config: ImportListensConfig, formats: set[str]) -> None:
    given = ", ".join(f"--{name}" for name in _TABLE_OPTIONS if getattr(config, name))
    if given and "table" not in formats:
        cure = " With --format table it is read as one." if formats == {"lastfm-csv"} else ""
        raise UnusedOptionError(f"{given}: for tables only, and this is {', '.join(sorted(formats))}.{cure}")
    if config.listener and formats <= {"lastfm-1k", "yambda"}:
        raise UnusedOptionError(
            f"--listener: for the listens of one person, and {', '.join(sorted(formats))} says who listened."
        )


def _import_source(
    library: Library,
    source: Source,
    path: Path,
    config: ImportListensConfig,
    on_error: Callable[[ValueError], None],
) -> Iterator[Report]:
    """Read a source and keep its listens, unless they are known."""
    origin = source.paths[0] if len(source.paths) == 1 else path
    digest = listen_store.content_digest(*source.paths, number=source.number)
    known = listen_store.known_listens(library, digest)
    if known and not config.again:
        yield KnownSource(origin.name, known)
        return
    columns = {name: getattr(config, name) for name in _TABLE_OPTIONS}
    opened = read_source(source, config.listener, on_error, **columns)
    with listen_store.open_gathering(library, opened.level, prefix=source.prefix) as collector:
        for batch in opened.batches:
            collector.add(batch)
            yield BlockRead(origin.name)
        yield from _store(library, source, collector, digest, origin.absolute(), config)


def _store(
    library: Library,
    source: Source,
    collector: EventCollector,
    digest: str,
    origin: Path,
    config: ImportListensConfig,
) -> Iterator[Report]:
    """Keep the events that were collected."""
    items = items_of(source, collector)
    mapped = map_names(items.names if config.names else items.titles, collector.level, origin, config)
    if mapped.translation is not None:
        items = Items.called(mapped.names)
        yield mapped
    result = listen_store.import_listens(
        library, collector, digest, origin=str(origin), items=items, options=config.typed(),
        names_are=mapped.names_are, folders=mapped.folders,
    )  # fmt: skip
    n_vectors = None
    if "embeddings" in source.roles.values():
        n_vectors = store_embeddings(library, source, collector.item_numbers(), result.items.ids)
    yield ImportedSource(
        result, mapped, collector.is_timed, len(collector) - result.listens.n_events, dict(collector.left_out),
        collector.n_malformed, collector.malformed, source.format, n_vectors,
    )  # fmt: skip
