"""Read the playlists of Google Play Music in a Takeout: a folder for each, with a small CSV for each track.

``Google Play Music/Playlists/NAME/`` holds ``Metadata.csv`` and ``Tracks/*.csv``. Names in them are HTML.
"""

import csv
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path

from earshot.data.playlists.playlist import Entry, Playlist, playlist_of
from earshot.data.tables.text_blocks import Member, read_at_most
from earshot.data.tables.utf8_text import decoded

_FACTS, _TRACKS = "Metadata.csv", "Tracks"
_PLACE, _INDEX = "Playlist Index", re.compile(r"\d{1,9}")
_MAX_BYTES = 1024 * 1024  # of one track


def is_google_playlist(path: str) -> bool:
    """Tell whether a file is the ``Metadata.csv`` beside the tracks of a playlist."""
    return os.path.basename(path) == _FACTS and os.path.isdir(os.path.join(os.path.dirname(path), _TRACKS))


def read_google_playlist(path: str) -> Playlist:
    """Read the playlist whose ``Metadata.csv`` this is; it is known by that path.

    Raises
    ------
    ValueError
        A file is no regular one, or there are more tracks than any playlist has.
    OSError
        A file cannot be read.
    """
    tracks = sorted(Path(path).parent.joinpath(_TRACKS).glob("*.csv"))
    return _playlist(os.path.abspath(path), Member(Path(path)), [Member(track) for track in tracks])


def google_playlists_of(members: Sequence[Member]) -> Iterator[Playlist]:
    """Read all such playlists among the files of an archive, in the order of their names; raises as for one."""
    facts = {member.location.parent: member for member in members if member.title == _FACTS}
    tracks: dict[Path, list[Member]] = defaultdict(list)
    for member in members:
        folder = member.location.parent
        if folder.name == _TRACKS and folder.parent in facts and member.suffix == ".csv":
            tracks[folder.parent].append(member)
    for folder in sorted(tracks):
        file = facts[folder]
        inside = os.path.normpath(f"/{os.path.dirname(str(file))}")  # a name with .. leads to nothing else
        yield _playlist(f"{os.path.abspath(file.path)}{inside}".rstrip("/"), file, tracks[folder])


def google_rows(member: Member) -> list[dict[str, str]]:
    """The rows of a CSV of a Takeout by the names of their columns, without HTML; empty for a file that is no CSV."""
    with member.open() as file:
        text = decoded(read_at_most(file, _MAX_BYTES, member.title))
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error:
        return []
    names = [name.strip() for name in rows[0]] if rows else []
    return [dict(zip(names, map(_plain, row), strict=False)) for row in rows[1:] if any(row)]


def _playlist(path: str, facts: Member, tracks: Sequence[Member]) -> Playlist:
    titles = (row.get("Title") for row in google_rows(facts))
    rows = [row for track in tracks for row in google_rows(track)]
    rows.sort(key=lambda row: int(place) if _INDEX.fullmatch(place := row.get(_PLACE, "")) else len(rows))
    return playlist_of(path, next(filter(None, titles), None) or facts.location.parent.name, map(_entry, rows))


def _entry(row: Mapping[str, str]) -> Entry | None:
    """The track of a row; None for one without names, or that was taken out of the playlist."""
    artist, title, album = (row.get(name) or None for name in ("Artist", "Title", "Album"))
    entry = Entry(artist=artist, title=title, album=album)
    return None if row.get("Removed") or entry.name is None else entry


def _plain(field: str) -> str:
    return unescape(field).strip()
