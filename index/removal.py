"""Remove imports of listens, folders and missing tracks, with the names that nothing else needs."""

import json
import os
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earshot.data.events.event_log import LogError, log_errors, unique_ids
from earshot.data.files.atomic import remove
from earshot.data.files.folder_walk import is_under
from earshot.data.files.path_encoding import path_columns, path_from_columns, shown_path
from earshot.index.graphs.graph_store import remove_dangling_edges
from earshot.index.library import Library, LibraryError, now
from earshot.index.listens.listen_store import StoredListens, stored_listens
from earshot.index.listens.stored_interactions import listened_among
from earshot.index.manifest import LISTENS, file_problem, remove_unnamed
from earshot.index.recordings.never_list import JUDGED_TRACKS
from earshot.index.recordings.recordings import group_recordings
from earshot.index.runs import FORGET_STAGE
from earshot.index.tracks.roots import drop_mount_points, files_outside, read_mount_points, read_rules

_MAKE_CATALOG_TRACK = """
    UPDATE tracks SET status = 'catalog', path = NULL, path_bytes = NULL, content_hash = NULL, size = NULL,
    mtime_ns = NULL, ctime_ns = NULL, sample_rate = NULL, channels = NULL, codec = NULL, reason = NULL WHERE id = ?
"""

_N_ENTRIES = "SELECT count(*) FROM playlist_tracks"
_N_AMONG = "SELECT count(*) FROM tracks WHERE id IN (SELECT value FROM json_each(?))"
_FORGET_USERS = (  # not those of whom the library knows more than listens
    "DELETE FROM users WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT user_id FROM ratings UNION"
    " SELECT user_id FROM never_recommended WHERE user_id NOT NULL UNION SELECT user_id FROM play_queues"
    " UNION SELECT user_id FROM favourites UNION SELECT owner_id FROM playlists WHERE owner_id NOT NULL)"
)

# Not the tracks of playlists and imported graphs, nor what somebody rated or never wants; graphs that were built here
# can be built again.
_FORGET_TRACKS = f"""
    DELETE FROM tracks WHERE id IN (SELECT value FROM json_each(?)) AND status = 'catalog' AND id NOT IN (
    SELECT track_id FROM playlist_tracks UNION {JUDGED_TRACKS}
    UNION SELECT source_id FROM edges JOIN graphs USING (kind) WHERE level = 'track' AND origin <> 'build-graph'
    UNION SELECT target_id FROM edges JOIN graphs USING (kind) WHERE level = 'track' AND origin <> 'build-graph')
"""


@dataclass(frozen=True)
class ForgottenListens:
    """Counts of what was removed with an import."""

    origin: str
    n_events: int
    n_users: int
    n_tracks: int  # catalog tracks


def listed_imports(library: Library) -> list[dict[str, Any]]:
    """All imports of listens, the oldest first."""
    columns = "id, imported, n_events AS listens, n_users AS users, n_items AS items, level, origin"
    return list(library.db.query(f"SELECT {columns} FROM listens ORDER BY id"))


def forget_listens(library: Library, listens_id: int) -> ForgottenListens:
    """Remove an import, the users that no other import has, and the catalog tracks that nothing else names.

    All or nothing. Tracks of files stay, and so do artists and albums.

    Raises
    ------
    LibraryError
        There is no import of this id.
    """
    imports = {listens.id: listens for listens in stored_listens(library)}
    if listens_id not in imports:
        known = ", ".join(map(str, imports)) or "none"
        raise LibraryError(
            f"There is no import {listens_id}; there are {known}.\n\nRun `cli forget-listens` to see them."
        )
    forgotten = imports.pop(listens_id)
    users, tracks = _only_named_by(library, forgotten, list(imports.values()))
    run = json.dumps({key: getattr(forgotten, key) for key in ("origin", "level", "n_events", "imported")})
    with library.transaction():
        library.db.execute("DELETE FROM listens WHERE id = ?", [listens_id])
        # So that models of these listens are known as stale.
        library.insert("runs", "stage, started, finished, config", [(FORGET_STAGE, now(), now(), run)])
        n_users = library.db.execute(_FORGET_USERS, [json.dumps(users)]).rowcount
        n_tracks = library.db.execute(_FORGET_TRACKS, [json.dumps(tracks)]).rowcount
        if n_tracks:
            remove_dangling_edges(library)
            group_recordings(library)
    remove(library.file(forgotten.file, LISTENS))  # last; after a kill the next writing command removes it
    remove_unnamed(library)
    return ForgottenListens(forgotten.origin, forgotten.n_events, n_users, n_tracks)


def _only_named_by(
    library: Library, forgotten: StoredListens, others: Sequence[StoredListens]
) -> tuple[list[int], list[int]]:
    """The users and tracks that no other import names; none if a file is missing or damaged."""
    if any(file_problem(library, f"{LISTENS}/{listens.file}", read=True) for listens in (forgotten, *others)):
        return [], []

    def named_only_here(column: str, others: Sequence[StoredListens]) -> list[int]:
        here, elsewhere = (
            unique_ids([library.file(listens.file, LISTENS) for listens in part], column)
            for part in ([forgotten], others)
        )
        return np.setdiff1d(here, elsewhere).tolist()

    try:
        with log_errors():  # of a damaged file without a recorded hash
            users = named_only_here("user_id", others)
            if forgotten.level != "track":
                return users, []
            return users, named_only_here("track_id", [listens for listens in others if listens.level == "track"])
    except LogError:
        return [], []


