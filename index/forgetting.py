"""Taking an import of listens back, with the names that nothing else knows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data.events import distinct
from index.edges import forget_removed_tracks
from index.library import Library, LibraryError
from index.listen_store import FOLDER, told_logs

# What people gave on purpose; graphs that were built here are built anew.
_NAMED_ELSEWHERE = """
    SELECT track_id FROM playlist_tracks
    UNION SELECT source_id FROM edges JOIN graphs USING (kind) WHERE level = 'track' AND origin <> 'build-graph'
    UNION SELECT target_id FROM edges JOIN graphs USING (kind) WHERE level = 'track' AND origin <> 'build-graph'
"""


@dataclass(frozen=True)
class Forgotten:
    """What went with an import."""

    origin: str
    n_events: int
    n_users: int
    n_tracks: int  # catalog tracks


def forget_listens(library: Library, listens_id: int) -> Forgotten:
    """Remove an import, the users that no other import has, and the catalog tracks that nothing else names.

    All or nothing. Files, and the artists and albums of what went, stay.

    Raises
    ------
    LibraryError
        There is no import of this id.
    """
    rows = list(library.db.query("SELECT id, file, origin, level, n_events FROM listens"))
    wanted = [row for row in rows if row["id"] == listens_id]
    if not wanted:
        known = ", ".join(str(row["id"]) for row in rows) or "none"
        raise LibraryError(
            f"There is no import {listens_id}; there are {known}.\n\nRun `cli forget-listens` to see them."
        )
    (forgotten,) = wanted
    own_file = library.file(forgotten["file"], FOLDER)
    own = [own_file] if own_file.is_file() else []  # else nobody knows what it named
    others = [(row["level"], library.file(row["file"], FOLDER)) for row in rows if row["id"] != listens_id]
    others = [(level, path) for level, path in others if path.is_file()]
    tracks = np.array([], dtype=np.int64)
    with told_logs():
        users = np.setdiff1d(distinct(own, "user_id"), distinct([path for _, path in others], "user_id"))
        if forgotten["level"] == "track":
            named = distinct([path for level, path in others if level == "track"], "track_id")
            tracks = np.setdiff1d(distinct(own, "track_id"), named)
    with library.transaction():
        library.db.execute("DELETE FROM listens WHERE id = ?", [listens_id])
        n_users = _delete(library, "users", users.tolist())
        elsewhere = [track_id for (track_id,) in library.db.execute(_NAMED_ELSEWHERE)]
        n_tracks = _delete(library, "tracks", np.setdiff1d(tracks, elsewhere).tolist(), "status = 'catalog'")
        if n_tracks:
            forget_removed_tracks(library)
    for path in own:
        path.unlink(missing_ok=True)  # last: a kill before leaves a file that no row names
    return Forgotten(forgotten["origin"], forgotten["n_events"], n_users, n_tracks)


def _delete(library: Library, table: str, ids: Iterable[int], where: str = "TRUE") -> int:
    return sum(library.db.execute(f"DELETE FROM {table} WHERE id = ? AND {where}", [one]).rowcount for one in ids)
