"""Tables of tags for audio files that have none: research clips, rips, exports of other players."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earshot.data.tables.table_blocks import (
    find_column,
    list_columns,
    malformed_examples,
    open_table,
    plain_column,
    stripped,
)

_PATH_COLUMNS = ("file", "path", "filename", "file_name", "filepath")
_NAME_COLUMNS = ("filename", "file_name")  # beside a path that is only a folder, as Mp3tag writes them
_TAG_COLUMNS = {
    "title": ("title", "track_name", "track_title", "name"),
    "artist": ("artist", "artist_name"),
    "album": ("album", "album_name", "release"),
    "genre": ("genre", "genres"),
    "year": ("year", "date", "release_year"),
}


@dataclass(frozen=True)
class TagRow:
    """Tags of one file."""

    path: str  # as written
    title: str | None
    artist: str | None
    album: str | None
    genre: str | None
    year: int | None


@dataclass(frozen=True)
class TagTable:
    """Tags of files, and how many rows were malformed."""

    rows: Sequence[TagRow]
    fields: tuple[str, ...]  # the tags that the table has
    n_malformed: int  # rows without a path
    malformed: tuple[str, ...] = ()  # the first of them


def read_tag_table(path: Path) -> TagTable:
    """Read a table with a column ``file`` or ``path`` and any of title, artist, album, genre(s) and year.

    Raises
    ------
    ValueError
        It cannot be read, or lacks a column of files or any column of tags.
    """
    table = open_table(path, what="tables of tags")
    columns = table.columns
    file = find_column(path.name, columns, None, _PATH_COLUMNS)
    chosen = {field: find_column(path.name, columns, None, known) for field, known in _TAG_COLUMNS.items()}
    fields = tuple(field for field, name in chosen.items() if name)
    if file is None or not fields:
        lacking = "`file` or `path`" if file is None else "title, artist, album, genre or year"
        raise ValueError(f"{path.name} has no column {lacking}; it has {list_columns(columns)}")
    raw = table.whole([file, *(name for name in chosen.values() if name)])
    place = stripped(file)
    if name := find_column(path.name, columns, None, _NAME_COLUMNS if plain_column(file) == "path" else ()):
        raw = raw.with_columns(table.whole([name]))
        place = pl.when(place.str.contains(r"[/\\]$")).then(pl.concat_str(place, stripped(name))).otherwise(place)
    texts = {field: stripped(name) if name else pl.lit(None, pl.String) for field, name in chosen.items()}
    tags = raw.select(path=place, **texts).with_columns(pl.col("year").str.extract(r"(\d{4})").cast(pl.Int64))
    is_whole = tags["path"].is_not_null()
    rows = [TagRow(*values) for values in tags.filter(is_whole).iter_rows()]
    return TagTable(rows, fields, len(tags) - len(rows), malformed_examples(raw, is_whole))
