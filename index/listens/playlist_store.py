"""Import playlists: the tracks of each, in order."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from earshot.data.files.path_encoding import path_columns
from earshot.data.playlists.playlist import Playlist
from earshot.index.library import Library, now
from earshot.index.tracks.name_resolution import UNKNOWN
from earshot.index.tracks.playlist_entries import match_entries


@dataclass(frozen=True)
class PlaylistImport:
    """The result of importing one playlist."""

    path: str
    name: str
    n_matched: int  # entries that are tracks of the library
    unmatched: tuple[str, ...]  # other entries
    n_elsewhere: int  # entries that are no local file


def import_playlists(library: Library, playlists: Sequence[Playlist]) -> list[PlaylistImport]:
    """Store playlists in place of all that earlier imports read of the same files, all or nothing."""
    with library.transaction():
        for file in dict.fromkeys(playlist.file or playlist.path for playlist in playlists):
            _forget(library, file)
        matched = match_entries(library, playlists)
        return [_store(library, *pair) for pair in zip(playlists, matched, strict=True)]


def forget_playlists(library: Library, paths: Sequence[str]) -> list[int]:
    """Remove playlists, whether or not their files exist; return for each path the number that the library knew.

    A file that held several, and a folder, stand for all playlists below them.
    """
    with library.transaction():
        return [_forget(library, os.path.abspath(path)) for path in paths]


def _forget(library: Library, path: str) -> int:
    """Remove the playlist of this path, and all below it; return their number."""
    query = "DELETE FROM playlists WHERE path = ?1 OR substr(path, 1, length(?1) + 1) = ?1 || '/'"
    return int(library.db.execute(query, [path_columns(path)[0]]).rowcount)


def _store(library: Library, playlist: Playlist, track_ids: Sequence[int]) -> PlaylistImport:
    text, raw = path_columns(playlist.path)
    library.db.execute("DELETE FROM playlists WHERE path = ?", [text])  # of a file that is given twice
    cursor = library.db.execute(
        "INSERT INTO playlists (path, path_bytes, name, imported, content_hash) VALUES (?, ?, ?, ?, ?)",
        [text, raw, playlist.name, now(), playlist.content_hash],
    )
    matched = [track for track in track_ids if track != UNKNOWN]
    rows = [(cursor.lastrowid, position, track) for position, track in enumerate(matched, start=1)]
    library.insert("playlist_tracks", "playlist_id, position, track_id", rows)
    unmatched = [entry.text for entry, track in zip(playlist.entries, track_ids, strict=True) if track == UNKNOWN]
    return PlaylistImport(playlist.path, playlist.name, len(matched), tuple(unmatched), playlist.n_elsewhere)
