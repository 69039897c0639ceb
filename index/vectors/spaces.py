"""Vector spaces: which run's vectors are searched today, read as one matrix."""

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.index.library import Library, LibraryError
from earshot.index.runs import current_fingerprint

AUDIO = "audio"  # the space of sound

DIFFUSED = "diffused"  # the space

TOWER = "tower"  # the space

_MOST_DIMENSIONS = 2**16


@dataclass(frozen=True)
class Space:
    """One vector space as search sees it."""

    name: str
    run_id: int
    revision: int  # moves with every change to its vectors or to the tracks that have them


def spaces(library: Library) -> list[str]:
    """The names of all spaces that have vectors."""
    return [name for (name,) in library.db.execute("SELECT space FROM spaces ORDER BY space")]


def current_space(library: Library, name: str) -> Space | None:
    """The space, or None while nothing was embedded."""
    row = library.db.execute("SELECT space, run_id, revision FROM spaces WHERE space = ?", [name]).fetchone()
    return Space(*row) if row else None


def read_vectors(library: Library, space: str) -> tuple[IdMap, np.ndarray]:
    """All current vectors: the id map and a matrix, shape (n_tracks, dim) float32, in the order of ids."""
    query = "SELECT track_id, vector FROM current_vectors WHERE space = ? ORDER BY track_id"
    return as_matrix(library.db.execute(query, [space]), space)


def read_vector(library: Library, space: str, track_id: int) -> np.ndarray | None:
    """One track's current vector, shape (dim,), or None."""
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
    """As `read_vectors`, of some tracks; ids without a current vector are left out."""
    query = (
        "SELECT track_id, vector FROM current_vectors WHERE space = ?"
        " AND track_id IN (SELECT value FROM json_each(?)) ORDER BY track_id"
    )
    return as_matrix(library.db.execute(query, [space, json.dumps(list(ids))]), space)


def use_run(library: Library, space: str, run_id: int) -> int:
    """Make a run's vectors the ones that search uses, as soon as no track would be lost by it.

    Until every embedded track has a vector of the new run, search stays with the old one; the number
    of tracks still lacking is returned. When none is left, vectors of earlier runs are removed.
    """
    with library.transaction():
        current = current_space(library, space)
        lacking = library.db.execute(
            "SELECT count(*) FROM tracks WHERE status = 'embedded' AND id NOT IN"
            " (SELECT track_id FROM vectors WHERE space = ? AND run_id = ?)",
            [space, run_id],
        ).fetchone()[0]
        if current is None:
            library.db.execute("INSERT INTO spaces (space, run_id) VALUES (?, ?)", [space, run_id])
        elif current.run_id != run_id and lacking == 0:
            library.db.execute("UPDATE spaces SET run_id = ? WHERE space = ?", [run_id, space])
            old_runs = "SELECT run_id FROM vectors WHERE space = ? AND run_id <> ?"
            library.db.execute(f"DELETE FROM excerpts WHERE run_id IN ({old_runs})", [space, run_id])
            library.db.execute("DELETE FROM vectors WHERE space = ? AND run_id <> ?", [space, run_id])
    return int(lacking)


def as_matrix(rows: Iterable[tuple[int, bytes]], space: str) -> tuple[IdMap, np.ndarray]:
    """Rows of a query as they come: a list of them would take twice the memory of the matrix."""
    ids, data, length = array("q"), bytearray(), 0
    for track_id, blob in rows:
        length = length or len(blob)
        check_blob(blob, length, space)
        ids.append(track_id)
        data += blob
    return IdMap(np.array(ids, dtype=np.int64)), np.frombuffer(data, dtype="<f4").reshape(len(ids), length // 4)


def check_blob(blob: object, length: int, space: str) -> None:
    """Refuse what is no vector, or of another length in bytes than the others; a stranger's may be of any size.

    Raises
    ------
    LibraryError
        It is such a one.
    """
    if not isinstance(blob, bytes) or not blob or len(blob) % 4 or len(blob) > 4 * _MOST_DIMENSIONS:
        raise LibraryError(f"One of the {space} vectors is none.\n\nRun `cli check`.")
    if len(blob) != length:
        raise LibraryError(f"The {space} vectors have different dimensions.\n\nRun `cli check`.")


def vector_blob(vector: np.ndarray) -> bytes:
    return vector.astype("<f4").tobytes()


def sound_space(library: Library, asked: str | None = None) -> str | None:
    """The space of sound that is asked for, else that of the most tracks, of equals the ear's own; None without any.

    Raises
    ------
    LibraryError
        What is asked for is not there, or is made from other spaces.
    """
    there = _sizes(library)
    if asked is None:
        return max(there, key=lambda name: (there[name], name == AUDIO), default=None)
    if asked not in there:
        raise LibraryError(
            f"This library has no space of sound called {asked!r}; it has {', '.join(sorted(there)) or 'none'}.\n\n"
            "Run `cli embed-audio FOLDER`, or import a data set with its vectors."
        )
    return asked


def vector_fingerprint(library: Library, space: str | None) -> str | None:
    """What a space's vectors were made by: they are others where it is another."""
    if space is None or space == AUDIO:
        return current_fingerprint(library)
    current = current_space(library, space)
    return None if current is None else f"run {current.run_id}"


def _sizes(library: Library) -> dict[str, int]:
    """How many vectors each space of sound has; without those that have none."""
    query = "SELECT count(*) FROM vectors AS v JOIN spaces AS s USING (space, run_id) WHERE v.space = ?"
    names = [name for name in spaces(library) if name not in (DIFFUSED, TOWER)]
    sizes = {name: library.db.execute(query, [name]).fetchone()[0] for name in names}
    return {name: n for name, n in sizes.items() if n}
