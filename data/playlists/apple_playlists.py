"""Read the playlists in the ``Library.xml`` of iTunes or Apple's Music."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from earshot.data.files.regular_files import first_bytes
from earshot.data.playlists.playlist import Entry, Playlist, entry_at, places_below, playlist_of
from earshot.data.tables.text_blocks import Member, json_object, json_objects
from earshot.data.tables.utf8_text import unicode_text
from earshot.data.tables.xml_files import property_list

LIBRARY_MARKS = ("<plist", "<key>Tracks</key>")
_NO_SONG = ("Podcast", "Movie", "TV Show", "Music Video", "Has Video", "Audiobook")  # true of what is none
_OWN_LISTS = ("Master", "Distinguished Kind")  # Library, Music, Downloaded: everything of a kind
_SMART, _FOLDER = "Smart Info", "Folder"
_HEAD_BYTES = 65_536
_MAX_NAMED = 5


def is_apple_library(path: str) -> bool:
    """Tell whether a file is such a library, by its suffix and its beginning."""
    if not path.lower().endswith(".xml"):
        return False
    try:
        text = unicode_text(first_bytes(path, _HEAD_BYTES)) or ""
    except OSError:
        return False
    return all(mark in text for mark in LIBRARY_MARKS)


def is_song(track: Mapping[str, Any]) -> bool:
    """Tell whether a track of a library is no podcast, audiobook or film."""
    return not any(track.get(name) for name in _NO_SONG)


def read_apple_library(path: str, left_out: Callable[[str], None]) -> list[Playlist]:
    """Read the playlists that a person made; each has a path below the file, by which it is known.

    What the program makes of everything (Library, Music, Downloaded), what it chooses by rules and folders, which
    repeat the playlists in them, are left out, unless somebody exported just one of these.

    Parameters
    ----------
    left_out : called with sentences on what is

    Raises
    ------
    ValueError
        The file is no library, or holds no playlist that a person made.
    OSError
        It cannot be read.
    """
    with Member(Path(path)).open() as file:
        library = property_list(cast(BinaryIO, file), os.path.basename(path))
    lists = json_objects(library.get("Playlists"))
    is_exported = len(lists) == 1 and not any(map(lists[0].get, _OWN_LISTS))  # alone, as its owner wants it
    own = lists if is_exported else [one for one in lists if not any(map(one.get, (*_OWN_LISTS, _SMART, _FOLDER)))]
    kinds = {
        "that the program makes of everything": [one for one in lists if any(map(one.get, _OWN_LISTS))],
        "that it chooses by rules": [one for one in lists if one.get(_SMART) and not any(map(one.get, _OWN_LISTS))],
        "that are folders": [one for one in lists if one.get(_FOLDER) and not one.get(_SMART)],
    }
    for what, others in kinds.items():
        if others and not is_exported:
            shown = ", ".join(map(_name, others[:_MAX_NAMED])) + (", ..." if len(others) > _MAX_NAMED else "")
            left_out(f"{os.path.basename(path)}: {len(others):,} playlists {what} ({shown})")
    if not own:
        raise ValueError(f"{path} holds no playlist that a person made")
    by_id = json_object(library.get("Tracks"))
    places = places_below(os.path.abspath(path), map(_name, own))
    return [
        playlist_of(place, _name(one), _entries(one, by_id, os.path.dirname(os.path.abspath(path))))
        for place, one in zip(places, own, strict=True)
    ]


def _name(playlist: Mapping[str, Any]) -> str:
    return str(playlist.get("Name") or "playlist")


def _entries(playlist: Mapping[str, Any], tracks: Mapping[str, Any], folder: str) -> Iterator[Entry | None]:
    items = playlist.get("Playlist Items")
    for item in items if isinstance(items, list) else []:
        track = tracks.get(str(item.get("Track ID"))) if isinstance(item, dict) else None
        if not isinstance(track, dict) or not is_song(track):
            yield None
            continue
        artist = _text(track.get("Artist")) or _text(track.get("Album Artist"))
        place, title, album = (_text(track.get(name)) for name in ("Location", "Name", "Album"))
        yield entry_at(folder, place or "", is_encoded=True, artist=artist, title=title, album=album)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
