"""Everything that a library says, by names in place of ids, so that two libraries can be compared."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

# When something was done, how often, and which bytes a file happened to get: true of a run, not of a library.
_OF_THE_RUN = re.compile(
    r"run_id|.*revision|built|made|imported|since|rated|changed|hash|started|finished|settings|.*bytes|[cm]time_ns|name"
)
_LEFT_OUT = {"runs", "metrics", "sqlite_sequence", "_sqlite_migrations"}
_TIED = {"neighbours": "neighbour_id", "recommendations": "track_id"}  # equal scores may stand in any order
_TOLERANCE = 1e-4

Row = tuple[tuple[Any, ...], np.ndarray]  # what must be equal, and what must be close


def library_contents(folder: Path) -> dict[str, list[Row]]:
    """Each table, the events of each import, and the names of the files, in an order that does not depend on ids."""
    with closing(sqlite3.connect(folder / "library.db")) as db:
        names = _entity_names(db)
        contents = {table: _rows(db, table, names) for table in _tables(db)}
        contents["finished stages"] = [_row(row) for row in db.execute(_FINISHED)]
        for file, level in db.execute("SELECT file, level FROM listens"):
            contents[f"events of {file}"] = _events(folder / "listens" / file, level, names)
    contents["files"] = sorted((_row([name]) for name in _file_names(folder)), key=repr)
    return contents


_FINISHED = "SELECT DISTINCT stage FROM runs WHERE finished IS NOT NULL ORDER BY stage"


def differences(expected: Mapping[str, list[Row]], found: Mapping[str, list[Row]]) -> Iterator[str]:
    """One line for each table that is not as expected."""
    for table in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(table, []), found.get(table, [])
        if [row[0] for row in ours] != [row[0] for row in theirs]:
            lacking = _first({row[0] for row in ours} - {row[0] for row in theirs})
            extra = _first({row[0] for row in theirs} - {row[0] for row in ours})
            yield f"{table}: {len(theirs)} rows for {len(ours)}; lacking {lacking}, extra {extra}"
            continue
        worst = max((_distance(one[1], other[1]) for one, other in zip(ours, theirs, strict=True)), default=0.0)
        if not worst < _TOLERANCE:
            yield f"{table}: a number differs by {worst:.3g}"


def _first(rows: set[tuple[Any, ...]]) -> str:
    return str(sorted(rows, key=repr)[:2])[:300]


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max(initial=0.0)) if one.shape == other.shape else np.inf


def _entity_names(db: sqlite3.Connection) -> dict[str, dict[int, str]]:
    named = {table: dict(db.execute(f"SELECT id, name FROM {table}")) for table in ("artists", "users")}
    albums = db.execute("SELECT a.id, a.name || ' by ' || coalesce(r.name, '') FROM albums a LEFT JOIN artists r"
                        " ON r.id = a.artist_id")  # fmt: skip
    tracks = db.execute("SELECT id, coalesce(path, artist || '/' || coalesce(album, '') || '/' || title) FROM tracks")
    playlists = db.execute("SELECT id, path FROM playlists")
    return named | {"albums": dict(albums), "tracks": dict(tracks), "playlists": dict(playlists)}


def _tables(db: sqlite3.Connection) -> list[str]:
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [name for name in tables if name not in _LEFT_OUT and "_fts" not in name]


def _rows(db: sqlite3.Connection, table: str, names: Mapping[str, Mapping[int, str]]) -> list[Row]:
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    parents = {row[3]: row[2] for row in db.execute(f"PRAGMA foreign_key_list({table})")}
    is_entity = table in names
    levels = dict(db.execute("SELECT kind, level FROM graphs"))
    rows = []
    for values in db.execute(f"SELECT * FROM {table}"):
        record = dict(zip(columns, values, strict=True))
        level = levels.get(record.get("kind")) or record.get("level")
        for column, value in record.items():
            parent = parents.get(column)
            if column in ("source_id", "target_id", "node_id"):
                parent = f"{level}s"
            if column == "recording_id":
                parent = "tracks"
            if column == "fingerprint":
                record[column] = len(value)  # signs of small differences: the last bit of a sum may turn one
            if parent in names and value is not None:
                record[column] = names[parent].get(value, f"no {parent} {value}")
        kept = [
            value
            for column, value in record.items()
            if column != _TIED.get(table)
            and not (column == "id" and is_entity)
            and ((column == "name" and is_entity) or not _OF_THE_RUN.fullmatch(column))
        ]
        rows.append(_row(kept))
    return sorted(rows, key=lambda row: repr(row[0]))


def _row(values: Any) -> Row:
    exact = tuple(value for value in values if not isinstance(value, float | bytes))
    numbers = [np.frombuffer(value, "<f4") if isinstance(value, bytes) and len(value) % 4 == 0 else [value]
               for value in values if isinstance(value, float | bytes)]  # fmt: skip
    return exact, np.concatenate([np.asarray(part, dtype=np.float64) for part in numbers] or [np.empty(0)])


def _events(path: Path, level: str, names: Mapping[str, Mapping[int, str]]) -> list[Row]:
    table = pl.read_parquet(path)
    users = [names["users"].get(number) for number in table["user_id"]]
    items = [names[f"{level}s"].get(number) for number in table[f"{level}_id"]]
    rows = zip(users, items, table["time_s"], table["plays"].cast(pl.Float64), strict=True)
    return sorted((_row(row) for row in rows), key=lambda row: (repr(row[0]), row[1].tolist()))


def _file_names(folder: Path) -> Iterator[str]:
    """Names of the files; hashes in them depend on what the bytes are of."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in (".writer.lock",):
            yield re.sub(r"[0-9a-f]{12,}", "#", str(path.relative_to(folder)))
