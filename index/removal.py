"""Taking an import of listens back, with the names that nothing else knows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earshot.data.events.event_log import LogError, log_errors, unique_ids
from earshot.data.files.atomic import remove
from earshot.index.graphs.graph_store import forget_removed_tracks
from earshot.index.kept_files import LISTENS, file_problem, remove_unnamed
from earshot.index.library import Library, LibraryError, now

FORGET_STAGE = "forget-listens"  # as `runs` calls it
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
    rows = list(library.db.query("SELECT id, file, origin, level, n_events, imported FROM listens"))
    wanted = [row for row in rows if row["id"] == listens_id]
    if not wanted:
        known = ", ".join(str(row["id"]) for row in rows) or "none"
        raise LibraryError(
            f"There is no import {listens_id}; there are {known}.\n\nRun `cli forget-listens` to see them."
        )
    (forgotten,) = wanted
    users, tracks = _only_named_by(library, listens_id, rows)
    run = json.dumps({key: forgotten[key] for key in ("origin", "level", "n_events", "imported")})
    with library.transaction():
        library.db.execute("DELETE FROM listens WHERE id = ?", [listens_id])
        library.db.execute(
            "INSERT INTO runs (stage, started, finished, config) VALUES (?, ?, ?, ?)", [FORGET_STAGE, now(), now(), run]
        )  # for what was made of them
        n_users = _delete(library, "users", users.tolist())
        elsewhere = [track_id for (track_id,) in library.db.execute(_NAMED_ELSEWHERE)]
        n_tracks = _delete(library, "tracks", np.setdiff1d(tracks, elsewhere).tolist(), "status = 'catalog'")
        if n_tracks:
            forget_removed_tracks(library)
    remove(library.file(forgotten["file"], LISTENS))  # last, and after a kill by the next that writes
    remove_unnamed(library)
    return Forgotten(forgotten["origin"], forgotten["n_events"], n_users, n_tracks)


def _only_named_by(
    library: Library, listens_id: int, rows: Sequence[Mapping[str, Any]]
) -> tuple[np.ndarray, np.ndarray]:
    """The users and tracks, (n,) each, that no other import names.

    None where a file is lost or damaged: it may name any of them.
    """
    nothing = np.array([], dtype=np.int64)
    if any(file_problem(library, f"{LISTENS}/{row['file']}", read=True) for row in rows):
        return nothing, nothing
    paths = {row["id"]: library.file(row["file"], LISTENS) for row in rows}
    level = next(row["level"] for row in rows if row["id"] == listens_id)
    others = [row for row in rows if row["id"] != listens_id]
    own = [paths[listens_id]]
    try:
        with log_errors():  # of a file whose hash nobody recorded while it was whole
            users = np.setdiff1d(
                unique_ids(own, "user_id"), unique_ids([paths[row["id"]] for row in others], "user_id")
            )
            if level != "track":
                return users, nothing
            named = unique_ids([paths[row["id"]] for row in others if row["level"] == "track"], "track_id")
            return users, np.setdiff1d(unique_ids(own, "track_id"), named)
    except LogError:
        return nothing, nothing


def _delete(library: Library, table: str, ids: Iterable[int], where: str = "TRUE") -> int:
    return sum(library.db.execute(f"DELETE FROM {table} WHERE id = ? AND {where}", [one]).rowcount for one in ids)
