"""Read playlists of other programs and services: one row for each format in `READERS`."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import xxhash

from earshot.data.files.path_encoding import path_columns
from earshot.data.files.regular_files import open_regular
from earshot.data.files.skip_rules import folder_exclusion, is_hidden
from earshot.data.playlists import account_playlists
from earshot.data.playlists.line_playlists import m3u_entries, pls_entries, text_readings
from earshot.data.playlists.named_playlists import is_playlist_table, read_jspf, read_playlist_table
from earshot.data.playlists.playlist import MAX_ENTRIES, Contents, Entries, Entry, Playlist
from earshot.data.playlists.track_lines import track_lines
from earshot.data.playlists.xml_playlists import read_asx, read_wpl, read_xspf

_MAX_BYTES = 64 * 1024 * 1024


def _read_lines(entries: Callable[[str, str], Entries], data: bytes, folder: str, _: str) -> Contents:
    """Read lines, whose encoding is not always known, as entries with all paths that they may mean."""
    readings = [entries(text, folder) for text in text_readings(data)]
    return None, map(_merged, zip(*readings, strict=True))


READERS: dict[str, Callable[[bytes, str, str], Contents]] = {  # of the content, its folder and its path, by suffix
    ".m3u": partial(_read_lines, m3u_entries),
    ".m3u8": partial(_read_lines, m3u_entries),
    ".pls": partial(_read_lines, pls_entries),
    ".xspf": read_xspf,
    ".jspf": read_jspf,
    ".wpl": read_wpl,
    ".zpl": read_wpl,
    ".asx": read_asx,
    ".csv": read_playlist_table,
}
SUFFIXES = tuple(READERS)


def is_playlist(path: str) -> bool:
    """Tell whether a file is a playlist by its suffix; for a CSV, which may hold anything, by its columns."""
    suffix = os.path.splitext(path)[1].lower()
    return suffix in READERS and (suffix != ".csv" or is_playlist_table(path))


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
                path = os.path.join(folder, name)
                if not is_hidden(name) and (is_playlist(path) or account_playlists.is_account_file(path)):
                    yield path


def read_playlists(path: str) -> list[Playlist]:
    """Read one playlist, or those that lie in one file of an account's data or in its archive; raises as they do."""
    if path.lower().endswith(account_playlists.SUFFIXES):
        return account_playlists.read_account_playlists(path)
    return [read_playlist(path)]


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
    if suffix not in READERS:
        raise ValueError(f"{path}: playlists end in {', '.join(SUFFIXES)}")
    data = _read(path)
    title, contents = READERS[suffix](data, os.path.dirname(os.path.abspath(path)), path)
    entries = list(islice(contents, MAX_ENTRIES + 1))
    if len(entries) > MAX_ENTRIES:
        raise ValueError(f"{path} has more than {MAX_ENTRIES:,} entries; no playlist has")
    named = [entry for entry in entries if entry is not None]
    return Playlist(
        os.path.abspath(path),
        (title or "").strip() or path_columns(os.path.splitext(os.path.basename(path))[0])[0],
        named,
        len(entries) - len(named),
        xxhash.xxh3_128_hexdigest(data),
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
    text = text_readings(_read(path))[0]  # a playlist, too: it must be there, and no pipe
    if is_playlist(str(path)):
        return [str(path)]
    if "\0" in text:
        raise ValueError(f"{path} is no text.\n\n{advice}")
    tracks = [line.text for line in track_lines(text.splitlines())]
    if not tracks:
        raise ValueError(f"{path} names no track.\n\n{advice}")
    return tracks


def _read(path: str | Path) -> bytes:
    with open_regular(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES // 1024**2} MiB; no playlist is")
    return data


def _merged(readings: Iterable[Entry | None]) -> Entry | None:
    entries = [entry for entry in readings if entry is not None]
    paths = dict.fromkeys(path for entry in entries for path in entry.paths)
    return replace(entries[0], paths=tuple(paths)) if entries else None
