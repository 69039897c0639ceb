"""Files that are several files one after another: chained Ogg, as radio recorders leave it, and joined FLAC.

    | link 0 .......... | link 1 ... | link 2 ............... |
    0 s                10 s         25 s                     70 s

FFmpeg hears the first link alone, gives up at another sample rate, and mixes up the positions of all. So each link is
opened as a file of its own, and `JoinedRun` lays them end to end.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import soxr

from earshot.audio.decoding.frames import FrameRun, damage_suppressed, declared_duration
from earshot.audio.decoding.music_file import MusicFile

_PAGE_BYTES = 65_307  # the largest page of Ogg
_BLOCK_BYTES = 2**20
_OGG = b"OggS\0"  # of every page; its kind follows, then 8 bytes of position and 4 of the stream's serial number
_BEGINNING = 2  # the kind of a link's first pages
_FLAC = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")  # and the header of STREAMINFO, whose length is always 34
_MAX_LINKS = 4_096  # what follows belongs to the last one


class FilePart:
    """A stretch of a music file that FFmpeg reads as if it were the whole."""

    def __init__(self, file: MusicFile, begin: int, end: int) -> None:
        self.name, self.begin, self.size = file.name, begin, end - begin
        self._file, self._position = file, 0

    def read(self, n_bytes: int) -> bytes:
        """Read at most so many bytes; none at the end of the part, and after an error."""
        self._file.seek(self.begin + self._position)
        content = self._file.read(max(0, min(n_bytes, self.size - self._position)))
        self._position += len(content)
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position in the part, and return it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        return self._position


def is_chained_ogg(file: MusicFile) -> bool:
    """Compare the streams of an Ogg file's first pages with that of its last one. Rewinds the file."""
    file.seek(0)
    head = file.read(4_096)
    if not head.startswith(_OGG):
        file.seek(0)
        return False
    last = -1
    for n_bytes in (_PAGE_BYTES // 8, _PAGE_BYTES):  # most pages are small
        file.seek(max(0, file.size - n_bytes))
        tail = file.read(n_bytes)
        last = tail.rfind(_OGG, 0, max(0, len(tail) - 13))
        if last >= 0:
            break
    file.seek(0)
    first_serials = {head[at + 14 : at + 18] for at in _find_all(head, (_OGG,))}
    return last >= 0 and tail[last + 14 : last + 18] not in first_serials


def find_links(file: MusicFile) -> list[FilePart]:
    """Find the files of which this one is made; a single one in the usual case. Reads all of an Ogg or FLAC file."""
    position = file.tell()
    file.seek(0)
    head = file.read(4)
    if head == _OGG[:4]:
        begins = _ogg_links(file)
    elif head == _FLAC[0][:4]:
        begins = _scan(file, _FLAC)
    else:
        begins = []
    file.seek(position)  # where FFmpeg believes it to be
    begins = [0, *(begin for begin in begins if begin > 0)][:_MAX_LINKS]
    return [FilePart(file, begin, end) for begin, end in zip(begins, [*begins[1:], file.size], strict=True)]


def _ogg_links(file: MusicFile) -> list[int]:
    """Positions of the first pages that do not follow another first page, as the streams of one link do."""
    links, expected = [], -1
    for begin in _scan(file, (_OGG + bytes([_BEGINNING]),)):
        file.seek(begin)
        header = file.read(27 + 255)
        if len(header) < 28:
            break
        if begin != expected:
            links.append(begin)
        n_segments = header[26]
        expected = begin + 27 + n_segments + sum(header[27 : 27 + n_segments])
    return links


def _scan(file: MusicFile, patterns: tuple[bytes, ...]) -> list[int]:
    overlap = max(map(len, patterns)) - 1
    positions: list[int] = []
    begin, rest = 0, b""
    file.seek(0)
    while len(positions) < 2 * _MAX_LINKS and (block := file.read(_BLOCK_BYTES)):
        content = rest + block
        positions += [begin - len(rest) + at for at in _find_all(content, patterns)]
        begin += len(block)
        rest = content[-overlap:]
    return sorted(positions)


def _find_all(content: bytes, patterns: tuple[bytes, ...]) -> list[int]:
    positions = []
    for pattern in patterns:
        at = content.find(pattern)
        while at >= 0:
            positions.append(at)
            at = content.find(pattern, at + 1)
    return positions


class JoinedRun:
    """Links laid end to end, read as a `FrameRun` is. Each has its own sample rate; one is open at a time."""

    def __init__(self, links: list[FilePart], open_container: Callable[[Any], Any]) -> None:
        self._open_container = open_container
        self._container: Any = None
        self._current = -1
        self._run: FrameRun | None = None
        self._links: list[FilePart] = []
        self._begins: list[float] = []  # of each link, in seconds
        self.duration = 0.0  # seconds, of all
        for link in links:
            if seconds := self._duration(link):
                self._links.append(link)
                self._begins.append(self.duration)
                self.duration += seconds
        self.rate = 0  # Hz, of the samples of the last read
        self.begin = self.end = self.decoded_to = self.read_from = 0.0

    @property
    def n_links(self) -> int:
        return len(self._links)

    @property
    def parts(self) -> list[tuple[FilePart, float]]:
        """The links that have sound, and where each begins, in seconds."""
        return list(zip(self._links, self._begins, strict=True))

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container, self._current, self._run = None, -1, None

    def seek(self, position: float) -> None:
        """Continue near `position`."""
        number = int(np.searchsorted(self._begins, position, side="right")) - 1
        run = self._open(max(0, number))
        if run is not None:
            run.seek(position - self._begins[max(0, number)])
        self.begin = self.end = position

    def read(self, start: float, seconds: float) -> np.ndarray | None:
        """Read mono samples from `start` on, at most `seconds` of them and over the ends of links; None at the end."""
        pieces: list[np.ndarray] = []
        number = max(0, int(np.searchsorted(self._begins, start, side="right")) - 1, self._current)
        while seconds > 0.001 and number < len(self._links):
            run, link_begin = self._open(number), self._begins[number]
            samples = run.read(max(0.0, start - link_begin), seconds) if run is not None else None
            if run is None or samples is None:
                number += 1
                continue
            if not pieces:
                self.rate, self.read_from = run.rate, link_begin + run.read_from
            pieces.append(samples if run.rate == self.rate else soxr.resample(samples, run.rate, self.rate, "HQ"))
            seconds -= len(samples) / run.rate
            start = self.begin = link_begin + run.begin
            self.end = link_begin + run.end
            self.decoded_to = max(self.decoded_to, self.end)
        return np.concatenate(pieces) if pieces else None

    def _open(self, number: int) -> FrameRun | None:
        """Open a link unless it is open; None for one that cannot be opened again."""
        if number != self._current:
            self.close()
            self._current = number
            self._links[number].seek(0)
            with damage_suppressed(ValueError, IndexError):
                self._container = self._open_container(self._links[number])
                stream = self._container.streams.audio[0]
                stream.codec_context.thread_count = 1
                self._run = FrameRun(self._container, stream)
        return self._run

    def _duration(self, link: FilePart) -> float:
        """Seconds of a link; 0 for one without sound."""
        link.seek(0)
        with damage_suppressed(ValueError, IndexError), self._open_container(link) as container:
            stream = container.streams.audio[0]
            if stream.codec_context is not None:
                seconds = declared_duration(container, stream)
                return FrameRun(container, stream).end_of_packets(0.0) if seconds is None else seconds
        return 0.0
