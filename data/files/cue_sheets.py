"""Cue sheets: one file holds the tracks of an album, and a text beside it says where each of them begins.

Each such track has a path below its sheet, as Music Player Daemon names it. Nothing lies there, but a library keeps it
like the path of a file::

    Band/Album.flac
    Band/Album.cue               FILE "Album.flac" WAVE, TRACK 01 AUDIO, TITLE "Opening", INDEX 01 00:00:00, ...
    Band/Album.cue/track0001
"""

import codecs
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest

from earshot.data.encoding_guess import decode_field, guess_encoding
from earshot.data.files.regular_files import first_bytes
from earshot.data.files.skip_rules import AUDIO_SUFFIXES, is_hidden

_TRACK_PATH = re.compile(r"(?P<sheet>.+/[^/]+\.cue)/track\d{4,}", re.IGNORECASE | re.DOTALL)
_MAX_BYTES = 1024 * 1024
_COMMAND = re.compile(r'\s*(?:REM\s+)?(\w+)\s+(?:"(.*)"|(.*?))\s*', re.IGNORECASE)
_FILE = re.compile(r'\s*FILE\s+(?:"(.*)"|(.*?))(?:\s+\w+)?\s*', re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2})\s+(\d{1,4}):(\d{1,2})(?::(\d{1,2}))?")  # of an index: minutes, seconds, frames
_FRAMES_PER_SECOND = 75
_TAGS = {  # of a track, or where only the head of the sheet has it, of all
    "title": "title", "performer": "artist", "isrc": "isrc", "date": "date", "genre": "genre",
}  # fmt: skip


@dataclass(frozen=True)
class CueTrack:
    """A track that a cue sheet names."""

    path: str  # below that of the sheet
    file: str  # the path of its sound
    begin: float  # seconds
    end: float | None  # None: where the file ends
    tags: dict[str, str]  # by the names of Vorbis comments


@dataclass
class _Entry:
    """A track as its sheet has it."""

    number: int
    is_audio: bool
    tags: dict[str, str]
    file: str = ""  # as the sheet writes it
    begin: float | None = None


@dataclass
class _Sheet:
    head: dict[str, str] = field(default_factory=dict)
    entries: list[_Entry] = field(default_factory=list)


def sheet_path(path: str) -> str:
    """The path of the cue sheet that names a track; any other path as it is.

    >>> sheet_path("Band/Album.cue/track0001"), sheet_path("Band/01.flac")
    ('Band/Album.cue', 'Band/01.flac')
    """
    match = _TRACK_PATH.fullmatch(path)
    return match["sheet"] if match else path


def is_cue_sheet(name: str) -> bool:
    """Tell by a file's name whether it is a cue sheet."""
    return name.lower().endswith(".cue") and not is_hidden(name)


def cue_track(path: str) -> CueTrack | None:
    """Read what the sheet says of one of its tracks; None for the path of a file.

    Raises
    ------
    OSError
        The sheet cannot be read, or is away.
    ValueError
        The sheet does not name this track any more.
    """
    if (sheet := sheet_path(path)) == path or os.path.isdir(sheet):
        return None
    track = next((track for track in read_cue_sheet(sheet) if track.path == path), None)
    if track is None:
        raise ValueError(f"{os.path.basename(sheet)} names no such track any more")
    return track


def split_files(folder: str, sheets: Iterable[str] | None = None) -> dict[str, list[CueTrack]]:
    """The files of a folder that cue sheets of these names split, or all of it, each with its tracks by the first one.

    A sheet that cannot be read splits nothing.
    """
    if sheets is None:
        with suppress(OSError):
            sheets = sorted(filter(is_cue_sheet, os.listdir(folder)))
    split: dict[str, list[CueTrack]] = {}
    for name in sheets or ():
        tracks = defaultdict(list)
        try:
            for track in read_cue_sheet(os.path.join(folder, name)):
                tracks[track.file].append(track)
        except OSError:
            continue
        split = dict(tracks) | split
    return split


