"""Tags that FFmpeg does not show: ID3v2 frames as they are written, APEv2 at the end of an mp3, several artists of MP4.

FFmpeg passes over UFID, all values of a frame but the first, and ID3v1 beside any ID3v2; what calls itself
Latin-1 it reads as such. The readers here take a few kilobytes of the file, follow no length beyond it, and stop after
a bounded number of items.
"""

import struct
from collections.abc import Iterator

from earshot.audio.decoding.music_file import MusicFile

Fields = dict[str, list[str]]  # values by lower-case name; bytes of no known encoding are surrogates, as PyAV has them

_WINDOW_BYTES = 4_096  # read at a time
_MAX_VALUE_BYTES = 16_384  # a longer one is a picture or a lyric
_MAX_ITEMS = 500
_FRAMES = {
    b"TIT2": "title", b"TPE1": "artist", b"TPE2": "album_artist", b"TALB": "album", b"TCON": "genre",
    b"TT2": "title", b"TP1": "artist", b"TP2": "album_artist", b"TAL": "album",
}  # fmt: skip
_IDENTIFIERS = (b"UFID", b"UFI")
_RECORDING_OWNER = b"http://musicbrainz.org"
_ENCODINGS = ("ascii", "utf-16", "utf-16-be", "utf-8")  # by the first byte of a frame; Latin-1 is left as bytes
_ATOMS = {b"\xa9ART": "artist", b"aART": "album_artist"}
_ID3V1_BYTES, _APE_FOOTER_BYTES, _LYRICS_END_BYTES = 128, 32, 15
_ID3V1_PLACES = {"title": 3, "artist": 33, "album": 63}
_NO_APE = (b"OggS", b"fLaC", b"RIFF", b"RF64", b"FORM")


class _Window:
    """Bytes of a file at any place, read in pieces."""

    def __init__(self, file: MusicFile) -> None:
        self._file, self._start, self._bytes = file, 0, b""
        self.size = file.size

    def at(self, place: int, n_bytes: int) -> bytes:
        """Return at most so many bytes from a place on, fewer at the end of the file."""
        first = place - self._start
        if first < 0 or first + n_bytes > len(self._bytes):
            self._file.seek(place)
            self._start, first = place, 0
            self._bytes = self._file.read(max(n_bytes, _WINDOW_BYTES))
        return self._bytes[first : first + n_bytes]


def read_blocks(file: MusicFile) -> list[Fields]:
    """Read the ID3v2, APEv2 and ID3v1 tags of a file, the ones that count more first. Rewinds the file."""
    window = _Window(file)
    place = _id3v2_place(window)
    blocks = [_read_id3v2(window, place)] if place is not None else []
    if window.at(4, 4) == b"ftyp":
        blocks.append(_read_mp4(window))
    elif window.at(0, 4) not in _NO_APE:
        blocks += [_read_ape(window), _read_id3v1(window)]
    file.seek(0)
    return [block for block in blocks if block]


def _id3v2_place(window: _Window) -> int | None:
    """Find where an ID3v2 tag begins: at the beginning, or in a chunk of WAV, AIFF or DSF."""
    head = window.at(0, 28)
    if head.startswith(b"ID3"):
        return 0
    if head.startswith(b"DSD ") and len(head) == 28:
        return int.from_bytes(head[20:28], "little")
    order = {b"RIFF": "<I", b"FORM": ">I"}.get(head[:4])
    place = 12
    for _ in range(_MAX_ITEMS if order else 0):
        header = window.at(place, 8)
        if len(header) < 8:
            break
        if header[:4].upper() == b"ID3 ":
            return place + 8
        (size,) = struct.unpack(order or "", header[4:])
        place += 8 + size + size % 2
    return None


def _read_id3v2(window: _Window, place: int) -> Fields:
    header = window.at(place, 10)
    if len(header) < 10 or header[:3] != b"ID3" or header[3] not in (2, 3, 4):
        return {}
    fields: Fields = {}
    for name, content in _frames(window, place + 10, place + 10 + _synchsafe(header[6:10]), header[3], header[5]):
        owner, _, code = content.partition(b"\0")
        if name in _IDENTIFIERS:
            if owner == _RECORDING_OWNER:
                fields["musicbrainz_trackid"] = [code.decode("ascii", "replace")]
        elif name in _FRAMES and content:
            fields.setdefault(_FRAMES[name], []).extend(_texts(content))
    if any(not genre.isprintable() or genre[:1].isdigit() or genre[:1] == "(" for genre in fields.get("genre", ())):
        del fields["genre"]  # a number of the list of ID3v1, which FFmpeg knows
    return fields


