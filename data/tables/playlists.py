"""Playlists of other programs: M3U, PLS and XSPF, as lists of local files."""

import contextlib
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path

import xxhash

from earshot.data.files.cue_sheets import track_at
from earshot.data.files.file_addresses import is_address, path_of_address, percent_decoded
from earshot.data.files.path_encoding import path_columns
from earshot.data.files.regular_files import open_regular
from earshot.data.files.skip_rules import folder_exclusion, is_hidden
from earshot.data.tables.encodings import unicode_text
from earshot.data.tables.xml_files import refuse_unsafe_xml
from earshot.data.text_encoding import likely_encodings

SUFFIXES = (".m3u", ".m3u8", ".pls", ".xspf")
_MAX_BYTES = 64 * 1024 * 1024
_MAX_ENTRIES = 1_000_000
_MAX_PATH_LETTERS = 4_096  # no system opens a longer path
_HEAD_BYTES = 4_096  # where an encoding is named
_GUESSED_LINES = 100  # from which an encoding is guessed
_READ_OFTEN_BYTES = 1024 * 1024  # of a playlist that is read in every likely encoding
_BLANKS = " \t\v\f"  # the same in all encodings
_START = re.compile(r"#EXTVLCOPT:start-time=(\d{1,9}(?:\.\d+)?)")  # seconds
_ENCODING = re.compile(rb"^#EXTENC:[ \t]*([\w.-]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Playlist:
    """The content of a playlist file, in its order."""

    path: str
    name: str
    entries: list[str]  # absolute paths, also of missing files; "Artist - Title" of an entry that has none
    n_elsewhere: int  # entries that are no local files, such as radio stations
    content_hash: str | None = None  # of the file
    other_names: Mapping[str, Sequence[str]] = field(default_factory=dict)  # of an entry that none of it answers to


@dataclass(frozen=True)
class Location:
    """A place as a playlist writes it, and the name of what lies there, where it has one."""

    text: str
    name: str | None = None  # "Artist - Title"
    is_encoded: bool = False  # whether the format demands %20 for a blank; else some programs write it nevertheless
    begin: float | None = None  # seconds, of a part of the file

    def names(self, folder: str) -> list[str]:
        """Names to look for, the likeliest first; none for what is no local file and bears no name."""
        path = path_of_address(self.text)
        if path is not None:
            readings = [path]
        elif is_address(self.text):
            readings = []
        elif self.is_encoded:
            readings = [percent_decoded(self.text)]
        else:
            readings = [self.text, percent_decoded(self.text)]
        paths = [path for reading in readings if (path := _local_path(reading, folder)) is not None]
        if self.begin is not None:
            paths = [track_at(path, self.begin) for path in paths]
        return list(dict.fromkeys([*paths, *filter(None, [self.name])]))


def find_playlists(paths: Iterable[str], unlisted: Callable[[OSError], None] | None = None) -> Iterator[str]:
    """Yield given files, and the playlists in given folders and all below them, in order of their names.

    Parameters
    ----------
    unlisted : called with the error of each folder that cannot be listed
    """
    for path in paths:
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path, onerror=unlisted):
            folders[:] = sorted(name for name in folders if folder_exclusion(name) is None)
            for name in sorted(names):
                if name.lower().endswith(SUFFIXES) and not is_hidden(name):
                    yield os.path.join(folder, name)


