"""Tables of labels: genre, mood or artist of files, and pairs of files with the same recording."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earshot.data.name_matching import split_labels
from earshot.data.tables.table_blocks import find_column, list_columns, open_table, stripped

_FILE_COLUMNS = ("file", "path", "filename", "location")
_ARTIST_COLUMNS = ("artist", "artist_name", "artist_id")
_LABEL_COLUMN = re.compile(r"genre|mood|style|tag|label", re.IGNORECASE)  # read by default


@dataclass(frozen=True)
class LabelTable:
    """Labels of files; all lists have one entry per row of the table."""

    files: list[str]  # paths as written: absolute, or relative to the table
    artists: list[str | None] | None  # None if the table has no such column
    labels: dict[str, list[frozenset[str]]]  # by column; empty where a cell is
    twins: list[str | None] | None  # a file with the same recording

    def __repr__(self) -> str:
        return f"<LabelTable {len(self.files):,} files, labels {', '.join(self.labels) or 'none'}>"


def read_labels(path: Path, columns: Sequence[str] = (), twins: str | None = None) -> LabelTable:
    """Read a table of labels: CSV, TSV, Parquet or JSON lines with a column ``file`` or ``path``.

    Without `columns`, all are read whose name contains genre, mood, style, tag or label.

    Raises
    ------
    ValueError
        The file cannot be read, or lacks a named column or one of files.
    """
    table = open_table(path, what="tables of labels")
    names = table.columns
    file = find_column(path.name, names, None, _FILE_COLUMNS)
    if file is None:
        raise ValueError(f"{path.name} has no column file or path; it has {list_columns(names)}")
    artist = find_column(path.name, names, None, _ARTIST_COLUMNS)
    label_columns = [find_column(path.name, names, name, ()) for name in columns]
    label_columns = label_columns or [name for name in names if _LABEL_COLUMN.search(name)]
    twin = find_column(path.name, names, twins, ()) if twins else None
    used = [file, *(name for name in (artist, *label_columns, twin) if name)]
    rows = table.whole(used).filter(stripped(file).is_not_null())

    def texts(name: str) -> list[str | None]:
        return rows.select(stripped(name)).to_series().to_list()

    return LabelTable(
        files=[str(name) for name in texts(file)],
        artists=texts(artist) if artist else None,
        labels={name: [split_labels(cell) for cell in texts(name)] for name in label_columns if name},
        twins=texts(twin) if twin else None,
    )