def _frames(window: _Window, place: int, stop: int, version: int, flags: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names and contents of frames that are neither long, compressed nor encrypted."""
    stop = min(stop, window.size)
    if version > 2 and flags & 0x40:  # an extended header, whose size counts itself since 2.4
        digits = window.at(place, 4)
        place += _synchsafe(digits) if version == 4 else 4 + int.from_bytes(digits, "big")
    n_name, n_header = (3, 6) if version == 2 else (4, 10)
    for _ in range(_MAX_ITEMS):
        header = window.at(place, n_header)
        name = header[:n_name]
        if place + n_header > stop or len(header) < n_header or not name.strip(b"\0"):
            return
        size = _synchsafe(header[4:8]) if version == 4 else int.from_bytes(header[n_name : 2 * n_name], "big")
        place += n_header
        is_plain = version == 2 or not header[9] & (0x0C if version == 4 else 0xC0)
        is_read = is_plain and (name in _FRAMES or name in _IDENTIFIERS)
        if is_read and 0 < size <= min(_MAX_VALUE_BYTES, stop - place):
            content = window.at(place, size)
            if version == 4 and header[9] & 0x01:  # the length before compression
                content = content[4:]
            if flags & 0x80 or (version == 4 and header[9] & 0x02):
                content = content.replace(b"\xff\0", b"\xff")
            yield name, content
        place += size


def _texts(content: bytes) -> list[str]:
    """The values of a text frame: one, or several between zeros."""
    if content[0] >= len(_ENCODINGS):
        return []
    encoding = _ENCODINGS[content[0]]
    errors = "surrogateescape" if encoding in ("ascii", "utf-8") else "ignore"
    texts = content[1:].decode(encoding, errors).split("\0")
    return [text.lstrip("\ufeff") for text in texts if text.strip("\ufeff")]


def _read_ape(window: _Window) -> Fields:
    """Read an APEv1 or APEv2 tag at the end of a file, or before ID3v1 and Lyrics3 there."""
    end = window.size
    tail_bytes = _ID3V1_BYTES + _APE_FOOTER_BYTES
    window.at(max(0, end - tail_bytes), tail_bytes)  # one read for what follows
    if window.at(max(0, end - _ID3V1_BYTES), 3) == b"TAG":
        end -= _ID3V1_BYTES
    lyrics = window.at(max(0, end - _LYRICS_END_BYTES), _LYRICS_END_BYTES)
    if lyrics[6:] == b"LYRICS200" and lyrics[:6].isdigit():
        end -= _LYRICS_END_BYTES + int(lyrics[:6])
    footer = window.at(end - _APE_FOOTER_BYTES, _APE_FOOTER_BYTES) if end >= _APE_FOOTER_BYTES else b""
    if len(footer) < _APE_FOOTER_BYTES or not footer.startswith(b"APETAGEX"):
        return {}
    size, n_items = struct.unpack("<II", footer[12:20])  # of items and footer
    place, stop = end - size, end - _APE_FOOTER_BYTES
    fields: Fields = {}
    for _ in range(min(n_items, _MAX_ITEMS)):
        head = window.at(place, 8 + 256) if 0 <= place < stop else b""
        key, zero, _rest = head[8:].partition(b"\0")
        if not zero:
            break
        length, flags = struct.unpack("<II", head[:8])
        place += 8 + len(key) + 1
        if flags & 0x06 == 0 and 0 < length <= min(_MAX_VALUE_BYTES, stop - place):
            value = window.at(place, length).decode("utf-8", "surrogateescape")
            fields.setdefault(key.decode("ascii", "replace").lower(), [text for text in value.split("\0") if text])
        place += length
    return fields


def _read_id3v1(window: _Window) -> Fields:
    tag = window.at(max(0, window.size - _ID3V1_BYTES), _ID3V1_BYTES)
    if len(tag) < _ID3V1_BYTES or not tag.startswith(b"TAG"):
        return {}
    texts = {name: tag[place : place + 30].partition(b"\0")[0].strip() for name, place in _ID3V1_PLACES.items()}
    return {name: [text.decode("ascii", "surrogateescape")] for name, text in texts.items() if text}


def _read_mp4(window: _Window) -> Fields:
    """Read the artists of an MP4 file, each in a data atom of its own."""
    place, stop = 0, window.size
    for name in (b"moov", b"udta", b"meta", b"ilst"):
        found = next(((first, last) for atom, first, last in _atoms(window, place, stop) if atom == name), None)
        if found is None:
            return {}
        place, stop = found
        if name == b"meta":
            place += 4  # version and flags
    fields: Fields = {}
    for name, first, last in _atoms(window, place, stop):
        if name in _ATOMS and last - first <= _MAX_VALUE_BYTES:
            values = [
                window.at(start, end - start)[8:] for atom, start, end in _atoms(window, first, last) if atom == b"data"
            ]
            fields[_ATOMS[name]] = [value.decode("utf-8", "surrogateescape") for value in values if value]
    return {name: texts for name, texts in fields.items() if texts}


def _atoms(window: _Window, place: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the names, beginnings and ends of the atoms between two places."""
    for _ in range(_MAX_ITEMS):
        header = window.at(place, 16)
        if place + 8 > stop or len(header) < 8:
            return
        size, n_header = int.from_bytes(header[:4], "big"), 8
        if size == 1:
            size, n_header = int.from_bytes(header[8:16], "big"), 16
        end = stop if size == 0 else place + size
        if end < place + n_header or end > stop:
            return
        yield header[4:8], place + n_header, end
        place = end


def _synchsafe(digits: bytes) -> int:
    """A number of seven bits a byte."""
    return sum((digit & 0x7F) << 7 * place for place, digit in enumerate(reversed(digits)))
