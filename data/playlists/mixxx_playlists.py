"""Read the playlists and crates of Mixxx: ``mixxxdb.sqlite``."""

import os
from itertools import groupby
from pathlib import Path

from earshot.data.files.regular_files import first_bytes
from earshot.data.playlists.playlist import Playlist, entry_at, places_below, playlist_of
from earshot.data.tables.sqlite_files import MAGIC, database_tables, open_database

_SUFFIX = ".sqlite"
_NEEDED = {"library", "track_locations", "Playlists", "PlaylistTracks", "crates", "crate_tracks"}
_TRACKS = """
    SELECT 'playlist' AS kind, p.id AS list, p.name, e.position AS place, e.track_id
    FROM Playlists AS p JOIN PlaylistTracks AS e ON e.playlist_id = p.id WHERE p.hidden = 0
    UNION ALL SELECT 'crate', c.id, c.name, 0, e.track_id FROM crates AS c JOIN crate_tracks AS e ON e.crate_id = c.id
"""
_LISTED = f"""
    SELECT kind || list, name, l.location, t.artist, t.title, t.album FROM ({_TRACKS}) AS e
    LEFT JOIN library AS t ON t.id = e.track_id LEFT JOIN track_locations AS l ON l.id = t.location
    ORDER BY kind DESC, list, place, e.track_id
"""  # a crate has no order


def is_mixxx_database(path: str) -> bool:
    """Tell whether a file is the database of Mixxx, by its suffix and its tables."""
    if not path.lower().endswith(_SUFFIX):
        return False
    try:
        if first_bytes(path, len(MAGIC)) != MAGIC:
            return False
        with open_database(Path(path)) as connection:
            return database_tables(connection).keys() >= _NEEDED
    except (OSError, ValueError):
        return False


def read_mixxx_playlists(path: str) -> list[Playlist]:
    """Read what playlists and crates hold, but not its histories and the queue; each has a path below the file.

    Raises
    ------
    ValueError
        It holds no playlist with tracks, or cannot be read.
    OSError
        It cannot be read.
    """
    root, folder = os.path.abspath(path), os.path.dirname(os.path.abspath(path))
    with open_database(Path(path)) as connection:
        rows = connection.execute(_LISTED).fetchall()
    lists = [list(tracks) for _, tracks in groupby(rows, key=lambda row: row[0])]
    if not lists:
        raise ValueError(f"{path} holds no playlist and no crate with tracks")
    names = [str(tracks[0][1] or "playlist") for tracks in lists]
    return [
        playlist_of(
            place,
            name,
            (
                entry_at(folder, location or "", artist=artist, title=title, album=album)
                for *_, location, artist, title, album in tracks
            ),
        )
        for place, name, tracks in zip(places_below(root, names), names, lists, strict=True)
    ]
