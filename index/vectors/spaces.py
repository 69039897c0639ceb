"""Vector spaces: publish the vectors of a run, and read the current ones as one matrix."""

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.runs import IMPORT_STAGE, current_fingerprint, finish_run, start_run

AUDIO = "audio"  # vectors of the encoder
DIFFUSED = "diffused"  # vectors that were spread over a preference graph
TOWER = "tower"  # vectors of the item tower

Pieces = Iterable[tuple[np.ndarray, np.ndarray]]  # ids of tracks, (n,), and their vectors, (n, dim) float32

# A condition on the id of a track; `index.recordings.recordings` fills the table.
ONE_PER_RECORDING = "{0} NOT IN (SELECT track_id FROM recordings WHERE recording_id <> track_id)"

_MAX_DIMENSIONS = 2**16
_MISSING = {
    AUDIO: "No track in this library has a vector yet.\n\nRun `cli embed-audio FOLDER` first.",
    DIFFUSED: "Nothing was spread over a graph yet.\n\nRun `cli diffuse-audio` first.",
    TOWER: "This library has no trained towers yet.\n\nRun `cli train-tower` first (it needs `cli import-listens`).",
}


@dataclass(frozen=True)
class Space:
    """One vector space as search uses it."""

    name: str
    run_id: int
    revision: int  # changes with its vectors and with the tracks that have them


def spaces(library: Library) -> list[str]:
    """The names of all spaces."""
    return library.column("SELECT space FROM spaces ORDER BY space")


def current_space(library: Library, name: str) -> Space | None:
    """The space of this name; None before its first vectors."""
    row = library.db.execute("SELECT space, run_id, revision FROM spaces WHERE space = ?", [name]).fetchone()
    return Space(*row) if row else None


def require_space(library: Library, name: str) -> Space:
    """The space of this name.

    Raises
    ------
    LibraryError
        It has no vectors yet; the message says what to type.
    """
    space = current_space(library, name)
    if space is None:
        raise LibraryError(
            _MISSING.get(name)
            or f"There is no space {name!r}; this library has {', '.join(spaces(library)) or 'none yet'}.\n\n"
            "Run `cli embed-audio`, `cli diffuse-audio`, `cli train-tower`, or import a data set with its vectors."
        )
    return space


def require_vectors(library: Library, space: str = AUDIO) -> None:
    """Refuse, with a LibraryError, a library that has no vector to search by or none in a space but the encoder's."""
    if space != AUDIO:
        require_space(library, space)
    if library.value("SELECT 1 FROM current_vectors") is None:
        raise no_vectors()


def no_vectors() -> LibraryError:
    """The error of a library in which no track has a vector."""
    return LibraryError(_MISSING[AUDIO])


def read_vectors(library: Library, space: str, *, with_copies: bool = False) -> tuple[IdMap, np.ndarray]:
    """Read the current vectors: the id map and a matrix, shape (n_tracks, dim) float32, in the order of ids.

    Of several tracks of one recording it is the one whose id the recording has; all of them `with_copies`.
    """
    condition = "" if with_copies else f" AND {ONE_PER_RECORDING.format('track_id')}"
    query = f"SELECT track_id, vector FROM current_vectors WHERE space = ?{condition} ORDER BY track_id"
    return as_matrix(library.db.execute(query, [space]), space)


def read_vector(library: Library, space: str, track_id: int) -> np.ndarray | None:
    """Read the current vector of a track, shape (dim,), or None."""
    row = library.db.execute(
        "SELECT vector, (SELECT length(vector) FROM current_vectors WHERE space = ? LIMIT 1)"
        " FROM current_vectors WHERE space = ? AND track_id = ?",
        [space, space, track_id],
    ).fetchone()
    if row is None:
        return None
    check_blob(row[0], row[1], space)
    return np.frombuffer(row[0], dtype="<f4")


def read_some_vectors(library: Library, space: str, ids: Sequence[int]) -> tuple[IdMap, np.ndarray]:
    """Read the current vectors of some tracks as `read_vectors` does; skip ids without one."""
    query = (
        "SELECT track_id, vector FROM current_vectors WHERE space = ?"
        " AND track_id IN (SELECT value FROM json_each(?)) ORDER BY track_id"
    )
    return as_matrix(library.db.execute(query, [space, json.dumps(list(ids))]), space)


def publish(library: Library, space: str, run_id: int, pieces: Pieces) -> int:
    """Store a run's vectors as `insert_vectors` does, and make them the space, in place of those of earlier runs."""
    # Before the space turns to this run: the triggers of a current run would cost more than the rows.
    n_stored = insert_vectors(library, space, run_id, pieces)
    _point_to(library, space, run_id)
    return n_stored


def store_imported_vectors(library: Library, space: str, origin: str, pieces: Pieces) -> int:
    """Put vectors of unit length that come with a data set into a space, in place of those it had; return their number.

    All or nothing, as a run of its own.
    """
    run_id, _ = start_run(library, IMPORT_STAGE, {"space": space, "origin": origin})
    with library.transaction():
        n_vectors = publish(library, space, run_id, pieces)
    finish_run(library, run_id, {"n_vectors": n_vectors})
    return n_vectors


