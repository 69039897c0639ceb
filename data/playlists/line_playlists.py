"""M3U and PLS: a place on each line."""

import contextlib
import html
import re
from itertools import islice
from operator import itemgetter

from earshot.data.encoding_guess import possible_encodings
from earshot.data.files.file_addresses import path_readings
from earshot.data.playlists.playlist import MAX_ENTRIES, Entries, entry_at, start_of
from earshot.data.tables.utf8_text import unicode_text

_HEAD_BYTES = 4_096  # where an encoding is named
_GUESSED_LINES = 100  # from which an encoding is guessed
_READ_OFTEN_BYTES = 1024 * 1024  # of a playlist that is read in every likely encoding
_BLANKS = " \t\v\f"  # the same in all encodings
_OPTION = "#EXTVLCOPT:"
_INFO = re.compile(r"#EXTINF:(?P<seconds>-?\d[^,]*),(?P<artist>.+?) - (?P<title>.+)")
_DJ_INFO = "#EXTVDJ:"  # of VirtualDJ: tags as in XML, without a root
_DJ_FACT = re.compile(r"<(artist|title|remix)>([^<]*)</\1>")
_ENCODING = re.compile(rb"^#EXTENC:[ \t]*([\w.-]+)", re.IGNORECASE | re.MULTILINE)
_FILE = re.compile(r"(?:^|[\r\n])[ \t]*File([0-9]{1,9})[ \t]*=[ \t]*([^\r\n]+)", re.IGNORECASE)


def m3u_entries(text: str, folder: str) -> Entries:
    """Yield the entries of an M3U, with the names that ``#EXTINF`` says; a radio station has none that is a track's."""
    begin: float | None = None
    info: re.Match[str] | None = None
    played: dict[str, str] = {}
    for match in re.finditer(r"[^\r\n]+", text):  # a list of all lines may take gigabytes
        line = match[0]
        if line.startswith(_OPTION):
            begin = start_of([line.removeprefix(_OPTION)]) if begin is None else begin
        elif line.startswith("#EXTINF:"):
            info = _INFO.match(line)
        elif line.startswith(_DJ_INFO):
            played = _names_of_dj(line)
        elif (place := line.strip(_BLANKS)) and not line.startswith("#"):
            if info and info["seconds"].startswith(("-", "0")) and not path_readings(place):
                info = None
            artist, title = (info["artist"], info["title"]) if info else (None, None)
            artist, title = played.get("artist", artist), played.get("title", title)
            yield entry_at(folder, place, begin=begin, artist=artist, title=title)
            begin = info = None
            played = {}


def _names_of_dj(line: str) -> dict[str, str]:
    """Artist and title of a line of VirtualDJ's history, which names a remix apart."""
    facts = {name: html.unescape(text).strip() for name, text in _DJ_FACT.findall(line)}
    remix = facts.pop("remix", "")
    return facts | ({"title": f"{facts.get('title', '')} ({remix})"} if remix else {})


def pls_entries(text: str, folder: str) -> Entries:
    """Yield the entries of a PLS in the order of their numbers."""
    files = [(int(file[1]), file[2].strip()) for file in islice(_FILE.finditer(text), MAX_ENTRIES + 1)]
    for _, place in sorted(files, key=itemgetter(0)):
        yield entry_at(folder, place)


def text_readings(data: bytes) -> list[str]:
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
    encodings = possible_encodings(lines[:_GUESSED_LINES])
    if len(data) > _READ_OFTEN_BYTES:
        return [data.decode(encodings[0], "replace")]
    as_file_names = data.decode("utf-8", "surrogateescape")  # an old disk may have them in the same encoding
    return [*(data.decode(encoding, "replace") for encoding in encodings), as_file_names]
