"""Read the playlists in the collections of DJ programs: Traktor's ``collection.nml``, and rekordbox's XML."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element, iterparse

from earshot.data.files.regular_files import first_bytes
from earshot.data.playlists.playlist import Entry, Playlist, entry_at, places_below, playlist_of
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.utf8_text import unicode_text
from earshot.data.tables.xml_files import refuse_unsafe_xml

TRAKTOR, REKORDBOX = "<NML", "<DJ_PLAYLISTS"  # the first element of a file
MAX_ELEMENTS = 50_000_000  # of a million tracks, each with its cue points
_SUFFIXES = (".nml", ".xml")
_HEAD_BYTES = 4_096
_OF_THE_PROGRAM = ("_LOOPS", "_RECORDINGS")


@dataclass
class _List:
    kind: str
    name: str
    keys: list[str] = field(default_factory=list)  # of tracks
    is_history: bool = False


def is_dj_collection(path: str) -> bool:
    """Tell whether a file is a collection of Traktor or rekordbox, by its suffix and its beginning."""
    if not path.lower().endswith(_SUFFIXES):
        return False
    try:
        text = unicode_text(first_bytes(path, _HEAD_BYTES)) or ""
    except OSError:
        return False
    return TRAKTOR in text or REKORDBOX in text


def traktor_paths(key: str) -> tuple[str, ...]:
    """The paths that a file may have by its key: a disk and folders, each behind a slash and a colon.

    >>> traktor_paths("Macintosh HD/:Users/:me/:x.mp3"), traktor_paths("C:/:Music/:x.mp3")
    (('/Users/me/x.mp3', '/Volumes/Macintosh HD/Users/me/x.mp3'), ('C:/Music/x.mp3',))
    """
    disk, *folders = key.split("/:")
    path = "/".join(folders)
    if not path or "\0" in key:
        return ()
    if len(disk) == 2 and disk[1] == ":":
        return (f"{disk}/{path}",)
    paths = (f"/{path}", f"/Volumes/{disk}/{path}")
    return paths if folders[0] == "Users" or not disk else paths[::-1]


def read_dj_playlists(path: str, left_out: Callable[[str], None]) -> list[Playlist]:
    """Read the playlists in a collection; each has a path below the file, by which it is known.

    Lists that are chosen by rules, those of loops and recordings, and histories are left out.

    Parameters
    ----------
    left_out : called with sentences on what is

    Raises
    ------
    ValueError
        The file is damaged, or holds no playlist.
    OSError
        It cannot be read.
    """
    name, root = os.path.basename(path), os.path.abspath(path)
    with Member(Path(path)).open() as opened:
        file = cast(BinaryIO, opened)
        refuse_unsafe_xml(file, name, MAX_ELEMENTS)
        is_traktor = TRAKTOR in (unicode_text(file.read(_HEAD_BYTES)) or "")
        file.seek(0)
        tracks, lists = _of_traktor(file) if is_traktor else _of_rekordbox(file, os.path.dirname(root))
    own: list[_List] = []
    others: Counter[str] = Counter()
    for one in lists:
        if why := _why_not(one):
            others[why] += 1
        else:
            own.append(one)
    for what, n_lists in others.items():
        left_out(f"{name}: {n_lists:,} playlists {what}")
    if not own:
        raise ValueError(f"{path} holds no playlist{''.join(f'; {n:,} {what}' for what, n in others.items())}")
    places = places_below(root, (one.name for one in own))
    return [
        playlist_of(place, one.name, (tracks.get(key) or _unknown(key, is_traktor) for key in one.keys))
        for place, one in zip(places, own, strict=True)
    ]


def _why_not(one: _List) -> str | None:
    if one.is_history:
        return "that are histories, which `cli import-listens` reads"
    if one.kind == "SMARTLIST":
        return "that are chosen by rules"
    return "of loops and recordings" if one.name in _OF_THE_PROGRAM else None


def _unknown(key: str, is_traktor: bool) -> Entry | None:
    """A track that is not in the collection, by its key alone."""
    paths = traktor_paths(key) if is_traktor else ()
    return Entry(paths) if paths else None


def traktor_track(entry: Element) -> tuple[str, dict[str, str | None]]:
    """The key of an entry of Traktor's collection, and its names."""
    location, album = entry.find("LOCATION"), entry.find("ALBUM")
    parts = ("", "", "") if location is None else [location.get(name, "") for name in ("VOLUME", "DIR", "FILE")]
    names = {name.lower(): entry.get(name) or None for name in ("ARTIST", "TITLE")}
    return "".join(parts), names | {"album": None if album is None else album.get("TITLE") or None}


def _of_traktor(file: BinaryIO) -> tuple[dict[str, Entry | None], list[_List]]:
    tracks: dict[str, Entry | None] = {}
    lists: list[_List] = []
    open_lists: list[_List] = []
    for element in _elements(file, open_lists, lists, "TYPE", "NAME", ("PLAYLIST", "SMARTLIST")):
        if element.tag != "ENTRY":
            continue
        if element.find("LOCATION") is not None:
            key, names = traktor_track(element)
            tracks[key] = Entry(traktor_paths(key), **names)
        elif (place := element.find("PRIMARYKEY")) is not None and open_lists:
            open_lists[-1].keys.append(place.get("KEY", ""))
            open_lists[-1].is_history |= element.find("EXTENDEDDATA") is not None
        element.clear()
    return tracks, lists


def _of_rekordbox(file: BinaryIO, folder: str) -> tuple[dict[str, Entry | None], list[_List]]:
    tracks: dict[str, Entry | None] = {}
    lists: list[_List] = []
    open_lists: list[_List] = []
    for element in _elements(file, open_lists, lists, "Type", "Name", ("1",)):
        if element.tag != "TRACK":
            continue
        if open_lists:
            open_lists[-1].keys.append(element.get("Key", ""))
        else:
            place, names = element.get("Location", ""), ("Artist", "Name", "Album")
            artist, title, album = (element.get(name) for name in names)
            entry = entry_at(folder, place, artist=artist, title=title, album=album)
            tracks |= {element.get("TrackID", ""): entry, place: entry}  # playlists name either
        element.clear()
    return tracks, lists


def _elements(
    file: BinaryIO, open_lists: list[_List], lists: list[_List], kind: str, name: str, kinds: tuple[str, ...]
) -> Iterator[Element]:
    """Yield the elements of a collection but its nodes, which are kept in two lists: those around, and the closed ones.

    Parameters
    ----------
    kind, name : attributes of a node
    kinds : of nodes that are playlists; others are folders
    """
    for event, element in iterparse(file, ("start", "end")):
        if element.tag == "NODE":
            if event == "start":
                open_lists.append(_List(element.get(kind, ""), element.get(name) or "playlist"))
            elif (closed := open_lists.pop()).kind in kinds:
                lists.append(closed)
        elif event == "end":
            yield element
