"""Tags of a file, from the container that is already open for decoding.

mutagen would be the obvious choice, but a hostile tag of 4 KB keeps it busy for minutes, and FFmpeg has already
parsed the same bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_YEAR = re.compile(r"(?<!\d)\d{4}(?=(?:\d{4})?(?!\d))", re.ASCII)  # 1997 of 1997-05-21 and of 19970521
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)", re.ASCII)  # 3 of 03/12
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)
_MAX_CHARACTERS = 500  # a longer title is a pasted lyric or an attack
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True)
class Tags:
    """Tags of a file; None for a missing one."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    track_number: int | None = None
    mbid: str | None = None  # of the recording, in MusicBrainz; FFmpeg does not show where mp3 keeps it
    isrc: str | None = None


def clean_text(text: str) -> str:
    """Reduce a text to one line without control characters, bidirectional overrides or broken surrogates."""
    return " ".join(_CONTROL.sub(" ", text).split())[:_MAX_CHARACTERS].rstrip()


def parse_tags(*metadata: Mapping[str, str]) -> Tags:
    """Parse one or more FFmpeg metadata dictionaries; the first with a value wins.

    Ogg keeps its tags on the stream and mp3 on the container; keys come in any case.
    """
    values: dict[str, str] = {}
    for mapping in metadata:
        for key, value in mapping.items():
            text = clean_text(str(value))
            if text:
                values.setdefault(key.lower(), text)
    return Tags(
        title=values.get("title"),
        artist=values.get("artist") or values.get("album_artist"),
        album=values.get("album"),
        genre=values.get("genre"),
        year=_first_number(_YEAR, values.get("date") or values.get("year") or values.get("originaldate")),
        track_number=_first_number(_NUMBER, values.get("track") or values.get("tracknumber")),
        mbid=_full_match(_MBID, values.get("musicbrainz_trackid") or values.get("musicbrainz track id")),
        isrc=_full_match(_ISRC, (values.get("isrc") or values.get("tsrc") or "").replace("-", "").upper()),
    )


def _full_match(code: re.Pattern[str], text: str | None) -> str | None:
    return text if text and code.fullmatch(text) else None


def _first_number(number: re.Pattern[str], text: str | None) -> int | None:
    match = number.search(text or "")
    return int(match.group()) if match else None
