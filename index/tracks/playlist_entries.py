"""Match the entries of playlists with tracks: by path, however the program wrote it, or by name."""

import json
from collections.abc import Sequence

from earshot.data.files.path_encoding import path_columns
from earshot.data.tables.playlists import Playlist
from earshot.index.library import Library
from earshot.index.tracks.name_resolution import UNKNOWN, match_nodes


def match_entries(library: Library, playlists: Sequence[Playlist]) -> list[list[int]]:
    """The track of each entry of each playlist, UNKNOWN where there is none.

    An entry may have several readings, since not every program says whether %20 means a blank; the first that is a
    track counts. A playlist without a path for an entry may name its artist and title.
    """
    texts = {entry: path_columns(entry)[0] for playlist in playlists for entry in playlist.entries}
    query = "SELECT path, id FROM tracks WHERE path IN (SELECT value FROM json_each(?))"
    by_path = dict(library.db.execute(query, [json.dumps(list(texts.values()))]).fetchall())
    if all(text in by_path for text in texts.values()):  # usual, and spares a look through all paths and titles
        return [[by_path[texts[entry]] for entry in playlist.entries] for playlist in playlists]
    readings = [(entry, *playlist.other_names.get(entry, ())) for playlist in playlists for entry in playlist.entries]
    names = [name for options in readings for name in options]
    found = iter(match_nodes(library, names, "track", names_are="names", create=False).ids.tolist())
    nodes = iter([_first_known([next(found) for _ in options]) for options in readings])
    return [[next(nodes) for _ in playlist.entries] for playlist in playlists]


def _first_known(nodes: Sequence[int]) -> int:
    return next((node for node in nodes if node != UNKNOWN), UNKNOWN)
