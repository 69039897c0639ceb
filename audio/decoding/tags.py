"""Tags of a file: what FFmpeg has parsed of them, and what it passes over, as one set of names.

mutagen would be the obvious choice, but a hostile tag of 4 KB keeps it busy for minutes.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from earshot.data.encoding_guess import bytes_before, decode_field, guess_encoding
from earshot.data.placeholder_names import is_no_artist, is_unknown

VARIOUS_ARTISTS = "Various Artists"  # the album artist of a compilation that names none
_YEAR = re.compile(r"(?<!\d)\d{4}(?=(?:\d{4})?(?!\d))", re.ASCII)  # 1997 of 1997-05-21 and of 19970521
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)", re.ASCII)  # 3 of 03/12
_MBID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", re.ASCII)
_MAX_CHARACTERS = 500  # a longer title is a pasted lyric or an attack
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_UNDECODED = re.compile(r"[\udc80-\udcff]")  # bytes that are not UTF-8
_TEXTS = ("title", "artist", "author", "album", "album_artist", "genre")
_OTHER_NAMES = {  # of formats and programs, in lower case
    "albumartist": "album_artist", "album artist": "album_artist", "wm/albumartist": "album_artist",
    "tracknumber": "track", "musicbrainz track id": "musicbrainz_trackid",
    "musicbrainz/track id": "musicbrainz_trackid", "tsrc": "isrc", "wm/isrc": "isrc",
    "tcmp": "compilation", "cpil": "compilation",
    "itunescompilation": "compilation", "wm/iscompilation": "compilation",
}  # fmt: skip


@dataclass(frozen=True)
class Tags:
    """Tags of a file; None for a missing one."""

    title: str | None = None
    artist: str | None = None  # several as "One; Other"
    album: str | None = None
    genre: str | None = None
    year: int | None = None
    track_number: int | None = None
    mbid: str | None = None  # of the recording, in MusicBrainz
    isrc: str | None = None
    album_artist: str | None = None  # Various Artists for a compilation that names none


def clean_text(text: str) -> str:
    """Reduce a text to one composed line without control characters, bidirectional overrides or broken surrogates."""
    line = " ".join(_CONTROL.sub(" ", text).split())[:_MAX_CHARACTERS].rstrip()
    return line if line.isascii() else unicodedata.normalize("NFC", line)[:_MAX_CHARACTERS].rstrip()


def parse_tags(*metadata: Mapping[str, str | Sequence[str]], path: str = "") -> Tags:
    """Parse one or more dictionaries of metadata; the first with a value wins.

    Ogg keeps its tags on the stream and mp3 on the container; keys come in any case.

    Parameters
    ----------
    metadata : a text or several by name, in which bytes that are not UTF-8 are surrogates (PEP 383)
    path : of the file, whose letters may tell the encoding of such bytes
    """
    raw: dict[str, list[str]] = {}
    for mapping in metadata:
        for key, value in mapping.items():
            texts = [text for text in ([value] if isinstance(value, str) else value) if text.strip()]
            if texts:
                name = key.lower()
                raw.setdefault(_OTHER_NAMES.get(name, name), texts)
    values = {name: "; ".join(filter(None, map(clean_text, texts))) for name, texts in _decoded(raw, path).items()}
    artist, album_artist = _named(values.get("artist") or values.get("author")), values.get("album_artist")  # of AIFF
    if album_artist is None and values.get("compilation", "").casefold() in ("1", "true", "yes"):
        album_artist = VARIOUS_ARTISTS
    return Tags(
        title=values.get("title") or None,
        artist=artist or _named(album_artist),
        album=None if is_unknown(values.get("album", "unknown")) else values["album"] or None,
        genre=values.get("genre") or None,
        year=_first_number(_YEAR, values.get("date") or values.get("year") or values.get("originaldate")),
        track_number=_first_number(_NUMBER, values.get("track")),
        mbid=_full_match(_MBID, values.get("musicbrainz_trackid", "").lower().partition(";")[0]),
        isrc=_full_match(_ISRC, values.get("isrc", "").replace("-", "").upper().partition(";")[0]),
        album_artist=None if is_unknown(album_artist or "unknown") else album_artist,
    )


def tags_of_part(whole: Tags, fields: Mapping[str, str]) -> Tags:
    """Tags of a track by what a cue sheet says of it, and by those of the file that hold for all its album."""
    own = {name: value for name, value in asdict(parse_tags(fields)).items() if value is not None}
    return replace(whole, **({"title": None, "track_number": None, "mbid": None, "isrc": None} | own))


def _named(artist: str | None) -> str | None:
    return None if artist is None or is_no_artist(artist) else artist


def _decoded(raw: dict[str, list[str]], path: str) -> dict[str, list[str]]:
    """Decode bytes that are not UTF-8 or were misread, by one guess for all fields of the file."""
    undecoded = {text: code for texts in raw.values() for text in texts if (code := _bytes(text)) is not None}
    fields = [undecoded[text] for name in _TEXTS for text in raw.get(name, ()) if text in undecoded]
    if not fields:
        return raw
    encoding = guess_encoding(fields, " ".join(path.split("/")[-3:]))
    return {
        name: [decode_field(undecoded[text], encoding) if text in undecoded else text for text in texts]
        for name, texts in raw.items()
    }


def _bytes(text: str) -> bytes | None:
    """The bytes of a text in an encoding that is not known; None for a text that is read rightly."""
    if _UNDECODED.search(text):
        return text.encode("utf-8", "surrogateescape").strip(b" \0")
    return None if len(text) > _MAX_CHARACTERS else bytes_before(text)


def _full_match(code: re.Pattern[str], text: str | None) -> str | None:
    return text if text and code.fullmatch(text) else None


def _first_number(number: re.Pattern[str], text: str | None) -> int | None:
    match = number.search(text or "")
    return int(match.group()) if match else None
