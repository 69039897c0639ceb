"""Read playlists of other programs and services: one row for each format in `READERS`."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import xxhash

from earshot.data.files.path_encoding import path_columns
from earshot.data.files.regular_files import open_regular
from earshot.data.files.skip_rules import folder_exclusion, is_hidden
from earshot.data.playlists.account_playlists import account_playlists_of, is_account_file, read_account_playlists
from earshot.data.playlists.apple_playlists import is_apple_library, read_apple_library
from earshot.data.playlists.dj_playlists import is_dj_collection, read_dj_playlists
from earshot.data.playlists.google_playlists import google_playlists_of, is_google_playlist, read_google_playlist
from earshot.data.playlists.line_playlists import m3u_entries, pls_entries, text_readings
from earshot.data.playlists.mixxx_playlists import is_mixxx_database, read_mixxx_playlists
from earshot.data.playlists.named_playlists import is_listen_table, is_playlist_table, read_jspf, read_playlist_table
from earshot.data.playlists.playlist import Contents, Entries, Entry, Playlist, places_below, playlist_of
from earshot.data.playlists.serato_crates import read_crate
from earshot.data.playlists.track_lines import track_lines
from earshot.data.playlists.xml_playlists import read_asx, read_wpl, read_xspf
from earshot.data.tables.archives import ARCHIVES
from earshot.data.tables.text_blocks import members_of, read_at_most

_BINARY = {b"SQLite format 3\0": "a database", b"PK\3\4": "an archive", b"\x1f\x8b": "an archive"}  # of exports
_TEXTS = {r"\s*(?:\{|\[\s*\{)": "JSON", r"\s*<[?!a-zA-Z]": "markup"}
_MAX_BYTES = 64 * 1024 * 1024


def _read_lines(entries: Callable[[str, str], Entries], data: bytes, folder: str, _: str) -> Contents:
    """Read lines, whose encoding is not always known, as entries with all paths that they may mean."""
    readings = [entries(text, folder) for text in text_readings(data)]
    return None, map(_merged, zip(*readings, strict=True))


def _single(read: Callable[[bytes, str, str], Contents]) -> Callable[[bytes, str, str], list[Contents]]:
    return lambda data, folder, path: [read(data, folder, path)]


# By suffix: the playlists in a file, of its content, its folder and its path.
READERS: dict[str, Callable[[bytes, str, str], list[Contents]]] = {
    ".m3u": _single(partial(_read_lines, m3u_entries)),
    ".m3u8": _single(partial(_read_lines, m3u_entries)),
    ".pls": _single(partial(_read_lines, pls_entries)),
    ".xspf": _single(read_xspf),
    ".jspf": _single(read_jspf),
    ".wpl": _single(read_wpl),
    ".zpl": _single(read_wpl),
    ".asx": _single(read_asx),
    ".crate": _single(read_crate),
    ".csv": read_playlist_table,
    ".txt": read_playlist_table,
}
SUFFIXES = tuple(READERS)
TABLE_SUFFIXES = (".csv", ".txt")  # of those which may hold anything


def is_playlist(path: str) -> bool:
    """Tell whether a file is a playlist by its suffix; for CSV and text, which may hold anything, by its columns."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix in READERS and (suffix not in TABLE_SUFFIXES or is_playlist_table(path))


def find_playlists(paths: Iterable[str], unlisted: Callable[[OSError], None] | None = None) -> Iterator[str]:
    """Yield given files, and the playlists in given folders and all below them, each once, in order of their names.

    Parameters
    ----------
    unlisted : called with the error of each folder that cannot be listed
    """
    found: set[str] = set()
    for path in paths:
        for one in _playlists_below(path, unlisted) if os.path.isdir(path) else [path]:
            if os.path.abspath(one) not in found:
                found.add(os.path.abspath(one))
                yield one


def _playlists_below(path: str, unlisted: Callable[[OSError], None] | None) -> Iterator[str]:
    for folder, folders, names in os.walk(path, onerror=unlisted):
        folders[:] = sorted(name for name in folders if folder_exclusion(name) is None)
        for name in sorted(names):
            file = os.path.join(folder, name)
            if not is_hidden(name) and any(is_kind(file) for is_kind in _KINDS):
                yield file


