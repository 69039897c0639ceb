"""Recordings that are never recommended: to one listener, or to anybody.

An exclusion names a track, and holds for every file of its recording.
"""

from dataclasses import dataclass

import numpy as np

from earshot.data.ids import IdMap
from earshot.index.library import Library, now

# The recordings as lists know them; ?1 is the listener, NULL for what is excluded from the lists of everybody alone.
_NEVER = """
    SELECT DISTINCT recording_id FROM recordings JOIN never_recommended USING (track_id)
    WHERE user_id IS NULL OR user_id = ?1 ORDER BY 1
"""
NEVER_TO_ANYBODY = (  # a condition on the id of a recording
    "{0} NOT IN (SELECT recording_id FROM recordings JOIN never_recommended USING (track_id) WHERE user_id IS NULL)"
)
# Tracks of which a listener said more than listens hold: they outlive their files.
JUDGED_TRACKS = "SELECT track_id FROM never_recommended UNION SELECT track_id FROM ratings"
_SAME_RECORDING = """
    track_id IN (SELECT track_id FROM recordings WHERE recording_id =
                 (SELECT recording_id FROM recordings WHERE track_id = ?1)) AND user_id IS ?2
"""


@dataclass(frozen=True)
class Exclusion:
    """A track that is never recommended."""

    track_id: int
    user_id: int | None  # None: to nobody
    since: str  # ISO 8601, UTC


def never_recordings(library: Library, user_id: int | None = None) -> list[int]:
    """The recordings that the lists of a listener may not hold; without a listener, those that no list may hold."""
    return library.column(_NEVER, [user_id])


def never_pairs(library: Library, users: IdMap) -> tuple[np.ndarray, np.ndarray]:
    """Rows of some users, rising, and the recordings that their lists may not hold, (n,) int64 each.

    Without those that no list may hold.
    """
    query = (
        "SELECT DISTINCT user_id, recording_id FROM never_recommended JOIN recordings USING (track_id)"
        " WHERE user_id IS NOT NULL ORDER BY 1, 2"
    )
    pairs = np.array(library.db.execute(query).fetchall(), dtype=np.int64).reshape(-1, 2)
    rows = users.find(pairs[:, 0]).astype(np.int64)
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    return rows[order], pairs[order, 1]


def exclude_track(library: Library, track_id: int, user_id: int | None) -> bool:
    """Exclude the recording of a track, also from stored recommendations; tell whether it was not.

    The caller holds the transaction.
    """
    if library.value(f"SELECT 1 FROM never_recommended WHERE {_SAME_RECORDING}", [track_id, user_id]):
        return False
    library.insert("never_recommended", "track_id, user_id, since", [(track_id, user_id, now())])
    library.db.execute(
        "DELETE FROM recommendations WHERE user_id = coalesce(?2, user_id)"
        " AND track_id = (SELECT recording_id FROM recordings WHERE track_id = ?1)",
        [track_id, user_id],
    )
    return True


def include_track(library: Library, track_id: int, user_id: int | None) -> bool:
    """Take an exclusion back; tell whether there was one. The caller holds the transaction."""
    return (
        library.db.execute(f"DELETE FROM never_recommended WHERE {_SAME_RECORDING}", [track_id, user_id]).rowcount > 0
    )


def exclusions(library: Library, user_id: int | None = None) -> list[Exclusion]:
    """All exclusions, or those that hold for a listener, the latest first."""
    query = "SELECT track_id, user_id, since FROM never_recommended WHERE ?1 IS NULL OR user_id IS NULL OR user_id = ?1"
    return [Exclusion(*row) for row in library.db.execute(f"{query} ORDER BY id DESC", [user_id])]
