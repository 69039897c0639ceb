"""Read the playlists of Spotify's account data: several in one ``Playlist1.json``, also in the archive it sends."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from earshot.data.playlists.playlist import Entry, Playlist, places_below, playlist_of
from earshot.data.tables.text_blocks import Member, json_object, json_objects, json_value, read_at_most

_NAME = re.compile(r"Playlist\d*\.json", re.IGNORECASE)
_MARKS = (b'"playlists"', b'"trackName"')
_MAX_BYTES = 256 * 1024 * 1024
_HEAD_BYTES = 65_536
_LOCAL = "spotify:local:"  # then artist, album, title and seconds of one's own file


def is_account_file(path: str) -> bool:
    """Tell whether a file holds such playlists, by its name and its beginning."""
    if not _NAME.fullmatch(os.path.basename(path)):
        return False
    try:
        with Member(Path(path)).open() as file:
            head = file.read(_HEAD_BYTES)
    except (ValueError, OSError):
        return False
    return all(mark in head for mark in _MARKS)


def read_account_playlists(path: str) -> list[Playlist]:
    """Read all playlists of a file; each has a path below it, by which it is known.

    Raises
    ------
    ValueError
        There is none.
    OSError
        It cannot be read.
    """
    found = list(_playlists(Member(Path(path))))
    if not found:
        raise ValueError(f"{path} holds no playlists of Spotify's")
    return found


def account_playlists_of(members: Sequence[Member]) -> Iterator[Playlist]:
    """Read all such playlists among the files of an archive; raises a ValueError if it is damaged."""
    for member in members:
        if _NAME.fullmatch(member.title):
            yield from _playlists(member)


def _playlists(member: Member) -> Iterator[Playlist]:
    with member.open_text() as file:
        content = json_value(read_at_most(file, _MAX_BYTES, member.title))
    root = os.path.join(os.path.abspath(member.path), *([member.title] if member.name else []))
    playlists = json_objects(json_object(content).get("playlists"))
    titles = [str(one.get("name") or "playlist").encode("utf-8", "replace").decode() for one in playlists]
    for place, title, one in zip(places_below(root, titles), titles, playlists, strict=True):
        yield playlist_of(place, title, map(_entry, json_objects(one.get("items"))))


def _entry(item: dict[str, Any]) -> Entry | None:
    track, address = json_object(item.get("track")), str(json_object(item.get("localTrack")).get("uri"))
    names = [str(track.get(key) or "") for key in ("artistName", "albumName", "trackName")]
    if address.startswith(_LOCAL):
        names = [unquote_plus(part) for part in f"{address.removeprefix(_LOCAL)}::".split(":")[:3]]
    artist, album, title = (name.encode("utf-8", "replace").decode().strip() or None for name in names)
    return Entry(artist=artist, title=title, album=album) if artist and title else None