def read_playlists(path: str, left_out: Callable[[str], None] = lambda _: None) -> list[Playlist]:
    """Read the playlists in a file or an archive, in most of which there is one.

    Relative entries are relative to the folder of the file. Of several playlists in a file each is known by a path
    below it.

    Parameters
    ----------
    left_out : called with sentences on playlists that are passed over

    Raises
    ------
    ValueError
        The suffix is none of `SUFFIXES` and of those of account data, or the file is not what its suffix says.
    OSError
        It cannot be read.
    """
    return [replace(one, file=os.path.abspath(path)) for one in _playlists_in(path, left_out)]


def _playlists_in(path: str, left_out: Callable[[str], None]) -> list[Playlist]:
    suffix = os.path.splitext(path)[1].lower()
    if path.lower().endswith(ARCHIVES):
        return _read_archive(path)
    if suffix == ".json":
        return read_account_playlists(path)
    if is_google_playlist(path):
        return [read_google_playlist(path)]
    if is_apple_library(path):
        return read_apple_library(path, left_out)
    if is_mixxx_database(path):
        return read_mixxx_playlists(path)
    if is_dj_collection(path):
        return read_dj_playlists(path, left_out)
    if suffix not in READERS:
        raise ValueError(f"{path}: playlists end in {', '.join(SUFFIXES)}")
    data, root = _read(path), os.path.abspath(path)
    stem = path_columns(os.path.splitext(os.path.basename(path))[0])[0]
    contents = READERS[suffix](data, os.path.dirname(root), path)
    titles = [(title or "").strip() or stem for title, _ in contents]
    digest = xxhash.xxh3_128_hexdigest(data)
    if len(contents) == 1:
        return [playlist_of(root, titles[0], contents[0][1], digest)]
    places = places_below(root, titles)
    return [
        playlist_of(place, title, entries) for place, title, (_, entries) in zip(places, titles, contents, strict=True)
    ]


def _read_archive(path: str) -> list[Playlist]:
    members = members_of(Path(path))
    playlists = [*account_playlists_of(members), *google_playlists_of(members)]
    if not playlists:
        raise ValueError(f"{path} holds no playlists of Spotify's or Google Play Music's; of others unpack it first")
    return playlists


_KINDS = (is_playlist, is_account_file, is_google_playlist, is_apple_library, is_dj_collection, is_mixxx_database)


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
    data = _read(path)
    text = text_readings(data)[0]  # a playlist, too: it must be there, and no pipe
    if is_playlist(str(path)):
        return [str(path)]
    kind = "a table of listens" if is_listen_table(str(path)) else _kind_of_data(data, text)
    if kind:
        cure = "Run `cli import-listens` on it, and recommend to its listener."
        raise ValueError(f"{path} is {kind}, and no list of tracks.\n\nIf it says who played what: {cure}")
    if "\0" in text:
        raise ValueError(f"{path} is no text.\n\n{advice}")
    tracks = [line.text for line in track_lines(text.splitlines())]
    if not tracks:
        raise ValueError(f"{path} names no track.\n\n{advice}")
    return tracks


def _kind_of_data(data: bytes, text: str) -> str | None:
    """JSON, markup, a database or an archive by its beginning; a line of a mix begins with a bracket, too."""
    packed = next((kind for start, kind in _BINARY.items() if data.startswith(start)), None)
    return packed or next((kind for start, kind in _TEXTS.items() if re.match(start, text)), None)


def _read(path: str | Path) -> bytes:
    with open_regular(path) as file:
        return read_at_most(file, _MAX_BYTES, str(path))


def _merged(readings: Iterable[Entry | None]) -> Entry | None:
    entries = [entry for entry in readings if entry is not None]
    paths = dict.fromkeys(path for entry in entries for path in entry.paths)
    return replace(entries[0], paths=tuple(paths)) if entries else None
