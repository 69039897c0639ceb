"""Which files hold listens, and which of them are imported together."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from earshot.data.files.regular_files import require_regular
from earshot.data.listens import lastfm, listenbrainz, spotify, yambda
from earshot.data.listens.event_batch import Batch, refuse_noise
from earshot.data.listens.event_collector import EventCollector, Items
from earshot.data.listens.format_detection import FORMATS, format_of
from earshot.data.listens.listen_tables import read_listen_table
from earshot.data.tables.table_blocks import table_errors
from earshot.data.tables.text_blocks import Member, members_of

_TOGETHER = ("yambda", "spotify")  # formats of many files that are one thing


@dataclass(frozen=True)
class Source:
    """What is imported together."""

    format: str
    members: tuple[Member, ...]
    roles: Mapping[Path, str] = field(default_factory=dict)  # of Yambda's files
    number: int = 0  # of the sources that lie in the very same files, as in an archive of two kinds

    @property
    def paths(self) -> list[Path]:
        """The files on disk, each once."""
        return list(dict.fromkeys(member.path for member in self.members))

    @property
    def prefix(self) -> str:
        return yambda.PREFIX if self.format == "yambda" else ""


def reraise(error: ValueError) -> None:
    """Nothing is spared."""
    raise error


def find_sources(
    path: Path, format: str = "auto", on_error: Callable[[ValueError], None] = reraise
) -> tuple[list[Source], list[str]]:
    """What there is to import in a file, an archive or a folder, and the names of files that hold no listens.

    Tables in a folder count only where nothing else is there: next to listens they say other things.

    Parameters
    ----------
    spare : is told of a file that cannot be read; where it does not raise, the others are read without it

    Raises
    ------
    ValueError
        There are no listens, or none of the format that was asked for; or a file is damaged.
    """
    by_format, passed_over, roles = _by_format(path, format, on_error)
    if len(by_format) > 1 and "table" in by_format:
        passed_over += by_format.pop("table")
    sources = [
        Source(name, tuple(part), roles if name == "yambda" else {})
        for name, members in by_format.items()
        for part in _parts(name, members)
    ]
    imported = {member for source in sources for member in source.members}
    passed_over += [member for members in by_format.values() for member in members if member not in imported]
    if not sources:
        what = "no listens" if format == "auto" else f"no listens of the format {format}"
        kinds = "a file of " + ", ".join(FORMATS)
        raise ValueError(f"{path.name} holds {what} that are known here; give {kinds}")
    return list(_numbered(sources)), list(map(str, passed_over))


def _by_format(
    path: Path, format: str, on_error: Callable[[ValueError], None]
) -> tuple[dict[str, list[Member]], list[Member], dict[Path, str]]:
    """The files of each format, those of none, and what Yambda's are."""
    by_format: dict[str, list[Member]] = {}
    others: list[Member] = []
    roles: dict[Path, str] = {}
    members = list(_members(path, on_error))
    for member in members:
        try:
            with table_errors(member.path.name):
                found = format_of(member, roles)
        except ValueError as error:
            on_error(error)
            continue
        if format not in ("auto", "yambda") and members == [Member(path)]:
            found = format  # whoever names one file and its format knows better
        if found is None or format not in ("auto", found):
            others.append(member)
        else:
            by_format.setdefault(found, []).append(member)
    return by_format, others, roles


def _members(path: Path, on_error: Callable[[ValueError], None]) -> Iterator[Member]:
    """All that is not hidden in a file, an archive or a folder and the archives in it."""
    for file in _files(path, on_error) if path.is_dir() else [path]:
        try:
            with table_errors(file.name):
                require_regular(file)
                members = members_of(file)
        except ValueError as error:
            on_error(error)
        else:
            yield from (member for member in members if not _is_hidden(Path(member.name or "")))


def _files(folder: Path, on_error: Callable[[ValueError], None]) -> list[Path]:
    """All files in a folder and those in it, in order of their names, without what is hidden."""

    def unlisted(error: OSError) -> None:
        on_error(ValueError(f"{Path(error.filename).name} cannot be read: {error.strerror}"))

    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=unlisted):
        folders[:] = [name for name in folders if not _is_hidden(Path(name))]
        files += [Path(parent, name) for name in names if not _is_hidden(Path(name))]
    return sorted(files)


def _is_hidden(path: Path) -> bool:
    """Also what a Mac packs beside each file."""
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


@dataclass(frozen=True)
class OpenedSource:
    """A source that is being read."""

    level: str  # of what is listened to: "track" or "artist"
    batches: Iterator[Batch]


def read_source(
    source: Source,
    listener: str | None = None,
    on_error: Callable[[ValueError], None] = reraise,
    **columns: str | None,
) -> OpenedSource:
    """The events of a source, batch by batch, in the order of its files.

    Parameters
    ----------
    listener : whose listens they are, whatever the files of one person say; without, who they say, else "me". A table
        or a data set of many says it itself, and a table without users must have a listener.
    spare : is told of a file of Spotify's that cannot be read; where it does not raise, the others are read without it
    columns : of a table, see `data.listens.listen_tables.read_listen_table`

    Raises
    ------
    ValueError
        A table lacks the columns. What is wrong with other files shows when the batches are asked for.
    """
    if source.format == "table":
        table = read_listen_table(source.members[0], listener=listener, **columns)
        return OpenedSource(table.level, _explained(table.batches, source))
    return OpenedSource("track", _explained(_batches(source, listener, on_error), source))


def _explained(batches: Iterator[Batch], source: Source) -> Iterator[Batch]:
    with table_errors(source.paths[0].name):
        yield from refuse_noise(batches, source.paths[0].name)


def items_of(source: Source, gathering: EventCollector) -> Items:
    """The items that were gathered from a source, with what its other files say of them."""
    if source.format == "yambda" and len(gathering):
        return yambda.with_owners(gathering.items, gathering.item_numbers(), source.roles)
    return gathering.items


def _parts(format: str, members: list[Member]) -> list[list[Member]]:
    """The members that are imported together."""
    if format == "listenbrainz":
        return listenbrainz.exports(members)
    return [members] if format in _TOGETHER else [[member] for member in members]


def _numbered(sources: list[Source]) -> Iterator[Source]:
    found_in: Counter[tuple[Path, ...]] = Counter()
    for source in sources:
        yield replace(source, number=found_in[tuple(source.paths)])
        found_in[tuple(source.paths)] += 1


def _batches(source: Source, listener: str | None, on_error: Callable[[ValueError], None]) -> Iterator[Batch]:
    members = source.members
    if source.format == "lastfm-1k":
        for member in members:
            yield from lastfm.read_lastfm_1k(member)
    elif source.format == "lastfm-csv":
        for member in members:
            yield from lastfm.read_lastfm_csv(member, listener)
    elif source.format == "spotify":
        for part, member in enumerate(members):  # a folder may hold an earlier export, or the same one unpacked
            try:
                read = refuse_noise(spotify.read_spotify(member, listener), member.title)
                batches = list(_of_part(part, read))  # whole, or not at all
            except ValueError as error:
                on_error(error)
            else:
                yield from batches
    elif source.format == "listenbrainz":
        yield from listenbrainz.read_listenbrainz(members, listener)
    else:
        for part, path in yambda.event_files(source.roles):
            yield from _of_part(part, yambda.read_yambda(path, source.roles[path]))


def _of_part(part: int, batches: Iterator[Batch]) -> Iterator[Batch]:
    return (replace(batch, part=part) for batch in batches)
