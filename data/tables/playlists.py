"""Playlists of other programs: M3U, PLS and XSPF, as lists of local files."""

import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from operator import itemgetter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import xxhash

from earshot.data.files.regular_files import open_regular
from earshot.data.tables.encodings import decoded
from earshot.data.tables.xml_files import refuse_unsafe_xml

SUFFIXES = (".m3u", ".m3u8", ".pls", ".xspf")
_MAX_BYTES = 64 * 1024 * 1024
_MAX_ENTRIES = 1_000_000
_MAX_PATH_LETTERS = 4_096  # no system opens a longer path
_XSPF = "{http://xspf.org/ns/0/}"


@dataclass(frozen=True)
class Playlist:
    """The content of a playlist file, in its order."""

    path: str
    name: str
    entries: list[str]  # absolute paths, also of missing files
    n_elsewhere: int  # entries that are no local files, such as radio stations
    content_hash: str | None = None  # of the file


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
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
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
        name, locations = _read_xspf(path, data)
    else:
        name, locations = None, _pls_locations(data) if suffix == ".pls" else _m3u_locations(data)
    if len(locations) > _MAX_ENTRIES:
        raise ValueError(f"{path} has more than {_MAX_ENTRIES:,} entries; no playlist has")
    folder = os.path.dirname(os.path.abspath(path))
    entries = [entry for location in locations if (entry := _local_path(location, folder)) is not None]
    stem = os.path.splitext(os.path.basename(path))[0]
    n_elsewhere = len(locations) - len(entries)
    return Playlist(os.path.abspath(path), name or stem, entries, n_elsewhere, xxhash.xxh3_128_hexdigest(data))


def read_history(path: Path) -> list[str]:
    """Read the tracks that one listener played, the latest last, from a playlist or a text with one per line.

    Returns
    -------
    list of str
        The paths of a playlist; else the lines, in any encoding that `decoded` knows, without comments.

    Raises
    ------
    ValueError
        The file names no track, is no text, or no playlist.
    OSError
        It cannot be read.
    """
    advice = "Give a playlist, or a track per line."
    if path.suffix.lower() in SUFFIXES:
        tracks = read_playlist(str(path)).entries
    else:
        text = decoded(_read(path))
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


def _m3u_locations(data: bytes) -> list[str]:
    lines = (match[0] for match in re.finditer(r"[^\r\n]+", decoded(data)))  # a list of all lines may take gigabytes
    locations = (line.strip() for line in lines if line.strip() and not line.startswith("#"))
    return list(islice(locations, _MAX_ENTRIES + 1))


def _pls_locations(data: bytes) -> list[str]:
    files = re.finditer(r"^\s*File([0-9]{1,9})\s*=\s*(.+?)\s*$", decoded(data), re.MULTILINE | re.IGNORECASE)
    first = [(int(file[1]), file[2]) for file in islice(files, _MAX_ENTRIES + 1)]
    return [location for _, location in sorted(first, key=itemgetter(0))]


def _read_xspf(path: str, data: bytes) -> tuple[str | None, list[str]]:
    refuse_unsafe_xml(BytesIO(data), path)
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError(f"{path} is not XML: {error}") from None
    if root.tag != f"{_XSPF}playlist":
        raise ValueError(f"{path} is XML, but not an XSPF playlist")
    locations = [element.text.strip() for element in root.iter(f"{_XSPF}location") if element.text]
    return root.findtext(f"{_XSPF}title"), locations


def _local_path(location: str, folder: str) -> str | None:
    """The absolute path of a playlist's entry, or None if it is no path or no local one."""
    try:
        scheme = urlsplit(location).scheme.lower() if "://" in location else ""
        if scheme == "file":
            location = unquote(urlsplit(location).path)
        elif scheme:
            return None
    except ValueError:  # malformed brackets in an address
        return None
    if not location or "\0" in location or len(location) > _MAX_PATH_LETTERS:
        return None
    if "\\" in location and not os.path.exists(os.path.join(folder, location)):
        location = location.replace("\\", "/")  # written on Windows
    return os.path.normpath(os.path.join(folder, location))