def read_playlist(path: str) -> Playlist:
    """Read one playlist. Relative entries are relative to its folder.

    Raises
    ------
    ValueError
        The suffix is not one of `SUFFIXES`, or the file is not what its suffix says.
    OSError
        It cannot be read.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: playlists end in {', '.join(SUFFIXES)}")
    data = _read(path)
    if suffix == ".xspf":
        name, *readings = _xspf_locations(path, data)
    else:
        name, read = None, _pls_locations if suffix == ".pls" else _m3u_locations
        readings = [read(text) for text in _texts(data)]
    if len(readings[0]) > _MAX_ENTRIES:
        raise ValueError(f"{path} has more than {_MAX_ENTRIES:,} entries; no playlist has")
    folder = os.path.dirname(os.path.abspath(path))
    entries = zip(*readings, strict=True)
    named = [names for entry in entries if (names := _distinct(location.names(folder) for location in entry))]
    return Playlist(
        os.path.abspath(path),
        name or path_columns(os.path.splitext(os.path.basename(path))[0])[0],
        [names[0] for names in named],
        len(readings[0]) - len(named),
        xxhash.xxh3_128_hexdigest(data),
        {names[0]: tuple(names[1:]) for names in named if len(names) > 1},
    )


def read_history(path: Path) -> list[str]:
    """Read the tracks that one listener played, the latest last.

    Returns
    -------
    list of str
        The path of a playlist, which stands for its entries; else the lines of a text, without comments.

    Raises
    ------
    ValueError
        The file names no track, or is no text.
    OSError
        It cannot be read.
    """
    advice = "Give a playlist, or a track per line."
    text = _texts(_read(path))[0]  # a playlist, too: it must be there, and no pipe
    if path.suffix.lower() in SUFFIXES:
        return [str(path)]
    if "\0" in text:
        raise ValueError(f"{path} is no text.\n\n{advice}")
    tracks = [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
    if not tracks:
        raise ValueError(f"{path} names no track.\n\n{advice}")
    return tracks


def _read(path: str | Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES // 1024**2} MiB; no playlist is")
    return data


def _m3u_locations(text: str) -> list[Location]:
    lines = (match[0] for match in re.finditer(r"[^\r\n]+", text))  # a list of all lines may take gigabytes
    locations, begin = [], None
    for line in lines:
        if start := _START.match(line):
            begin = float(start[1])
        elif (place := line.strip(_BLANKS)) and not line.startswith("#"):
            locations.append(Location(place, begin=begin))
            begin = None
            if len(locations) > _MAX_ENTRIES:
                break
    return locations


def _pls_locations(text: str) -> list[Location]:
    files = re.finditer(r"(?:^|[\r\n])[ \t]*File([0-9]{1,9})[ \t]*=[ \t]*([^\r\n]+)", text, re.IGNORECASE)
    first = [(int(file[1]), file[2].strip()) for file in islice(files, _MAX_ENTRIES + 1)]
    return [Location(location) for _, location in sorted(first, key=itemgetter(0))]


def _texts(data: bytes) -> list[str]:
    """The text in the encoding that ``#EXTENC:`` names, if any; else its readings, the likeliest first.

    It may be in the encoding of a country: what is read in a wrong one names no file.
    """
    named = _ENCODING.search(data[:_HEAD_BYTES])
    with contextlib.suppress(LookupError, UnicodeError):  # an encoding that nobody knows
        if named is not None:
            return [data.decode(named[1].decode(), "replace").removeprefix("\ufeff")]
    if (text := unicode_text(data)) is not None:
        return [text]
    lines = [line for line in data[:_READ_OFTEN_BYTES].splitlines() if not line.isascii()]
    encodings = likely_encodings(lines[:_GUESSED_LINES])
    if len(data) > _READ_OFTEN_BYTES:
        return [data.decode(encodings[0], "replace")]
    as_file_names = data.decode("utf-8", "surrogateescape")  # an old disk may have them in the same encoding
    return [*(data.decode(encoding, "replace") for encoding in encodings), as_file_names]


def _xspf_locations(path: str, data: bytes) -> tuple[str | None, list[Location]]:
    """The title, and a location for each track; elements count by their name, in whatever namespace."""
    refuse_unsafe_xml(BytesIO(data), path)
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"{path} is not XML: {error}") from None
    if _local_name(root) != "playlist":
        raise ValueError(f"{path} is XML, but not an XSPF playlist")
    title = next((child.text for child in root if _local_name(child) == "title"), None)
    tracks = (element for element in root.iter() if _local_name(element) == "track")
    return title and title.strip(), [_xspf_track(track) for track in islice(tracks, _MAX_ENTRIES + 1)]


def _xspf_track(track: ElementTree.Element) -> Location:
    texts: dict[str, str] = {}
    for child in track:  # of several locations the first
        texts.setdefault(_local_name(child), (child.text or "").strip())
    title, creator = texts.get("title"), texts.get("creator")
    name = f"{creator} - {title}" if creator and title else None
    return Location(texts.get("location", ""), name, is_encoded=True)


def _local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _distinct(names: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(chain.from_iterable(names)))


def _local_path(text: str, folder: str) -> str | None:
    """The absolute path of a playlist's entry, or None if it can be none."""
    if not text or "\0" in text or len(text) > _MAX_PATH_LETTERS:
        return None
    if "\\" in text and not os.path.exists(os.path.join(folder, text)):
        text = text.replace("\\", "/")  # written on Windows
    return os.path.normpath(os.path.join(folder, text))
