"""TODO."""

import json
from typing import Any

import numpy as np

from earshot.index.library import Library
from earshot.index.vectors.spaces import TOWER, vector_blob


def store_tower_vectors(
    library: Library,
    run_id: int,
    track_ids: np.ndarray,
    vectors: np.ndarray,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Put a run's vectors of tracks in the place of an earlier run's, all or nothing; how many.

    Its metrics come with them, for `tower_run` reads the popularity dial there, although the run ends only later.
    """
    with library.transaction():
        library.db.execute("UPDATE runs SET metrics = ? WHERE id = ?", [json.dumps(metrics or {}), run_id])
        # Before the space turns to this run: the triggers of a current run would cost more than the rows.
        _insert_vectors(library, run_id, track_ids, vectors)
        library.db.execute(
            "INSERT INTO spaces (space, run_id) VALUES (?, ?) ON CONFLICT DO UPDATE SET run_id = excluded.run_id",
            [TOWER, run_id],
        )
        library.db.execute("DELETE FROM vectors WHERE space = ? AND run_id <> ?", [TOWER, run_id])
        (n_stored,) = library.db.execute(
            "SELECT count(*) FROM vectors WHERE space = ? AND run_id = ?", [TOWER, run_id]
        ).fetchone()
    return int(n_stored)


def add_tower_vectors(library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray) -> None:
    """Vectors of tracks that came after a training, by its towers; all or nothing."""
    with library.transaction():
        _insert_vectors(library, run_id, track_ids, vectors)


def embeddable_tracks(library: Library, *, by_sound: bool) -> np.ndarray:
    """The ids of the tracks with audio, (n,), that came after the training, and of which its towers know something.

    Parameters
    ----------
    by_sound : whether these hear tracks, and not only know artists and albums
    """
    query = (
        "SELECT id FROM tracks WHERE status = 'embedded' AND (? OR coalesce(artist_id, album_id) IS NOT NULL)"
        " AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = ?) ORDER BY id"
    )
    rows = library.db.execute(query, [by_sound, TOWER])
    return np.fromiter((track_id for (track_id,) in rows), dtype=np.int64)


def _insert_vectors(library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray) -> None:
    # Listens may name tracks that were removed since; towers learn from them, and nobody asks for their vectors.
    library.db.conn.executemany(
        "INSERT INTO vectors (track_id, space, run_id, dim, vector) SELECT id, ?, ?, ?, ? FROM tracks WHERE id = ?",
        (
            (TOWER, run_id, len(vector), vector_blob(vector), track_id)
            for track_id, vector in zip(track_ids.tolist(), vectors, strict=True)
        ),
    )
