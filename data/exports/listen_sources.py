"""Find the listening exports in a file, an archive or a folder, and open them."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from earshot.data.exports import recbole, yambda
from earshot.data.exports.players import (
    dj_collections,
    foobar2000,
    jellyfin,
    kodi,
    mediamonkey,
    mixxx,
    navidrome,
    player_tables,
    plex,
    rhythmbox,
    strawberry,
    tautulli,
)
from earshot.data.exports.scrobblers import (
    koito,
    lastfm,
    lastfm_json,
    librefm,
    listenbrainz,
    maloja,
    pano_scrobbler,
    scrobbler_log,
)
from earshot.data.exports.services import (
    apple_music,
    deezer,
    google_play_music,
    itunes_library,
    shazam,
    spotify,
    tidal,
    youtube,
)
from earshot.data.exports.unknown_files import Look, look_of
from earshot.data.files.regular_files import require_regular
from earshot.data.files.skip_rules import folder_exclusion, is_hidden
from earshot.data.listens import listen_tables
from earshot.data.listens.event_batch import Batch, refuse_malformed
from earshot.data.listens.listen_columns import are_of_listens
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader, ReadOptions
from earshot.data.listens.listen_tables import TABLE, text_columns
from earshot.data.tables import workbooks
from earshot.data.tables.archives import refuse_packed
from earshot.data.tables.parquet_blocks import parquet_columns
from earshot.data.tables.sqlite_files import MAGIC, database_tables, log_of, open_database
from earshot.data.tables.table_blocks import SUFFIXES, table_errors
from earshot.data.tables.text_blocks import Member, members_of
from earshot.data.tables.utf8_text import as_utf8, decoded, unicode_text

# The first that detects a file reads it: tables come last. A new format is a module with a `Reader`, and a line here.
READERS = (
    lastfm.LASTFM_1K,
    yambda.YAMBDA,
    spotify.SPOTIFY,
    listenbrainz.LISTENBRAINZ,
    youtube.YOUTUBE,
    google_play_music.GOOGLE_PLAY_MUSIC,
    apple_music.APPLE_MUSIC,
    itunes_library.ITUNES_LIBRARY,
    tidal.TIDAL,
    deezer.DEEZER,
    shazam.SHAZAM,
    lastfm_json.LASTFM_JSON,
    scrobbler_log.SCROBBLER_LOG,
    maloja.MALOJA,
    koito.KOITO,
    pano_scrobbler.PANO_SCROBBLER,
    librefm.LIBREFM,
    recbole.RECBOLE,
    navidrome.NAVIDROME,
    plex.PLEX,
    jellyfin.JELLYFIN,
    strawberry.STRAWBERRY,
    mixxx.MIXXX,
    kodi.KODI,
    mediamonkey.MEDIAMONKEY,
    tautulli.TAUTULLI,
    rhythmbox.RHYTHMBOX,
    foobar2000.FOOBAR2000,
    dj_collections.TRAKTOR,
    dj_collections.REKORDBOX,
    dj_collections.VIRTUAL_DJ,
    player_tables.PLAYER_TABLE,
    lastfm.LASTFM_CSV,
    listen_tables.TABLE,
)
_HEAD_BYTES = 65_536

_LEFT_TABLE = Look("a table of listens", "Import it by itself if it holds listens that no export beside it holds")
_NAMES = ", ".join(reader.name for reader in READERS)


@dataclass(frozen=True)
class Source:
    """Files that are imported together."""

    reader: Reader
    members: tuple[Member, ...]
    number: int = 0  # among the sources in the very same files on disk, as in an archive of two formats

    @property
    def paths(self) -> list[Path]:
        """The files on disk, each once."""
        return list(dict.fromkeys(member.path for member in self.members))

    @property
    def content(self) -> list[Path]:
        """The files that hold what is imported: those on disk, and what a running player has written beside them."""
        return [*self.paths, *filter(None, map(log_of, self.paths))]

    def open(self, options: ReadOptions | None = None) -> OpenedSource:
        """Begin to read the events, in the order of the files.

        Raises
        ------
        ValueError
            A table lacks the columns. Faults of other files show when the batches are read.
        """
        name, options = self.paths[0].name, options or ReadOptions()
        members = [replace(member, encoding=options.encoding) for member in self.members]
        with table_errors(name):
            opened = self.reader.open(members, options)
        return replace(opened, batches=_checked(opened.batches, name))


@dataclass(frozen=True)
class FoundSources:
    """The sources in a file, an archive or a folder, and the files beside them."""

    sources: Sequence[Source]
    without_listens: Sequence[str]  # names of files that hold no listens, with what to do where something is known
    errors: Sequence[ValueError]  # of files in a folder that cannot be read


def find_sources(path: Path, format: str = "auto") -> FoundSources:
    """Find the sources of listens in a file, an archive or a folder.

    A damaged file of a folder is returned as an error beside the sources of the others. Tables in a folder count only
    if there is no other export: beside one they hold other facts.

    Raises
    ------
    ValueError
        There is no listening export, or none in the given format; or the file or archive is damaged.
    """
    wanted = None if format == "auto" else _reader(format)
    by_reader: dict[Reader, list[Member]] = {}
    without_listens: list[Member] = []
    looks: dict[Member, Look] = {}
    tables_of_listens: list[Member] = []
    members, errors = _members(path)
    for member in members:
        try:
            with table_errors(member.path.name):
                head = read_head(member)
                reader = reader_of(head)
        except ValueError as error:
            errors.append(error)
            continue
        if wanted and members == [Member(path)]:  # a person who names one file and its format knows better
            reader = wanted
        if head is not None and reader is None:
            looks[member] = look_of(head)
        if head is not None and reader is TABLE and are_of_listens(head.columns or text_columns(head)):
            tables_of_listens.append(member)
        if reader is None or wanted not in (None, reader):
            without_listens.append(member)
        else:
            by_reader.setdefault(reader, []).append(member)
    if errors and not path.is_dir():
        raise errors[0]
    if len(by_reader) > 1:
        without_listens += by_reader.pop(TABLE, [])
        looks |= dict.fromkeys(tables_of_listens, _LEFT_TABLE)
    sources = [Source(reader, tuple(group)) for reader, files in by_reader.items() for group in reader.group(files)]
    imported = {member for source in sources for member in source.members}
    without_listens += [member for files in by_reader.values() for member in files]
    without_listens = [member for member in without_listens if member not in imported]
    if not sources and not errors:
        what = f"the format {format}" if wanted else "a supported format"
        raise ValueError(f"{path.name} contains no listening export in {what}; give a file of {_NAMES}{_seen(looks)}")
    named = [
        f"{one} ({looks[one].advice})" if one in looks and looks[one].advice else str(one) for one in without_listens
    ]
    return FoundSources(list(_numbered(sources)), named, errors)


def _seen(looks: Mapping[Member, Look]) -> str:
    """Say of one file, of several the first that something can be done about, what it looks like."""
    told = [member for member, look in looks.items() if look.advice or len(looks) == 1]
    if not told:
        return ""
    look = looks[told[0]]
    return f".\n\n{told[0]} looks like {look.what}." + (f" {look.advice}." if look.advice else "")


def _reader(name: str) -> Reader:
    reader = next((reader for reader in READERS if reader.name == name), None)
    if reader is None:
        raise ValueError(f"There is no format {name!r} of listens; give auto, {_NAMES}")
    return reader


def _members(path: Path) -> tuple[list[Member], list[ValueError]]:
    """List the files in a file, an archive, or a folder with its archives, without hidden ones; and errors."""
    files, errors = _files(path) if path.is_dir() else ([path], [])
    members: list[Member] = []
    for file in files:
        try:
            with table_errors(file.name):
                require_regular(file)
                members += [
                    one for one in members_of(file) if not any(map(folder_exclusion, Path(one.name or "").parts))
                ]
        except ValueError as error:
            errors.append(error)
    return members, errors


def _files(folder: Path) -> tuple[list[Path], list[ValueError]]:
    """List the files below a folder without hidden ones, by name; and errors of folders that cannot be listed."""
    errors: list[OSError] = []
    files: list[Path] = []
    for parent, folders, names in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if folder_exclusion(name) is None]
        files += [Path(parent, name) for name in names if not is_hidden(name) or scrobbler_log.is_name(name)]
    return sorted(files), [
        ValueError(f"{Path(error.filename).name} cannot be read: {error.strerror}") for error in errors
    ]


def _numbered(sources: list[Source]) -> Iterator[Source]:
    n_sources: Counter[tuple[Path, ...]] = Counter()  # of each set of files
    for source in sources:
        files = tuple(source.paths)
        yield replace(source, number=n_sources[files])
        n_sources[files] += 1


def _checked(batches: Iterator[Batch], name: str) -> Iterator[Batch]:
    with table_errors(name):
        yield from refuse_malformed(batches, name)


def _text(member: Member, content: bytes) -> str:
    """The text of a beginning; of a table in the likeliest encoding, since a country's may name its columns."""
    if member.suffix not in SUFFIXES:
        return decoded(content)
    text = unicode_text(content)
    return as_utf8(content).decode("utf-8", "replace") if text is None else text


def reader_of(head: Head | None) -> Reader | None:
    """Detect the format of a file by its beginning; None if it is no listening export in a supported format."""
    return None if head is None else next((reader for reader in READERS if reader.detect(head)), None)


def read_head(member: Member) -> Head | None:
    """Read the beginning of a file; None for Parquet inside an archive, which is not read.

    Raises
    ------
    ValueError
        It is a SQLite database that cannot be read, or packed.
    """
    with member.open() as file:
        content = file.read(_HEAD_BYTES)
    if member.name is None and member.suffix == workbooks.SUFFIX:
        return Head(member, sheets=tuple(workbooks.sheet_names(member)))
    if member.name is None:
        refuse_packed(content, member.path.name)
    if content.startswith(MAGIC):
        try:
            with open_database(member) as connection:
                return Head(member, tables=database_tables(connection))
        except ValueError:
            if member.name is None:
                raise
            return Head(member, MAGIC.decode())  # which is told; the other files of the archive are read
    if not content.startswith(b"PAR1"):
        return Head(member, _text(member, content).lstrip())
    if member.name is not None:
        return None
    with table_errors(member.path.name):
        return Head(member, columns=tuple(parquet_columns(member.path)))
