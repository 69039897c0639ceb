"""Say what a file without listens looks like, which format of listens is nearest to it, and what to do about it."""

import re
from dataclasses import dataclass

from earshot.data.column_words import are_of_albums, are_of_rekordbox
from earshot.data.listens.listen_columns import are_of_listens, are_of_tags
from earshot.data.listens.listen_reader import Head
from earshot.data.listens.listen_tables import text_columns
from earshot.data.playlists.playlist_reader import SUFFIXES, TABLE_SUFFIXES
from earshot.data.tables.table_blocks import plain_column

_BINARY = {  # the first letters of files that are no text
    "%PDF": "a PDF", "SQLite format 3": "a SQLite database", "PK\x03\x04": "an archive", "ID3": "music",
    "fLaC": "music", "OggS": "music", "RIFF": "music", "GIF8": "a picture",
}  # fmt: skip
_PLAYLISTS = {*SUFFIXES} - {*TABLE_SUFFIXES}
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
_KEYS = {  # that are frequent in the JSON of a format
    "spotify": ("ts", "ms_played", "master_metadata_track_name", "endTime", "artistName", "trackName", "msPlayed"),
    "listenbrainz": ("track_metadata", "listened_at", "inserted_at", "recording_msid", "user_name", "payload"),
    "youtube-music": ("titleUrl", "subtitles", "activityControls", "header"),
    "lastfm-json": ("#text", "uts", "streamable", "scrobbles", "albumId", "recenttracks", "@attr"),
    "maloja": ("artists", "albumtitle", "origin", "scrobbles"),
    "koito": ("listens", "listened_at", "aliases", "is_primary"),
    "pano-scrobbler": ("timeHuman", "timeMs", "mediaPlayerPackage", "albumArtist"),
}
_KEY = re.compile(r'"([^"\\]{1,60})"\s*:')
_ROOT = re.compile(r"<([A-Za-z][\w:.-]*)")
_MAX_SHOWN = 8  # keys or tables
_UNPACKED = ("an archive", "a SQLite database")  # the latter inside of one
_DATABASES = "Those of Navidrome, Plex, Tautulli, Jellyfin, Kodi, MediaMonkey, Strawberry, Clementine and Mixxx"
_JELLYFIN = {  # advice by a table that only one of its databases has
    "TypedBaseItems": "Since version 10.11 they lie in jellyfin.db: import that",
    "ActivityLogs": "Before version 10.11 they lie in library.db: import that, which reads this if it lies beside",
}


@dataclass(frozen=True)
class Look:
    """A guess at what a file is."""

    what: str  # "a PDF"
    advice: str = ""  # what to do, as a sentence without its full stop


def look_of(head: Head) -> Look:
    """Tell from its beginning what a file is that no reader takes."""
    text = head.text
    if head.tables:
        if (jellyfin := _JELLYFIN.get(next((name for name in _JELLYFIN if name in head.tables), ""))) is not None:
            return Look("a database of Jellyfin without plays", jellyfin)
        return Look(f"a SQLite database with the tables {_listed(sorted(head.tables))}", f"{_DATABASES} are known here")
    if head.member.suffix in _WORKBOOKS:
        return Look("a workbook", "Open it, and save its sheet of listens as CSV")
    if head.member.suffix in _PLAYLISTS:
        return Look("a playlist", "`cli import-playlists` reads playlists")
    if kind := next((kind for start, kind in _BINARY.items() if text.startswith(start)), None):
        return Look(kind, "Unpack it, and import what was in it" if kind in _UNPACKED else "")
    if re.match(r"<!doctype html|<html", text, re.IGNORECASE):
        if "youtube" in text.lower() or "watch-history" in head.member.title:
            return Look("YouTube's history as a page", "Ask https://takeout.google.com for the history as JSON")
        return Look("a page of the web", "Ask for the export as JSON or CSV")
    if text.startswith("<"):
        root = next((name for name in _ROOT.findall(text) if name.lower() != "doctype"), None)
        return Look(f"XML of <{root}>" if root else "XML")
    if head.is_json:
        return _look_of_json(list(dict.fromkeys(_KEY.findall(text))))
    if columns := text_columns(head):
        return _look_of_table(columns)
    return Look("no text" if "\0" in text or "\ufffd" in text[:100] else "text, but no table by its name")


def _look_of_table(columns: list[str]) -> Look:
    if are_of_tags(columns):
        return Look("a table of who gave which tag, not of listens")
    names = set(map(plain_column, columns))
    if are_of_rekordbox(names):
        return Look("a playlist of rekordbox", "`cli import-playlists` reads playlists")
    if are_of_albums(names):
        return Look("a table of albums, as of a collection or of ratings, without tracks and plays")
    look = f"a table, but none of listens by its columns {_listed(columns)}"
    if any(name.endswith("id") for name in names) and names & {"name", "title"}:
        return Look(look, "If it names the items of another table, import that one with --names and this one")
    return Look(look)


def _look_of_json(keys: list[str]) -> Look:
    if {"playlists", "trackName"} <= set(keys):
        return Look("Spotify's playlists", "`cli import-playlists` reads playlists")
    if are_of_listens(keys):
        cure = "As JSON lines, or as CSV, it is read as a table: `jq -c '.[]' FILE > listens.jsonl` writes a list so"
        return Look(f"JSON with the keys {_listed(keys)}", cure)
    fits = {name: len(set(keys).intersection(known)) for name, known in _KEYS.items()}
    nearest = max(fits, key=lambda name: fits[name])
    return Look(
        f"JSON with the keys {_listed(keys)}" if keys else "JSON without keys",
        f"The nearest format is {nearest}, but not all of its keys are there" if fits[nearest] > 1 else "",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_MAX_SHOWN]) + (", ..." if len(names) > _MAX_SHOWN else "")
