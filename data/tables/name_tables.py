"""Tables that map names of another program, such as artist ids, to names that the library knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from earshot.data.tables.table_blocks import find_column, list_columns, open_table, stripped

_VALUE_COLUMNS = {  # by key column: the columns that may hold the names, best first
    "track": ("file", "path", "filename", "title", "track", "track_name", "name"),
    "song": ("file", "path", "filename", "title", "song", "name"),
    "artist": ("artist", "artist_name", "name"),
    "album": ("album", "album_name", "name"),
    "user": ("user", "user_name", "name"),
    "": ("name", "label", "title", "file", "path"),
}


@dataclass(frozen=True)
class Translation:
    """Names that were looked up in a table."""

    names: list[str]  # one for each given name; the same name if it is not in the table
    n_known: int
    key: str  # the column of the given names
    value: str  # the column of the new names


def translate(
    names: Sequence[str], path: Path, *, key: str | None = None, value: str | None = None, level: str = ""
) -> Translation:
    """Look names up in a table.

    Without `key`, the column that holds most of the names is taken; of equals, one whose name contains the `level`.
    Without `value`, it follows from the key: ``artist`` for ``artist_id``, a file or a title for ``track_id``.

    Raises
    ------
    ValueError
        The table cannot be read, no column holds any of the names, or it has no column of new names.
    """
    table = open_table(path, what="tables of names").whole()
    columns = table.columns
    given = pl.DataFrame({"name": pl.Series(names, dtype=pl.String)})
    key = find_column(path.name, columns, key, ()) or _key_column(path, table, given.unique(), level)
    value = find_column(path.name, columns, value, ()) or find_column(path.name, columns, None, _value_columns(key))
    if value is None or value == key:
        raise ValueError(f"{path.name}: which column says what {key!r} means? It has {list_columns(columns)}")
    meanings = table.select(name=stripped(key), meaning=stripped(value)).drop_nulls().unique("name", keep="first")
    # A join keeps the order of the names, and takes less than a second for a million.
    joined = given.join(meanings, on="name", how="left", maintain_order="left")
    n_known = len(joined) - joined["meaning"].null_count()
    return Translation(joined["meaning"].fill_null(joined["name"]).to_list(), n_known, key, value)


def level_of(*columns: str) -> str | None:
    """Tell from the names of columns whether they hold artists, albums or tracks."""
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
