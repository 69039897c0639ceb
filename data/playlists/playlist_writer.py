"""Write playlists that players and services read: extended M3U, XSPF, and JSPF, which is XSPF in JSON."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape  # as that of xml.sax does; which loads what fetches addresses
from pathlib import Path
from typing import Any
from urllib.parse import quote

from earshot.data.files.atomic import output_path
from earshot.data.files.cue_sheets import cue_track
from earshot.data.files.file_addresses import is_address
from earshot.data.files.path_encoding import path_columns
from earshot.data.playlists.playlist import VLC, ListedTrack
from earshot.data.playlists.playlist_reader import READERS

_RECORDING = "https://musicbrainz.org/recording/"


@dataclass(frozen=True)
class _Place:
    """The file of a track, and for one of a cue sheet the seconds between which it lies there."""

    path: str
    shown: str  # the path as the playlist has it: relative or absolute
    begin: float | None = None
    end: float | None = None

    @property
    def seconds(self) -> list[str]:
        """The options by which VLC plays this part of the file."""
        return [f"{name}-time={at:.3f}" for name, at in (("start", self.begin), ("stop", self.end)) if at is not None]


def written_suffix(path: Path) -> str:
    """The suffix of a format that `write_playlist_file` writes; a name that says nothing is for M3U.

    Raises
    ------
    ValueError
        The name is that of another format of playlists.
    """
    suffix = path.suffix.lower()
    if suffix in READERS and suffix not in (*_FORMATS, ".m3u", ".txt"):
        raise ValueError(f"{path}: playlists are written as .m3u8, .xspf or .jspf, not as {suffix}")
    return suffix if suffix in _FORMATS else ".m3u8"


def write_playlist_file(path: Path, tracks: Iterable[ListedTrack], relative: bool | None = None) -> int:
    """Write a playlist in UTF-8, whole or not at all, in the format of its suffix; return how many tracks it has.

    Parameters
    ----------
    tracks : in M3U, those without a file are left out
    relative : paths relative to the playlist's folder, or absolute ones; None for relative ones if all tracks lie in
        that folder or below

    Raises
    ------
    ValueError
        The suffix is that of another format.
    OSError
        It cannot be written.
    """
    suffix, name = written_suffix(path), path_columns(path.stem)[0]
    with output_path(path) as temporary:
        listed = _listed(tracks, suffix)  # here: what draws the tracks may fail, and then no file is changed
        text = playlist_text(listed, path.absolute().parent, relative, suffix=suffix, name=name)
        temporary.write_text(text, encoding="utf-8")
    return len(listed)


def playlist_text(
    tracks: Iterable[ListedTrack], folder: Path, relative: bool | None = None, *, suffix: str = ".m3u8", name: str = ""
) -> str:
    """The text of a playlist in a folder; arguments as of `write_playlist_file`."""
    listed = _listed(tracks, suffix)
    here = [os.path.join(form, "") for form in (os.path.normpath(folder), os.path.realpath(folder))]
    if relative is None:
        relative = all(track.path.startswith(tuple(here)) for track in listed if track.path is not None)
    places = [None if track.path is None else _place(track.path, here, relative) for track in listed]
    return _FORMATS[suffix](list(zip(listed, places, strict=True)), _plain(name))


def _listed(tracks: Iterable[ListedTrack], suffix: str) -> list[ListedTrack]:
    return [track for track in tracks if track.path is not None or suffix != ".m3u8"]


def _m3u(rows: Sequence[tuple[ListedTrack, _Place | None]], _: str) -> str:
    lines = ["#EXTM3U"]
    for track, place in rows:
        assert place is not None
        seconds = -1 if track.duration is None else round(track.duration)  # -1: unknown
        lines.append(f"#EXTINF:{seconds},{_plain(track.name)}")
        lines += [f"#EXTVLCOPT:{option}" for option in place.seconds]
        is_one_line = path_columns(place.path)[1] is None and not {"\n", "\r"}.intersection(place.path)
        lines.append(place.shown if is_one_line else _address(place.path))
    return "\n".join(lines) + "\n"


def _xspf(rows: Sequence[tuple[ListedTrack, _Place | None]], name: str) -> str:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<playlist version="1" xmlns="http://xspf.org/ns/0/" xmlns:vlc="{VLC.removesuffix("playlist/0")}">',
        *([f"  <title>{escape(name, quote=False)}</title>"] if name else []),
        "  <trackList>",
    ]
    for track, place in rows:
        facts = "".join(
            f"<{tag}>{escape(str(value), quote=False)}</{tag}>" for tag, value in _facts(track, place).items()
        )
        options = "".join(f"<vlc:option>{option}</vlc:option>" for option in (place.seconds if place else ()))
        extension = f'<extension application="{VLC}">{options}</extension>' if options else ""
        lines.append(f"    <track>{facts}{extension}</track>")
    return "\n".join([*lines, "  </trackList>", "</playlist>"]) + "\n"


def _jspf(rows: Sequence[tuple[ListedTrack, _Place | None]], name: str) -> str:
    tracks = []
    for track, place in rows:
        facts = _facts(track, place)
        facts |= {tag: [facts[tag]] for tag in ("location", "identifier") if tag in facts}  # lists, unlike in XSPF
        if place and place.seconds:
            facts["extension"] = {VLC: [{"option": place.seconds}]}
        tracks.append(facts)
    return json.dumps({"playlist": {"title": name, "track": tracks}}, ensure_ascii=False, indent=2) + "\n"


_FORMATS: dict[str, Callable[[Sequence[tuple[ListedTrack, _Place | None]], str], str]] = {
    ".m3u8": _m3u,
    ".xspf": _xspf,
    ".jspf": _jspf,
}


def _facts(track: ListedTrack, place: _Place | None) -> dict[str, Any]:
    """The facts of a track by their names in XSPF, in the order of its schema."""
    facts = {
        "location": None if place is None else _location(place),
        "identifier": track.mbid and _RECORDING + track.mbid,
        "title": _plain(track.title),
        "creator": track.artist and _plain(track.artist),
        "album": track.album and _plain(track.album),
        "duration": None if track.duration is None else round(1_000 * track.duration),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _location(place: _Place) -> str:
    """A relative reference or the address of a file; readers take a backslash in the first for a slash."""
    if place.shown == place.path or "\\" in place.path:
        return _address(place.path)
    return quote(os.fsencode(place.shown))


def _address(path: str) -> str:
    return "file://" + quote(os.fsencode(path))


def _place(path: str, here: Sequence[str], relative: bool) -> _Place:
    try:
        track = cue_track(path)
    except (OSError, ValueError):  # its disk is away, or the sheet has changed
        track = None
    file, begin, end = (track.file, track.begin, track.end) if track else (path, None, None)
    return _Place(file, _relative_path(file, here) if relative else file, begin, end)


def _relative_path(path: str, here: Sequence[str]) -> str:
    """A path from a folder; `here` is its name as it was given and without symbolic links, both with a / at the end."""
    inside = next((form for form in here if path.startswith(form)), None)
    # The system follows the links of a folder before it goes up from there.
    relative = path.removeprefix(inside) if inside else os.path.relpath(path, here[-1])
    is_misread = relative.startswith(("#", " ", "\t")) or is_address(relative)  # as a comment, cut, or as no file
    return f"./{relative}" if is_misread else relative


def _plain(text: str) -> str:
    """A text in one line, without what XML cannot hold."""
    return "".join(character if character.isprintable() else " " for character in text)