def prune_missing(library: Library, listened_ids: Iterable[int] = (), among: Container[int] | None = None) -> int:
    """Remove the tracks whose files are gone, of these ids if `among` is given; return their number."""
    missing = library.column("SELECT id FROM tracks WHERE status = 'missing'")
    with library.transaction():
        return remove_tracks(library, [one for one in missing if among is None or one in among], listened_ids)


@dataclass(frozen=True)
class ForgottenFolder:
    """Counts of what was removed with a folder, and of what stayed."""

    path: str
    n_tracks: int  # removed
    n_names: int = 0  # removed tracks with listens, ratings or exclusions, which stay as catalog tracks
    n_elsewhere: int = 0  # not removed: also below another folder of the library
    n_present: int = 0  # not removed: their files exist, though the disk seemed to be away
    n_entries: int = 0  # playlist entries removed


def listed_folders(library: Library) -> list[dict[str, Any]]:
    """All folders with their numbers of tracks and exclusions; single files come last."""
    rows = []
    for path, rules in read_rules(library).items():
        n_tracks = len(_tracks_under(library, path, searchable=True))
        rows.append({"folder": path_columns(path)[0], "tracks": n_tracks, "leaves_out": str(rules) or None})
    rows += [{"folder": path_columns(path)[0], "tracks": 1, "leaves_out": None} for path in files_outside(library)]
    return rows


def forget_folder(library: Library, path: str) -> ForgottenFolder:
    """Remove a folder of the library with the tracks that no other folder holds; all or nothing.

    If it is a mount point below a folder of the library, only tracks whose files do not exist are removed.

    Raises
    ------
    LibraryError
        There is no such folder in the library; the message lists the known ones.
    """
    path = os.path.abspath(path)
    roots, mount_points = set(read_rules(library)), read_mount_points(library)
    if path not in {*roots, *mount_points} and path not in files_outside(library):
        raise LibraryError(
            f"{shown_path(path)} is no folder of this library; nothing was changed. Its folders are:{_listed(roots)}"
        )
    is_root, other_roots, tracks = path in roots, roots - {path}, _tracks_under(library, path)

    def stays(file: str) -> bool:
        return any(is_under(file, root) for root in other_roots) if is_root else file != path and os.path.lexists(file)

    removed = {track_id for track_id, file in tracks.items() if not stays(file)}
    listened = listened_among(library, sorted(removed))
    near = [
        point for point in mount_points if any(is_under(point, root) or is_under(root, point) for root in other_roots)
    ]
    with library.transaction():
        n_entries = library.value(_N_ENTRIES)
        remove_tracks(library, removed, listened)
        library.db.execute("DELETE FROM roots WHERE path = ?", [path_columns(path)[0]])
        drop_mount_points(library, set(mount_points).difference(near) if is_root else [path])
        n_entries -= library.value(_N_ENTRIES)
        n_names = library.value(_N_AMONG, [json.dumps(sorted(removed))])
    n_stayed = {"n_elsewhere" if is_root else "n_present": len(tracks) - len(removed)}
    return ForgottenFolder(path, len(removed), n_names, n_entries=n_entries, **n_stayed)


def _listed(roots: Collection[str]) -> str:
    shown = [f"\n    {shown_path(root)}" for root in sorted(roots)]
    more = f"\n    and {len(shown) - 10:,} more: `cli forget-folder` lists all" if len(shown) > 10 else ""
    return "".join(shown[:10]) + more if shown else " none"


def _tracks_under(library: Library, folder: str, *, searchable: bool = False) -> dict[int, str]:
    """Paths of the tracks at or below a folder, by track id."""
    text = path_columns(folder)[0]
    start = text.rstrip("/") + "/"
    rows = library.db.execute(
        "SELECT id, path, path_bytes FROM tracks WHERE (path = ? OR substr(path, 1, ?) = ?)"
        + (" AND status = 'embedded'" if searchable else ""),
        [text, len(start), start],
    )
    return {track_id: path_from_columns(path, raw) for track_id, path, raw in rows}


def remove_tracks(library: Library, track_ids: Iterable[int], listened_ids: Iterable[int] = ()) -> int:
    """Remove tracks with all that belongs to them; return their number. The caller holds the transaction.

    Tracks with listens, ratings or exclusions become catalog tracks and keep the vectors of towers, so that these stay
    meaningful.
    """
    gone, db = set(track_ids), library.db
    named = gone & {*listened_ids, *library.column(JUDGED_TRACKS)}
    for track_id in sorted(named):
        db.execute("DELETE FROM vectors WHERE track_id = ? AND space IN ('audio', 'diffused')", [track_id])
        db.execute("DELETE FROM excerpts WHERE track_id = ?", [track_id])
        db.execute("DELETE FROM fingerprints WHERE track_id = ?", [track_id])
        db.execute("UPDATE tracks SET linked_id = NULL WHERE linked_id = ?", [track_id])  # it has no file now
        db.execute(_MAKE_CATALOG_TRACK, [track_id])
    db.conn.executemany("DELETE FROM tracks WHERE id = ?", ([track_id] for track_id in sorted(gone - named)))
    if gone:
        remove_dangling_edges(library)
        group_recordings(library)
    return len(gone)