def track_at(path: str, seconds: float) -> str:
    """The path of the track that begins at this moment of a file, to a second; else that of the file."""
    tracks = split_files(os.path.dirname(path)).get(path, ())
    return next((track.path for track in tracks if abs(track.begin - seconds) < 1), path)


def read_cue_sheet(path: str) -> list[CueTrack]:
    """Read the tracks of all files that a cue sheet splits; a file with one track is not split.

    Raises
    ------
    OSError
        The sheet, or its folder, cannot be read.
    """
    sheet = _parsed(_text(path))
    album, artist = sheet.head.pop("title", None), sheet.head.get("artist")
    files = _files_beside(path, {entry.file for entry in sheet.entries})
    tracks = []
    for number, (entry, following) in enumerate(zip_longest(sheet.entries, sheet.entries[1:]), start=1):
        if (file := files[entry.file]) is None or entry.begin is None or not entry.is_audio:
            continue
        end = following.begin if following is not None and following.file == entry.file else None
        if end is not None and end <= entry.begin:
            return []  # it contradicts itself
        album_tags = {"album": album, "album_artist": artist, "title": f"Track {entry.number:02}"}
        tags = {name: text for name, text in album_tags.items() if text} | sheet.head | entry.tags
        tags["track"] = str(entry.number)
        tracks.append(CueTrack(f"{path}/track{number:04}", file, entry.begin, end, tags))
    n_tracks = Counter(track.file for track in tracks)
    return [track for track in tracks if n_tracks[track.file] > 1]


def _text(path: str) -> str:
    content = first_bytes(path, _MAX_BYTES)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    content = content.removeprefix(codecs.BOM_UTF8)
    names = [name for name in re.findall(rb'"([^"\r\n]+)"', content) if not name.isascii()]
    return decode_field(content, guess_encoding(names, os.path.dirname(path)))


def _parsed(text: str) -> _Sheet:
    sheet, file = _Sheet(), ""
    for line in text.splitlines():
        if named := _FILE.fullmatch(line):
            file = named[1] or named[2]
            continue
        command = _COMMAND.fullmatch(line)
        if command is None:
            continue
        word, value = command[1].lower(), (command[2] or command[3] or "").strip()
        entry = sheet.entries[-1] if sheet.entries else None
        if word == "track" and (number := re.match(r"\d+", value)):
            sheet.entries.append(_Entry(int(number[0]), value.lower().endswith("audio"), {}))
        elif word == "index" and entry and (time := _TIME.fullmatch(value)):
            if int(time[1]) == 1 or entry.begin is None:  # index 0 is the pause before
                entry.file = file
                entry.begin = int(time[2]) * 60 + int(time[3]) + int(time[4] or 0) / _FRAMES_PER_SECOND
        elif word in _TAGS and value:
            (entry.tags if entry else sheet.head).setdefault(_TAGS[word], value)
    return sheet


def _files_beside(path: str, written: Iterable[str]) -> dict[str, str | None]:
    """The paths of the music files that a sheet means, by what it writes; None for one that is not in its folder.

    Few sheets were written for the very file: "CDImage.wav" became a FLAC, or the album was renamed with its sheet.
    """
    folder, name = os.path.split(path)
    with os.scandir(folder or ".") as listing:
        files = {_plain(entry.name): entry.name for entry in listing if _suffix(entry.name) in AUDIO_SUFFIXES}
    by_stem = {_stem(file): files[file] for file in sorted(files, reverse=True)}
    names = {text: _plain(re.split(r"[/\\]", text)[-1]) for text in written}
    found = {text: files.get(plain) or by_stem.get(_stem(plain)) for text, plain in names.items()}
    if list(found.values()) == [None]:
        found = dict.fromkeys(found, by_stem.get(_stem(_plain(name))))
    return {text: file and os.path.join(folder, file) for text, file in found.items()}


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