def insert_vectors(library: Library, space: str, run_id: int, pieces: Pieces) -> int:
    """Store vectors of a run; return their number. The caller holds the transaction.

    Tracks that were removed are skipped: listens may still name them, and towers learn vectors for them.
    """
    cursor = library.db.conn.executemany(
        "INSERT INTO vectors (track_id, space, run_id, dim, vector) SELECT id, ?, ?, ?, ? FROM tracks WHERE id = ?",
        (
            (space, run_id, len(vector), vector_blob(vector), track_id)
            for track_ids, vectors in pieces
            for track_id, vector in zip(track_ids.tolist(), vectors, strict=True)
        ),
    )
    return max(cursor.rowcount, 0)


def use_run(library: Library, space: str, run_id: int) -> int:
    """Make a run's vectors the ones that search uses, once every embedded track has one; return how many have none.

    Until then search stays with the old run. Afterwards vectors of earlier runs are removed.
    """
    with library.transaction():
        current, n_lacking = current_space(library, space), n_without_vector(library, space, run_id)
        if current is None or (current.run_id != run_id and n_lacking == 0):
            old_runs = "SELECT run_id FROM vectors WHERE space = ? AND run_id <> ?"
            library.db.execute(f"DELETE FROM excerpts WHERE run_id IN ({old_runs})", [space, run_id])
            _point_to(library, space, run_id)
    return n_lacking


def _point_to(library: Library, space: str, run_id: int) -> None:
    """Make a run the one of a space, and remove the vectors of other runs."""
    library.db.execute(
        "INSERT INTO spaces (space, run_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET run_id = excluded.run_id",
        [space, run_id],
    )
    library.db.execute("DELETE FROM vectors WHERE space = ? AND run_id <> ?", [space, run_id])


def n_without_vector(library: Library, space: str, run_id: int | None) -> int:
    """The number of embedded tracks that have no vector of a run; all of them for None."""
    query = (
        "SELECT count(*) FROM tracks WHERE status = 'embedded' AND id NOT IN"
        " (SELECT track_id FROM vectors WHERE space = ? AND run_id = ?)"
    )
    return library.value(query, [space, run_id])


def as_matrix(rows: Iterable[tuple[int, bytes]], space: str) -> tuple[IdMap, np.ndarray]:
    """Collect rows of a query as a matrix, one by one: a list of them would take twice the memory."""
    ids, data, length = array("q"), bytearray(), 0
    for track_id, blob in rows:
        length = length or len(blob)
        check_blob(blob, length, space)
        ids.append(track_id)
        data += blob
    return IdMap(np.array(ids, dtype=np.int64)), np.frombuffer(data, dtype="<f4").reshape(len(ids), length // 4)


def check_blob(blob: object, length: int, space: str) -> None:
    """Refuse a blob that is no vector, or of another length in bytes than the others, with a LibraryError."""
    if not isinstance(blob, bytes) or not blob or len(blob) % 4 or len(blob) > 4 * _MAX_DIMENSIONS:
        raise LibraryError(f"One of the {space} vectors is none.\n\nRun `cli check`.")
    if len(blob) != length:
        raise LibraryError(f"The {space} vectors have different dimensions.\n\nRun `cli check`.")


def vector_blob(vector: np.ndarray) -> bytes:
    """The bytes of a vector as the library stores them: little-endian float32."""
    return vector.astype("<f4").tobytes()


def sound_space(library: Library, name: str | None = None) -> str | None:
    """Choose a space of audio vectors: the named one, else the largest, on ties that of the encoder; None without any.

    Raises
    ------
    LibraryError
        The named space does not exist, or is computed from other spaces.
    """
    sizes = _sizes(library)
    if name is None:
        return max(sizes, key=lambda space: (sizes[space], space == AUDIO), default=None)
    if name not in sizes:
        raise LibraryError(
            f"This library has no space of sound called {name!r}; it has {', '.join(sorted(sizes)) or 'none'}.\n\n"
            "Run `cli embed-audio FOLDER`, or import a data set with its vectors."
        )
    return name


def vector_fingerprint(library: Library, space: str | None) -> str | None:
    """Identify the vectors of a space: by the encoder of audio vectors, by the run of others."""
    if space is None or space == AUDIO:
        return current_fingerprint(library)
    current = current_space(library, space)
    return None if current is None else f"run {current.run_id}"


def _sizes(library: Library) -> dict[str, int]:
    """The number of vectors of each space of audio vectors that has any."""
    query = "SELECT count(*) FROM vectors AS v JOIN spaces AS s USING (space, run_id) WHERE v.space = ?"
    names = [name for name in spaces(library) if name not in (DIFFUSED, TOWER)]
    return {name: n for name in names if (n := library.value(query, [name]))}
