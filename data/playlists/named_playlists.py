"""Playlists of services, which name tracks rather than files: JSPF, and tables such as Exportify's and Soundiiz's."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from earshot.data.playlists.playlist import Contents, entry_at, recording_mbid
from earshot.data.tables.encodings import decoded
from earshot.data.tables.text_blocks import json_value

_COLUMNS = {  # names of columns, without case, blanks and signs; the first that a table has
    "place": ("path", "filepath", "file", "filename", "location"),
    "title": ("trackname", "tracktitle", "title", "songname", "song", "track", "name"),
    "artist": ("artistnames", "artistname", "artists", "artist", "creator"),
    "album": ("albumname", "albumtitle", "album"),
    "mbid": ("recordingmbid", "mbid"),
    "isrc": ("isrc",),
    "playlist": ("playlistname", "playlist"),
}
_OF_LISTENS = frozenset(
    ("user", "userid", "username", "listener", "plays", "playcount", "timestamp", "uts", "playedat", "listenedat")
)


def read_jspf(data: bytes, folder: str, name: str) -> Contents:
    """Read a JSPF: XSPF in JSON, as ListenBrainz writes it."""
    content = json_value(decoded(data))
    playlist = content.get("playlist") if isinstance(content, dict) else None
    if not isinstance(playlist, dict):
        raise ValueError(f"{name} is no JSPF playlist")
    tracks = playlist.get("track")
    return _text(playlist.get("title")), (
        entry_at(
            folder, _text(track.get("location")), is_encoded=True, artist=_text(track.get("creator")),
            title=_text(track.get("title")), album=_text(track.get("album")),
            mbid=recording_mbid(_text(track.get("identifier")), _text(track.get("location"))),
        )
        for track in (tracks if isinstance(tracks, list) else [])
        if isinstance(track, dict)
    )  # fmt: skip


def read_playlist_table(_: bytes, folder: str, path: str) -> Contents:
    """Read a CSV with a row per track, in columns of titles and artists, or of paths."""
    from earshot.data.tables.table_blocks import list_columns, open_table, stripped  # here: polars takes 0.2 s to load

    table = open_table(Path(path), what="playlists")
    columns = _columns(table.columns)
    if not _names_tracks(columns) and "place" not in columns:
        names = list_columns(table.columns)
        raise ValueError(f"{table.name} has neither columns of titles and artists nor one of paths; it has {names}")
    rows = [
        dict(zip(columns, row, strict=True))
        for block in table.blocks(list(columns.values()))
        for row in block.select(map(stripped, columns.values())).iter_rows()
    ]
    titles = list(dict.fromkeys(filter(None, (row.pop("playlist", None) for row in rows))))
    if len(titles) > 1:
        raise ValueError(f"{table.name} holds {len(titles):,} playlists; give each a file of its own")
    return next(iter(titles), None), (entry_at(folder, row.pop("place", None) or "", **row) for row in rows)


def is_playlist_table(path: str) -> bool:
    """Tell whether a CSV names tracks, and neither listeners nor plays."""
    from earshot.data.tables.table_blocks import open_table

    try:
        names = open_table(Path(path)).columns
    except ValueError:
        return False
    return _names_tracks(_columns(names)) and not _OF_LISTENS.intersection(map(_plain, names))


def _columns(names: Sequence[str]) -> Mapping[str, str]:
    by_name = {_plain(name): name for name in reversed(names)}
    found = {ours: [by_name[name] for name in known if name in by_name] for ours, known in _COLUMNS.items()}
    return {ours: names[0] for ours, names in found.items() if names}


def _names_tracks(columns: Mapping[str, str]) -> bool:
    return {"title", "artist"} <= columns.keys()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _text(value: object) -> str:
    """A text of JSON, or the first of a list; lone surrogates become question marks."""
    value = next(iter(value), None) if isinstance(value, list) else value
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
