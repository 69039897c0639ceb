"""Taking a folder back, with the tracks that came from it."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from earshot.data.files.folder_walk import is_under
from earshot.data.files.path_encoding import path_columns, path_from_columns, shown_path
from earshot.index.library import Library, LibraryError
from earshot.index.listens.stored_interactions import listened_among
from earshot.index.tracks.roots import drop_mount_points, files_outside, read_mount_points, read_rules
from earshot.index.tracks.track_store import remove_tracks


@dataclass(frozen=True)
class ForgottenFolder:
    """A tally of what went with a folder, and of what stayed."""

    path: str
    n_tracks: int  # removed
    n_names: int = 0  # of these those that somebody listened to: the name stays
    n_elsewhere: int = 0  # not removed: another folder of the library holds them
    n_there: int = 0  # not removed: their files are there, below a folder that was only thought to be away
    n_entries: int = 0  # of playlists


def listed_folders(library: Library) -> list[dict[str, Any]]:
    """Each folder with its tracks and what it leaves out; files that were given by name come last."""
    rows = []
    for path, rules in read_rules(library).items():
        n_tracks = len(_tracks_under(library, path, searchable=True))
        rows.append({"folder": path_columns(path)[0], "tracks": n_tracks, "leaves_out": str(rules) or None})
    rows += [{"folder": path_columns(path)[0], "tracks": 1, "leaves_out": None} for path in files_outside(library)]
    return rows


def forget_folder(library: Library, path: str) -> ForgottenFolder:
    """Remove a folder of the library with the tracks that no other holds; all or nothing.

    Of a folder below one of the library's, whose disk seems to be away, only the tracks go whose files are not there.

    Raises
    ------
    LibraryError
        The library knows no such folder; the message lists those it knows.
    """
    path = os.path.abspath(path)
    roots, mount_points = set(read_rules(library)), read_mount_points(library)
    if path not in {*roots, *mount_points} and path not in files_outside(library):
        raise LibraryError(
            f"{shown_path(path)} is no folder of this library; nothing was changed. Its folders are:{_listed(roots)}"
        )
    is_root = path in roots
    others = roots - {path}
    tracks = _tracks_under(library, path)
    if is_root:
        removed = {track_id for track_id, file in tracks.items() if not any(is_under(file, root) for root in others)}
    else:
        removed = {track_id for track_id, file in tracks.items() if file == path or not os.path.lexists(file)}
    listened = listened_among(library, sorted(removed))
    near = [point for point in mount_points if any(is_under(point, root) or is_under(root, point) for root in others)]
    with library.transaction():
        n_entries = _n_entries(library)
        remove_tracks(library, removed, listened)
        library.db.execute("DELETE FROM roots WHERE path = ?", [path_columns(path)[0]])
        drop_mount_points(library, set(mount_points).difference(near) if is_root else [path])
        n_entries -= _n_entries(library)
    n_stayed = len(tracks) - len(removed)
    return ForgottenFolder(
        path,
        len(removed),
        len(listened),
        n_elsewhere=n_stayed if is_root else 0,
        n_there=0 if is_root else n_stayed,
        n_entries=n_entries,
    )


def _listed(roots: Collection[str]) -> str:
    shown = [f"\n    {shown_path(root)}" for root in sorted(roots)]
    more = f"\n    and {len(shown) - 10:,} more: `cli forget-folder` lists all" if len(shown) > 10 else ""
    return "".join(shown[:10]) + more if shown else " none"


def _tracks_under(library: Library, folder: str, *, searchable: bool = False) -> dict[int, str]:
    """The files at or below a path, by track id."""
    text = path_columns(folder)[0]
    start = text.rstrip("/") + "/"
    rows = library.db.execute(
        "SELECT id, path, path_bytes FROM tracks WHERE (path = ? OR substr(path, 1, ?) = ?)"
        + (" AND status = 'embedded'" if searchable else ""),
        [text, len(start), start],
    )
    return {track_id: path_from_columns(path, raw) for track_id, path, raw in rows}


def _n_entries(library: Library) -> int:
    return int(library.db.execute("SELECT count(*) FROM playlist_tracks").fetchone()[0])
