"""Vectors of the item tower: those of a training, and of tracks that came after it."""

import json
from typing import Any

import numpy as np

from earshot.index.library import Library
from earshot.index.vectors.spaces import TOWER, insert_vectors, publish


def store_tower_vectors(
    library: Library,
    run_id: int,
    track_ids: np.ndarray,
    vectors: np.ndarray,
    metrics: dict[str, Any] | None = None,
) -> int:
    """Put a run's vectors of tracks in place of an earlier run's, all or nothing; return their number.

    The metrics of the run are stored with them: `tower_run` reads the popularity weight there, and the run ends later.
    """
    with library.transaction():
        library.db.execute("UPDATE runs SET metrics = ? WHERE id = ?", [json.dumps(metrics or {}), run_id])
        return publish(library, TOWER, run_id, [(track_ids, vectors)])


def add_tower_vectors(library: Library, run_id: int, track_ids: np.ndarray, vectors: np.ndarray) -> None:
    """Add vectors of tracks that came after a training, computed by its towers; all or nothing."""
    with library.transaction():
        insert_vectors(library, TOWER, run_id, [(track_ids, vectors)])


def embeddable_tracks(library: Library, *, by_sound: bool) -> np.ndarray:
    """The ids, (n,), of tracks with audio that came after the training and that its towers can embed.

    Parameters
    ----------
    by_sound : whether the towers read audio vectors; else a track needs an artist or an album
    """
    query = (
        "SELECT id FROM tracks WHERE status = 'embedded' AND (? OR coalesce(artist_id, album_id) IS NOT NULL)"
        " AND id NOT IN (SELECT track_id FROM current_vectors WHERE space = ?) ORDER BY id"
    )
    return library.ids(query, [by_sound, TOWER])
