"""Tracks by where they lie: the path or address of a file, a folder or a playlist."""

import json
import os
import unicodedata

from earshot.data.files.cue_sheets import sheet_path, split_files
from earshot.data.files.file_addresses import path_of_address
from earshot.data.files.path_encoding import expand_home, path_columns, shown_path
from earshot.data.playlists.playlist_reader import SUFFIXES, is_playlist, read_playlists
from earshot.index.library import Library
from earshot.index.search.selected import Selected
from earshot.index.search.word_search import rows_where
from earshot.index.tracks.name_resolution import UNKNOWN
from earshot.index.tracks.playlist_entries import entry_tracks
from earshot.index.tracks.roots import read_folders
from earshot.index.tracks.track_lookup import TrackRow, track_rows


def local_path(text: str) -> str:
    """The absolute path that a text means if it is one; a `file:` address is decoded, and ~/ is the home folder."""
    path = path_of_address(text) or text
    return os.path.abspath(expand_home(path) if path.startswith("~/") else path)


def is_only_a_path(text: str) -> bool:
    """Tell whether a text can hardly be a name: an address, or a path with a folder in front."""
    is_path = text in (".", "..") or text.startswith(("/", "./", "../", "~/")) or text.endswith("/")
    return path_of_address(text) is not None or is_path


def tracks_at(library: Library, text: str) -> Selected | None:
    """The track of a file, or the tracks of a playlist file or of a folder and all below it; None if there are none.

    A folder need not exist: its disk may be away. What is reached through a link is also looked for where it lies.
    """
    if not text or "\0" in text:
        return None
    path = local_path(text)
    forms = [form for spelling in _spellings(library, path) for form in _forms(spelling)]
    if row := rows_where(library, "t.path IN (SELECT value FROM json_each(:forms))", {"forms": json.dumps(forms)}):
        return Selected("track", row[0].name, row[:1])
    if os.path.isfile(path) and is_playlist(path):
        return _tracks_of_playlist(library, path)
    sheets = {sheet_path(track.path) for track in split_files(os.path.dirname(path)).get(path, ())}
    tracks = {track.id: track for form in dict.fromkeys([*forms, *sheets]) for track in _tracks_below(library, form)}
    return Selected("folder", path, list(tracks.values())) if tracks else None


def folder_spellings(library: Library, folder: str) -> list[str]:
    """The spellings of a folder below which the library has tracks; none if it has none there."""
    forms = [form for spelling in _spellings(library, local_path(folder)) for form in _forms(spelling)]
    return [form for form in dict.fromkeys(forms) if _tracks_below(library, form, limit=1)]


def _spellings(library: Library, path: str) -> list[str]:
    """A path as it is given, without links (in all of it, in its folder alone), and by folders given as links."""
    beside, real = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), os.path.realpath(path)
    spellings = [path, beside, real]
    if os.path.lexists(path):  # else it is likely a name, and no disk needs to be asked
        for folder in read_folders(library):
            target = os.path.realpath(folder)
            if target != folder and os.path.join(real, "").startswith(os.path.join(target, "")):
                spellings.append(os.path.normpath(os.path.join(folder, os.path.relpath(real, target))))
    return list(dict.fromkeys(spellings))


def _forms(path: str) -> list[str]:
    """A path as the library may hold it: a name of a Mac may have two characters for an umlaut."""
    text = path_columns(path)[0]
    return list(dict.fromkeys([text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)]))


def _tracks_below(library: Library, folder: str, limit: int = -1) -> list[TrackRow]:
    start = folder.rstrip("/") + "/"
    bounds = {"start": start, "end": start[:-1] + chr(ord("/") + 1), "limit": limit}
    return rows_where(library, "t.path >= :start AND t.path < :end ORDER BY t.path LIMIT :limit", bounds)


def _tracks_of_playlist(library: Library, path: str) -> Selected | None:
    """The tracks of a playlist in its order, each as often as it stands there.

    Of one that is reached through a link the entries may be relative to where it lies. Several in a file are one.
    """
    spellings = [spelling for spelling in _spellings(library, path) if spelling.lower().endswith(SUFFIXES)]
    lists = [[entry for one in read_playlists(spelling) for entry in one.entries] for spelling in spellings]
    matched = ((entry_tracks(library, entries), entries) for entries in lists)
    ids, entries = min(matched, key=lambda match: match[0].count(UNKNOWN))
    rows = track_rows(library, ids)
    found = [rows.get(node) for node in ids]
    found = [None if row is None or row.path is None else row for row in found]
    unknown = [entry.text for entry, row in zip(entries, found, strict=True) if row is None]
    tracks = [row for row in found if row is not None]
    return Selected("playlist", path, tracks, unknown) if tracks else None


def why_no_tracks(text: str) -> str | None:
    """The reason why a folder or playlist that exists gave no track; None if there is no such."""
    path = local_path(text) if text and "\0" not in text else ""
    if os.path.isdir(path):
        return f"No track of the library lies in the folder {shown_path(path)}.\n\nRun `cli embed-audio` on it first."
    if os.path.isfile(path) and is_playlist(path):
        return (
            f"No entry of the playlist {shown_path(path)} is a track of the library."
            "\n\nRun `cli embed-audio` on the folder of its files first."
        )
    return None
