"""A playlist as its file has it: tracks by the place of a file, by their names, or both."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from earshot.data.files.cue_sheets import track_at
from earshot.data.files.file_addresses import is_absolute, path_readings, percent_decoded

VLC = "http://www.videolan.org/vlc/playlist/0"  # the extension of XSPF by which this player begins within a file
MAX_ENTRIES = 1_000_000  # of one playlist
_MAX_PATH_LETTERS = 4_096  # no system opens a longer path
_START = re.compile(r"start-time=(\d{1,9}(?:\.\d{1,9})?)")  # seconds
_RECORDING = re.compile(r"musicbrainz\.org/recording/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A track as a playlist names it."""

    paths: tuple[str, ...] = ()  # absolute, also of a missing file; the likeliest reading first
    artist: str | None = None
    title: str | None = None
    album: str | None = None
    mbid: str | None = None
    isrc: str | None = None

    @property
    def name(self) -> str | None:
        return f"{self.artist} - {self.title}" if self.artist and self.title else None

    @property
    def text(self) -> str:
        return self.paths[0] if self.paths else self.name or ""


Entries = Iterable[Entry | None]  # None for what is neither a local file nor named, such as a radio station
Contents = tuple[str | None, Entries]  # with the title, where the format has one


@dataclass(frozen=True)
class Playlist:
    """The content of a playlist file, in its order."""

    path: str
    name: str
    entries: list[Entry]
    n_elsewhere: int  # entries that are neither local files nor named
    content_hash: str | None = None  # of the file
    file: str | None = None  # that holds it among others; its path is then one below


@dataclass(frozen=True)
class ListedTrack:
    """A track as a playlist lists it: by its file, by its names, or both."""

    path: str | None  # of the file, as the system has it; or below a cue sheet
    title: str
    artist: str | None = None
    album: str | None = None
    duration: float | None = None  # seconds
    mbid: str | None = None

    @property
    def name(self) -> str:
        return f"{self.artist} - {self.title}" if self.artist else self.title


def playlist_of(path: str, name: str, entries: Entries, content_hash: str | None = None) -> Playlist:
    """Make a playlist of its entries; raises a ValueError for more than `MAX_ENTRIES`."""
    kept = list(islice(entries, MAX_ENTRIES + 1))
    if len(kept) > MAX_ENTRIES:
        raise ValueError(f"{path} has more than {MAX_ENTRIES:,} entries; no playlist has")
    named = [entry for entry in kept if entry is not None]
    return Playlist(path, name, named, len(kept) - len(named), content_hash)


def places_below(path: str, titles: Iterable[str]) -> list[str]:
    """Make paths for the playlists that lie in one file, by which they are known: its own and their titles.

    >>> places_below("/x.csv", ["Mix/Tape", "Mix", "Mix"])
    ['/x.csv/Mix_Tape', '/x.csv/Mix', '/x.csv/Mix_2']
    """
    n_called: Counter[str] = Counter()
    taken: dict[str, None] = {}
    for title in titles:
        place = name = title.replace("/", "_").replace("\0", "_")
        while place in taken:
            n_called[name] += 1
            place = f"{name}_{n_called[name] + 1}"
        taken[place] = None
    return [f"{path}/{place}" for place in taken]


def entry_at(
    folder: str, text: str, *, is_encoded: bool = False, begin: float | None = None, **names: str | None
) -> Entry | None:
    """Make the entry of a place and names; None if the place is no local file, and no names are given.

    Parameters
    ----------
    folder : of the playlist, where relative paths begin
    text : a path or an address, empty if there is none
    is_encoded : whether the format demands %20 for a blank; else some programs write it nevertheless
    begin : seconds, of a part of the file
    names : fields of `Entry`
    """
    readings = path_readings(text)
    if is_encoded and len(readings) > 1:
        readings = path_readings(percent_decoded(text))[:1]
    paths = [path for reading in readings if (path := _local_path(reading, folder)) is not None]
    if begin is not None:
        paths = [track_at(path, begin) for path in paths]
    entry = Entry(tuple(dict.fromkeys(paths)), **{key: (name or "").strip() or None for key, name in names.items()})
    return entry if entry.paths or entry.name else None


def place_on_a_mac(text: str) -> str:
    r"""The path of a file as iTunes wrote it with colons; any other text as it is.

    >>> place_on_a_mac("Macintosh HD:Users:ana:AC/DC:1.mp3"), place_on_a_mac("Disk:a.mp3"), place_on_a_mac("C:\\a.mp3")
    ('/Users/ana/AC:DC/1.mp3', '/Volumes/Disk/a.mp3', 'C:\\a.mp3')
    """
    disk, *folders = text.split(":")
    if len(disk) < 2 or not folders or "\\" in text or "/" in disk or folders[0].startswith("/"):
        return text
    rest = "/".join(name.replace("/", ":") for name in folders)  # in a name the one stands for the other
    return f"/{rest}" if folders[0] == "Users" else f"/Volumes/{disk}/{rest}"


def recording_mbid(*texts: str) -> str | None:
    """The MusicBrainz id of a recording in the first address that has one."""
    return next((match[1] for text in texts if (match := _RECORDING.search(text))), None)


def start_of(options: Iterable[str]) -> float | None:
    """The second at which a part of a file begins, by the first option for VLC that says it.

    >>> start_of(["network-caching=300", "start-time=60.5"])
    60.5
    """
    return next((float(match[1]) for option in options if (match := _START.fullmatch(option.strip()))), None)


def _local_path(text: str, folder: str) -> str | None:
    """The absolute path of a playlist's entry, or None if it can be none."""
    if not text or "\0" in text or len(text) > _MAX_PATH_LETTERS:
        return None
    return os.path.normpath(text if is_absolute(text) else os.path.join(folder, text))
