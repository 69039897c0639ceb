"""Match the entries of playlists with tracks: by path, however the program wrote it, by code, or by names."""

import json
from collections import defaultdict
from collections.abc import Sequence

from earshot.data.files.path_encoding import path_columns
from earshot.data.name_matching import album_key, main_artist_key, plain_isrc, plain_mbid, title_key
from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.library import Library
from earshot.index.tracks.name_resolution import UNKNOWN, folded, match_nodes

_ORDER = "t.status = 'embedded', t.id DESC"  # the last counts: one with audio, then the oldest


def match_entries(library: Library, playlists: Sequence[Playlist]) -> list[list[int]]:
    """The track of each entry of each playlist, UNKNOWN where there is none; see `entry_tracks`."""
    found = iter(entry_tracks(library, [entry for playlist in playlists for entry in playlist.entries]))
    return [[next(found) for _ in playlist.entries] for playlist in playlists]


def entry_tracks(library: Library, entries: Sequence[Entry]) -> list[int]:
    """The track of each entry, UNKNOWN where there is none.

    Of several readings of a place the first that is a track counts, since not every program says whether %20 means a
    blank. Where there is none, the recording's code decides, then artist and title.
    """
    texts = [path_columns(entry.paths[0])[0] if entry.paths else None for entry in entries]
    query = "SELECT path, id FROM tracks WHERE path IN (SELECT value FROM json_each(?))"
    by_path = dict(library.db.execute(query, [json.dumps(texts)]).fetchall())
    nodes = [by_path.get(text, UNKNOWN) for text in texts]
    for match in (_by_paths, _by_codes, _by_keys, _by_names):  # each looks through more than the one before
        unknown = [place for place, node in enumerate(nodes) if node == UNKNOWN]
        if unknown:
            for place, node in zip(unknown, match(library, [entries[place] for place in unknown]), strict=True):
                nodes[place] = node
    return nodes


def _by_paths(library: Library, entries: Sequence[Entry]) -> list[int]:
    return _first_known(library, [entry.paths for entry in entries])


def _by_codes(library: Library, entries: Sequence[Entry]) -> list[int]:
    codes = [[plain_mbid(entry.mbid), plain_isrc(entry.isrc)] for entry in entries]
    wanted = json.dumps([code for pair in codes for code in pair if code])
    found: dict[str | None, int] = {}
    for column in ("isrc", "mbid"):
        query = f"SELECT {column}, id FROM tracks AS t WHERE {column} IN (SELECT value FROM json_each(?))"
        found.update(library.db.execute(f"{query} ORDER BY {_ORDER}", [wanted]).fetchall())
    return [next((found[code] for code in pair if code in found), UNKNOWN) for pair in codes]


def _by_keys(library: Library, entries: Sequence[Entry]) -> list[int]:
    """By artist and title, whatever their spelling.

    Of several the one on the entry's album, then the one whose title is spelled like it, then one with audio.
    """
    artists = [_artist_keys(entry.artist) if entry.name else [] for entry in entries]
    tracks: dict[tuple[str, str], list[tuple[int, str | None, str]]] = defaultdict(list)
    query = (
        "SELECT a.key, t.title, t.id, t.album FROM artists AS a JOIN tracks AS t ON t.artist_id = a.id"
        f" WHERE a.key IN (SELECT value FROM json_each(?)) AND t.title NOT NULL ORDER BY {_ORDER}"
    )
    wanted = json.dumps([key for keys in artists for key in keys])
    for artist, title, node, album in library.db.execute(query, [wanted]):
        tracks[artist, title_key(title)].append((node, album, folded(title)))
    nodes = []
    for entry, keys in zip(entries, artists, strict=True):
        title = entry.title or ""
        same = [track for key in keys for track in tracks.get((key, title_key(title)), ())]
        on_album = [track for track in same if album_key(entry.album) and album_key(track[1]) == album_key(entry.album)]
        spelled = [track for track in on_album or same if track[2] == folded(title)]
        nodes.append((spelled or on_album or same or [(UNKNOWN, None, "")])[-1][0])
    return nodes


def _by_names(library: Library, entries: Sequence[Entry]) -> list[int]:
    """By "Artist - Title", which is all that a graph or a list said of some tracks."""
    return _first_known(library, [[entry.name] if entry.name else [] for entry in entries])


def _first_known(library: Library, options: Sequence[Sequence[str]]) -> list[int]:
    names = [name for names in options for name in names]
    found = iter(match_nodes(library, names, "track", names_are="names", create=False).ids.tolist())
    nodes = [[next(found) for _ in names] for names in options]
    return [next((node for node in group if node != UNKNOWN), UNKNOWN) for group in nodes]


def _artist_keys(artist: str | None) -> list[str]:
    """Keys of the artist who is named first; services put a comma between two, which is also part of some names."""
    names = [artist or "", (artist or "").split(", ")[0]]
    return [key for key in dict.fromkeys(map(main_artist_key, names)) if key]
