"""Tags, from the container that is already open for decoding.

mutagen would be the obvious choice, but a 4 KB hostile tag keeps it busy for minutes; FFmpeg has already
parsed the same bytes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_YEAR = re.compile(r"(?<!\d)\d{4}(?=(?:\d{4})?(?!\d))", re.ASCII)  # 1997 of 1997-05-21 and of 19970521
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)", re.ASCII)  # 3 of 03/12
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)
_LONGEST = 500  # characters; a title longer than this is a pasted lyric or an attack
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True)
class Tags:
    """What a file says about itself; None where it says nothing."""

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    track_number: int | None = None
    mbid: str | None = None  # of the recording, in MusicBrainz; FFmpeg does not show where mp3 keeps it
    isrc: str | None = None


def clean_text(text: str) -> str:
    """One line without control characters, bidirectional overrides or broken surrogates."""
    return " ".join(_CONTROL.sub(" ", text).split())[:_LONGEST].rstrip()


def parse_tags(*metadata: Mapping[str, str]) -> Tags:
    """Tags from one or more FFmpeg metadata dictionaries, the first that has a value winning.

    Ogg keeps its tags on the stream and mp3 on the container; keys come in any case.
    """
    found: dict[str, str] = {}
    for mapping in metadata:
        for key, value in mapping.items():
            text = clean_text(str(value))
            if text:
                found.setdefault(key.lower(), text)
    return Tags(
        title=found.get("title"),
        artist=found.get("artist") or found.get("album_artist"),
        album=found.get("album"),
        genre=found.get("genre"),
        year=_first(_YEAR, found.get("date") or found.get("year") or found.get("originaldate")),
        track_number=_first(_NUMBER, found.get("track") or found.get("tracknumber")),
        mbid=_whole(_MBID, found.get("musicbrainz_trackid") or found.get("musicbrainz track id")),
        isrc=_whole(_ISRC, (found.get("isrc") or found.get("tsrc") or "").replace("-", "").upper()),
    )


def _whole(code: re.Pattern[str], text: str | None) -> str | None:
    return text if text and code.fullmatch(text) else None


def _first(number: re.Pattern[str], text: str | None) -> int | None:
    match = number.search(text or "")
    return int(match.group()) if match else None
