"""Export a library as Parquet, in the layout of docs/export.md, for programs that search or count elsewhere."""

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from earshot.data.files.atomic import replaced_folder
from earshot.data.files.parquet_parts import TYPES, row_block, vector_block, vector_schema, write_parts
from earshot.index.library import Library, now
from earshot.index.vectors.spaces import as_matrix, check_blob, spaces
from earshot.stages.shared.reports import InputError, Note, Progress

MANIFEST, FORMAT = "export.json", "earshot-export-1"
_ROWS_AT_ONCE = 2**16  # of a file; 32 MiB of vectors of 128 numbers

_TRACKS = {
    "track_id": "integer", "recording_id": "integer", "is_best": "integer", "status": "text", "reason": "text",
    "title": "text", "artist": "text", "album": "text", "album_artist": "text", "genre": "text", "year": "integer",
    "track_number": "integer", "duration_s": "real", "sample_rate": "integer", "channels": "integer", "codec": "text",
    "artist_id": "integer", "album_id": "integer", "mbid": "text", "isrc": "text", "linked_id": "integer",
    "path": "text", "path_bytes": "blob", "size": "integer", "content_hash": "text",
}  # fmt: skip
_NEIGHBOURS = {
    "track_id": "integer", "space": "text", "rank": "integer", "neighbour_id": "integer", "score": "float",
}  # fmt: skip
_RECOMMENDATIONS = {
    "user_id": "integer", "user": "text", "rank": "integer", "track_id": "integer", "score": "float",
}  # fmt: skip
_TABLES = (  # table, columns, query, which needs no sorting: each follows a primary key
    (
        "tracks",
        _TRACKS,
        f"SELECT {', '.join(_TRACKS)} FROM (SELECT t.id AS track_id, t.*, r.recording_id, r.is_best FROM tracks AS t"
        " LEFT JOIN recordings AS r ON r.track_id = t.id) ORDER BY track_id",
    ),
    ("neighbours", _NEIGHBOURS, f"SELECT {', '.join(_NEIGHBOURS)} FROM neighbours ORDER BY track_id, space, rank"),
    (
        "recommendations",
        _RECOMMENDATIONS,
        "SELECT user_id, (SELECT name FROM users WHERE id = user_id), rank, track_id, score"
        " FROM recommendations ORDER BY user_id, rank",
    ),
)
_VECTORS = "SELECT track_id, vector, dim FROM current_vectors WHERE space = ? ORDER BY track_id"


@dataclass(frozen=True)
class ExportedSpace:
    """The vectors of one space, as they were exported."""

    folder: str  # below that of the export
    n_vectors: int
    dim: int
    run: int  # vectors of one run alone may be compared
    fingerprint: str | None  # of the encoder, where one made them
    neighbours_up_to_date: bool


@dataclass(frozen=True)
class ExportReport:
    """A finished export; its fields are also the content of the file `export.json` in its folder."""

    format: str
    earshot: str  # version
    exported: str  # ISO 8601, UTC
    folder: str
    rows: dict[str, int]  # by table
    spaces: dict[str, ExportedSpace]


def export_parquet(library: Library, folder: Path) -> Generator[Progress | Note | ExportReport, None, None]:
    """Write tracks, vectors, neighbours and recommendations of one moment into a folder, whole or not at all.

    An earlier export in `folder` is replaced. Memory holds one block of rows at a time. Until the last row is read, who
    writes to the library waits.

    Raises
    ------
    InputError
        The folder holds something else than an export.
    LibraryError
        The library holds vectors that are none.
    OSError
        The folder cannot be written.
    """
    folder = Path(folder).absolute()
    _require_export(folder)
    with replaced_folder(folder) as temporary:
        with _one_moment(library):
            rows = {}
            for name, columns, query in _TABLES:
                schema = {column: TYPES[kind] for column, kind in columns.items()}
                blocks = (row_block(block, schema) for block in _blocks(library, query))
                total = library.value(f"SELECT count(*) FROM {name}")
                parts = write_parts(temporary / name, schema, blocks)
                rows[name] = yield from _counted(parts, name, "row", total)
            exported = {}
            for space in spaces(library):
                if (dim := library.value(f"SELECT dim FROM ({_VECTORS} LIMIT 1)", [space])) is not None:
                    exported[space] = yield from _export_space(library, space, dim, temporary)
        report = ExportReport(FORMAT, version("earshot"), now(), str(folder), rows, exported)
        (temporary / MANIFEST).write_text(json.dumps(asdict(report), indent=2) + "\n", encoding="utf-8")
    late = ", ".join(name for name, space in exported.items() if not space.neighbours_up_to_date)
    if late:
        yield Note(f"Some neighbours lag behind the vectors ({late}); `cli build-index` brings them up to date.")
    yield report


def _export_space(library: Library, space: str, dim: int, folder: Path) -> Generator[Progress, None, ExportedSpace]:
    name = f"vectors-{quote(space, safe='')}"
    run, fingerprint, is_up_to_date, total = library.db.execute(
        "SELECT run_id, fingerprint, coalesce(neighbours_revision = revision, 0),"
        " (SELECT count(*) FROM vectors AS v WHERE v.space = s.space AND v.run_id = s.run_id)"
        " FROM spaces AS s JOIN runs AS r ON r.id = run_id WHERE s.space = ?",
        [space],
    ).fetchone()
    blocks = (_vector_block(block, space, dim) for block in _blocks(library, _VECTORS, space))
    parts = write_parts(folder / name, vector_schema(dim), blocks)
    n_vectors = yield from _counted(parts, f"vectors of {space}", "vector", total)
    return ExportedSpace(name, n_vectors, dim, run, fingerprint, bool(is_up_to_date))


def _vector_block(rows: list[tuple[int, bytes, int]], space: str, dim: int) -> Any:
    """A block of vectors; one of another length than the first of the space is refused with a LibraryError."""
    for _, blob, _ in rows:
        check_blob(blob, 4 * dim, space)
    ids, vectors = as_matrix(((track_id, blob) for track_id, blob, _ in rows), space)
    return vector_block(ids.all_ids, vectors)


def _blocks(library: Library, query: str, *values: str) -> Iterator[list[tuple]]:
    cursor = library.db.execute(query, list(values))
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield rows


def _counted(parts: Iterable[int], phase: str, unit: str, total: int) -> Generator[Progress, None, int]:
    """Report progress after each part; return the number of rows."""
    n_rows = 0
    yield Progress(phase, 0, total, unit)
    for n_rows in parts:
        yield Progress(phase, n_rows, total, unit)
    return n_rows


@contextmanager
def _one_moment(library: Library) -> Iterator[None]:
    """Read everything in a block as of one moment."""
    library.db.execute("BEGIN")
    try:
        yield
    finally:
        library.db.rollback()


def _require_export(folder: Path) -> None:
    """Refuse a place that holds something else than an earlier export, before any work."""
    if not folder.parent.is_dir():
        raise InputError(f"There is no folder {folder.parent}, in which {folder.name} could be made.")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(f"{folder} is no folder. Name a new one, or an earlier export, which is replaced.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} holds other things than an export. Name a new folder. Nothing was changed.")
