"""Tables that say what another program's names mean, such as its artist ids and the artists' names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earshot.data.tables.table_reader import find_column, list_columns, read_table, stripped

_VALUE_COLUMNS = {  # of a column of ids: the columns that may say what it stands for, best first
    "track": ("file", "path", "filename", "title", "track", "track_name", "name"),
    "song": ("file", "path", "filename", "title", "song", "name"),
    "artist": ("artist", "artist_name", "name"),
    "album": ("album", "album_name", "name"),
    "user": ("user", "user_name", "name"),
    "": ("name", "label", "title", "file", "path"),
}


@dataclass(frozen=True)
class Translation:
    """Names in the library's words, where the table knows them."""

    names: list[str]  # one for each that was given; itself where the table does not know it
    n_known: int
    key: str  # the column they were found in
    value: str  # the column that says what they mean


def translate(
    names: Sequence[str], path: Path, *, key: str | None = None, value: str | None = None, level: str = ""
) -> Translation:
    """Look names up in a table.

    Without `key`, the column that holds the most of them is taken; of equals, one whose name speaks of the `level`.
    Without `value`, its name says where to look: ``artist_id`` means ``artist``, ``track_id`` a file or a title.

    Raises
    ------
    ValueError
        The table cannot be read, no column holds any of the names, or nothing says what a column means.
    """
    table = read_table(path, what="tables of names")
    columns = table.columns
    wanted = pl.DataFrame({"name": pl.Series(names, dtype=pl.String)}).unique()
    key = find_column(path.name, columns, key, ()) or _key_column(path, table, wanted, level)
    value = find_column(path.name, columns, value, ()) or find_column(path.name, columns, None, _value_columns(key))
    if value is None or value == key:
        raise ValueError(f"{path.name}: which column says what {key!r} means? It has {list_columns(columns)}")
    meanings = table.select(name=stripped(key), meaning=stripped(value)).drop_nulls().unique("name", keep="first")
    # Names of one row each: a join keeps their order, and a million take less than a second.
    found = pl.DataFrame({"name": pl.Series(names, dtype=pl.String)}).join(
        meanings, on="name", how="left", maintain_order="left"
    )
    n_known = len(found) - found["meaning"].null_count()
    return Translation(found["meaning"].fill_null(found["name"]).to_list(), n_known, key, value)


def level_of(*columns: str) -> str | None:
    """What a column holds by its name: artists, albums or tracks."""
    return next((level for level in ("artist", "album", "track") for name in columns if level in name.lower()), None)


def _key_column(path: Path, table: pl.DataFrame, wanted: pl.DataFrame, level: str) -> str:
    def n_held(name: str) -> int:
        return len(wanted.join(table.select(name=stripped(name)), on="name", how="semi"))

    best = max(table.columns, key=lambda name: (n_held(name), bool(level) and level in name.lower()))
    if n_held(best) == 0:
        example = ", ".join(wanted["name"].head(3).to_list())
        raise ValueError(f"no column of {path.name} holds any of the names, such as {example}")
    return best


def _value_columns(key: str) -> tuple[str, ...]:
    lowered = key.lower().removesuffix("_id").removesuffix("id").strip("_ ")
    stem = next((stem for stem in _VALUE_COLUMNS if stem and lowered.endswith(stem)), "")
    return tuple(name for name in _VALUE_COLUMNS[stem] if name != key.lower())
