"""Names that the path of a file says: its own, and `Artist/Album/NN Title` below a folder of the library."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from earshot.data.encoding_guess import decode_field, guess_encoding
from earshot.data.files.path_encoding import path_columns
from earshot.data.name_matching import album_key, artist_key
from earshot.data.placeholder_names import is_no_title, is_unknown, is_various

_NUMBERED = re.compile(
    r"(?:(?:cd|disc|disk)?\s?\d{1,2}[-.])?(?P<number>\d{1,3})(?:(?P<sign>\s*[-–._)\]]+\s*|\s+)(?P<title>\S.*))?",
    re.IGNORECASE,
)
_DISC = re.compile(r"(?:cd|dis[ck]|dvd|lp|vinyl|side|vol(?:ume)?)[\s._#-]*(?:\d{1,2}|[a-d])\b.*", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"[(\[]?(?:19|20)\d\d[)\]]?\s*[-–._]?\s+(?=\S)")
_EDITION = re.compile(r"\s*(?:\((?:19|20)\d\d\)|\[[^\]]*\]|\{[^}]*\})\s*$")  # a year, or notes on the encoding
_SAMPLERS = frozenset(("compilation", "compilations", "sampler", "samplers", "soundtrack", "soundtracks", "ost"))
_SHELVES = frozenset(  # folders that sort music, but name no artist
    (
        "music", "my music", "musik", "meine musik", "musique", "música", "musica", "muziek", "muzyka", "музыка",
        "音乐", "音楽", "mp3", "mp3s", "flac", "ogg", "wav", "m4a", "lossless", "lossy", "audio", "media", "itunes",
        "itunes media", "library", "collection", "albums", "album", "alben", "artists", "singles", "eps", "genres",
        "downloads", "download", "incoming", "new", "misc", "other", "others", "unsorted", "temp", "tmp", "backup",
        "old", "data", "shared", "home", "users", "public", "desktop", "documents", "podcasts", "audiobooks",
        "hörbücher", "tracks", "songs", "playlists",
    )
)  # fmt: skip


@dataclass(frozen=True)
class PathNames:
    """Names from folders and a file's name; None where they say nothing."""

    artist: str | None
    album: str | None
    title: str | None
    track_number: int
    album_artist: str | None = None  # of a folder of samplers


def names_of_path(path: str, siblings: Iterable[str] = ()) -> PathNames | None:
    """Take names from a path, if it is an artist's folder, an album's folder and a numbered title.

    Parameters
    ----------
    path : relative to a folder of the library
    siblings : names of all files in the file's folder
        By them 10 is the number in "10 Title", and part of the title in "99 Luftballons".

    >>> names_of_path("Pink Floyd/1973 - The Dark Side of the Moon/CD1/04 Time.mp3")
    PathNames(artist='Pink Floyd', album='The Dark Side of the Moon', title='Time', track_number=4, album_artist=None)
    """
    *folders, name = _readable(path).split("/")
    while len(folders) > 2 and _DISC.fullmatch(folders[-1]):
        folders.pop()
    numbered = _numbered(name)
    if numbered is None or len(folders) < 2:
        return None
    if not _is_surely_numbered(numbered) and not _has_numbers(tuple(siblings)):
        return None
    artist, album = _spoken(folders[-2]), _spoken(folders[-1])
    title = _spoken(numbered["title"] or "")
    if artist.casefold() in _SHELVES:
        return None
    is_sampler = is_various(artist) or artist.casefold() in _SAMPLERS
    first, dash, rest = title.partition(" - ")
    if dash and rest.strip() and (is_sampler or artist_key(first) == artist_key(artist)):
        artist, title = (first if is_sampler else artist), rest.strip()
    elif is_sampler:
        artist = ""
    album = _album(album, artist)
    is_named = bool(artist) and not is_unknown(artist)
    return PathNames(
        artist=artist if is_named else None,
        album=None if is_unknown(album) or album.casefold() in _SHELVES else album,
        title=None if is_no_title(title) else title,
        track_number=int(numbered["number"]),
        album_artist="Various Artists" if is_sampler else None,
    )


def lacking_names(tags: Mapping[str, Any], names: PathNames | None) -> dict[str, Any]:
    """The names of a path that tags without an artist lack; none if their album is another than the folder's.

    Parameters
    ----------
    tags : by the fields of `PathNames`, None for a missing one
    """
    if names is None or tags["artist"] is not None:
        return {}
    if tags["album"] is not None and album_key(tags["album"]) != album_key(names.album):
        return {}
    lacks = {field for field, value in tags.items() if value is None or (field == "title" and is_no_title(value))}
    return {field: value for field, value in asdict(names).items() if value is not None and field in lacks}


def file_title(path: str) -> str:
    """The title of a file without a title tag: its name without extension, on one line."""
    return " ".join(os.path.splitext(os.path.basename(path_columns(path)[0]))[0].split())


def _numbered(name: str) -> re.Match[str] | None:
    return _NUMBERED.fullmatch(name.rpartition(".")[0] or name)


def _is_surely_numbered(match: re.Match[str]) -> bool:
    """Tell whether a number at the beginning counts tracks: it has a zero in front, or a sign behind."""
    return match["number"].startswith("0") or bool((match["sign"] or "").strip()) or match.start("number") > 0


@lru_cache(maxsize=16)  # the files of a folder come one after the other
def _has_numbers(names: tuple[str, ...]) -> bool:
    """Tell whether some names in a folder are surely numbered."""
    return any((match := _numbered(_readable(name))) and _is_surely_numbered(match) for name in names)


def _readable(path: str) -> str:
    """A path in composed letters, also where its bytes are not UTF-8."""
    raw = os.fsencode(path)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = decode_field(raw, guess_encoding([raw]))
    return unicodedata.normalize("NFC", text)


def _spoken(name: str) -> str:
    """A name with blanks instead of the underscores that some programs write for them."""
    name = name if " " in name.strip() else name.replace("_", " ")
    return " ".join(name.split())


def _album(folder: str, artist: str) -> str:
    """The album in the name of its folder, which may begin with the artist and the year, and end with notes."""
    first, dash, rest = folder.partition(" - ")
    if dash and artist and artist_key(first) == artist_key(artist):
        folder = rest
    without_year = folder[match.end() :] if (match := _YEAR_FIRST.match(folder)) else folder
    return _EDITION.sub("", without_year).strip() or folder
