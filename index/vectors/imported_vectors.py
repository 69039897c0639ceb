"""Vectors that a data set brings along, in a space of their own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from earshot.data.ids import IdMap
from earshot.data.listens.yambda import embeddings
from earshot.index.library import Library
from earshot.index.runs import IMPORT_STAGE, finish_run, start_run
from earshot.index.vectors.spaces import vector_blob


def store_embeddings(
    library: Library, space: str, files: Sequence[Path], numbers: np.ndarray, track_ids: np.ndarray
) -> int:
    """Store the audio embeddings of an export, of tracks that were listened to; how many.

    Parameters
    ----------
    numbers, track_ids : (n,), what the data set calls the tracks, and what the library does
    """
    rows = IdMap(numbers)
    pieces = ((track_ids[rows.rows(found)], vectors) for path in files for found, vectors in embeddings(path, numbers))
    return store_given_vectors(library, space, str(files[0]), pieces) if files else 0


def store_given_vectors(
    library: Library, space: str, origin: str, pieces: Iterable[tuple[np.ndarray, np.ndarray]]
) -> int:
    """Put vectors of unit length into a space, in the place of those it had, all or nothing; how many.

    Parameters
    ----------
    pieces : ids of tracks, (n,), and their vectors, (n, dim) float32
    """
    run_id, _ = start_run(library, IMPORT_STAGE, {"space": space, "origin": origin})
    n_vectors = 0
    with library.transaction():
        for track_ids, vectors in pieces:
            library.db.conn.executemany(
                "INSERT INTO vectors (track_id, space, run_id, dim, vector) VALUES (?, ?, ?, ?, ?)",
                (
                    (track_id, space, run_id, len(vector), vector_blob(vector))
                    for track_id, vector in zip(track_ids.tolist(), vectors, strict=True)
                ),
            )
            n_vectors += len(track_ids)
        library.db.execute(
            "INSERT INTO spaces (space, run_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET run_id = excluded.run_id",
            [space, run_id],
        )
        library.db.execute("DELETE FROM vectors WHERE space = ? AND run_id <> ?", [space, run_id])
    finish_run(library, run_id, {"n_vectors": n_vectors})
    return n_vectors
