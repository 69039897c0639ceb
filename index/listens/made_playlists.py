"""Playlists that are made here: create, rename, fill, reorder, delete. Imported ones stay as their files are."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.index.library import Library, LibraryError, now

_LIST = """
    SELECT playlists.id, playlists.name, users.name, comment, imported, changed,
           (SELECT count(*) FROM playlist_tracks WHERE playlist_id = playlists.id),
           iif(changed IS NULL, path, NULL)
    FROM playlists LEFT JOIN users ON users.id = owner_id
"""


@dataclass(frozen=True)
class StoredPlaylist:
    """A playlist of the library."""

    id: int
    name: str
    owner: str | None  # a listener; None of an imported one
    comment: str | None
    created: str  # ISO 8601, UTC
    changed: str | None  # None: it was imported
    n_tracks: int
    path: str | None  # of the file that it was imported from, as shown; None: made here


def stored_playlists(library: Library) -> list[StoredPlaylist]:
    """All playlists, made here and imported, by name."""
    return [StoredPlaylist(*row) for row in library.db.execute(f"{_LIST} ORDER BY playlists.name, playlists.id")]


def find_playlist(library: Library, playlist_id: int) -> StoredPlaylist:
    """Find a playlist by its id.

    Raises
    ------
    LibraryError
        There is none.
    """
    is_id = 0 < playlist_id < 2**63  # SQLite has no larger ones
    row = library.db.execute(f"{_LIST} WHERE playlists.id = ?", [playlist_id]).fetchone() if is_id else None
    if row is None:
        raise LibraryError(f"There is no playlist {playlist_id}.")
    return StoredPlaylist(*row)


def playlist_track_ids(library: Library, playlist_id: int) -> list[int]:
    """Ids of the tracks of a playlist, in order."""
    return library.column("SELECT track_id FROM playlist_tracks WHERE playlist_id = ? ORDER BY position", [playlist_id])


def create_playlist(
    library: Library,
    name: str,
    track_ids: Sequence[int] = (),
    *,
    owner_id: int | None = None,
    comment: str | None = None,
) -> int:
    """Make a playlist and return its id. `cli build-graph` knows it from then on.

    Raises
    ------
    LibraryError
        It has no name, or a track does not exist; nothing was made.
    """
    when = now()
    row = (f"made-here/{uuid.uuid4()}", _required(name), when, when, owner_id, comment)
    with library.transaction():
        library.insert("playlists", "path, name, imported, changed, owner_id, comment", [row])
        playlist_id: int = library.value("SELECT last_insert_rowid()")
        _fill(library, playlist_id, track_ids)
    return playlist_id


def change_playlist(
    library: Library,
    playlist_id: int,
    *,
    name: str | None = None,
    track_ids: Sequence[int] | None = None,
    comment: str | None = None,
) -> None:
    """Change the name, the tracks and their order, or the comment of a playlist that was made here; None leaves it.

    Raises
    ------
    LibraryError
        There is no such playlist, or it was imported; its new name is empty, or a track does not exist.
    """
    with library.transaction():
        _require_made_here(library, playlist_id)
        library.db.execute(
            "UPDATE playlists SET name = coalesce(?, name), comment = coalesce(?, comment), changed = ? WHERE id = ?",
            [None if name is None else _required(name), comment, now(), playlist_id],
        )
        if track_ids is not None:
            library.db.execute("DELETE FROM playlist_tracks WHERE playlist_id = ?", [playlist_id])
            _fill(library, playlist_id, track_ids)


def delete_playlist(library: Library, playlist_id: int) -> None:
    """Delete a playlist that was made here; raises as `change_playlist` does."""
    with library.transaction():
        _require_made_here(library, playlist_id)
        library.db.execute("DELETE FROM playlists WHERE id = ?", [playlist_id])


def _fill(library: Library, playlist_id: int, track_ids: Sequence[int]) -> None:
    present = {one for one in set(track_ids) if library.value("SELECT 1 FROM tracks WHERE id = ?", [one])}
    if unknown := [one for one in track_ids if one not in present]:
        raise LibraryError(f"There is no track {unknown[0]}; the playlist was left as it was.")
    rows = ((playlist_id, position, one) for position, one in enumerate(track_ids, start=1))
    library.insert("playlist_tracks", "playlist_id, position, track_id", rows)


def _required(name: str) -> str:
    if not name.strip():
        raise LibraryError("A playlist needs a name.")
    return name.strip()


def _require_made_here(library: Library, playlist_id: int) -> None:
    playlist = find_playlist(library, playlist_id)
    if playlist.path is not None:
        raise LibraryError(
            f"The playlist {playlist.name!r} was imported from {playlist.path}: change that file, or make a copy here."
        )
