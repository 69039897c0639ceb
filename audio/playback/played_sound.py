"""A track as samples of 16 bits, whose number is known before any is decoded, from any moment on.

file                 |---- seek, decode ----|
part of a cue sheet        |==========|
joined files         |----------|-----------|--|    one decoder for each, one after another
samples              0 ..................... n      silence where a file ends too soon or has a hole
"""

import contextlib
from functools import lru_cache
from typing import Any, NamedTuple

import av
import numpy as np

from earshot.audio.decoding.channel_mix import mono
from earshot.audio.decoding.decode import open_container, why_undecodable
from earshot.audio.decoding.frames import damage_suppressed, declared_duration
from earshot.audio.decoding.joined_files import FilePart, JoinedRun, find_links, is_chained_ogg
from earshot.audio.decoding.music_file import MusicFile, Stamp, UndecodableError, open_music_file, reading
from earshot.audio.playback.sound_source import SoundSource

SAMPLE_BYTES = 2
_RATES = (8_000, 48_000)  # Hz, that every player knows; a higher one is of the family of 44,100 or 48,000
_LEADS = (0.2, 2.0, 10.0)  # seconds before its target to which a decoder seeks; the next if it overshoots
_MAX_GAP_SECONDS = 20.0  # a longer one is a broken timestamp, no hole
_MAX_SAMPLES = (2**32 - 2**10) // SAMPLE_BYTES  # of a wav file, over all channels
_JOINED_TOLERANCE = 1.0  # seconds by which a file that is several ones lasts longer than its first says


class SoundShape(NamedTuple):
    """The form of the samples of a track."""

    rate: int  # Hz
    n_channels: int  # 1 or 2
    n_samples: int  # of each channel

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return SAMPLE_BYTES * self.n_channels

    @property
    def n_bytes(self) -> int:
        return self.n_samples * self.frame_bytes


class _Piece(NamedTuple):
    """A file, or one of several that are joined in it, and the sample at which it begins."""

    file: MusicFile | FilePart
    begin: int


class PlayedSound:
    """The sound of one track, open for reading. Close it.

    Raises
    ------
    UndecodableError
        The file cannot be opened, was changed, or holds no sound.
    """

    def __init__(self, source: SoundSource) -> None:
        self.source = source
        self.position = 0  # the sample that is decoded next
        self._decoder: _Decoder | None = None
        self._number = -1  # of the piece that is open
        self._is_exact = source.begin is not None
        self._file = open_music_file(source.path)
        with contextlib.ExitStack() as opened:
            opened.callback(self.close)
            self._file.require_well_read(source.stamp)
            self._decoder, self._number = self._open_piece(self._file), 0
            self.shape = _shape(self._decoder, source.duration)
            self._pieces = self._find_pieces(declared_duration(self._decoder.container, self._decoder.stream))
            self._origin = round((source.begin or 0.0) * self.shape.rate)
            opened.pop_all()

    def close(self) -> None:
        self._close_decoder()
        self._file.close()

    def read(self, start: int, n: int) -> bytes:
        """Read `n` samples of all channels from `start` on, interleaved, little-endian; fewer only at the end.

        Raises
        ------
        UndecodableError
            The file was changed, or cannot be read.
        """
        start, end = max(0, start), min(start + n, self.shape.n_samples)
        parts = []
        position = start
        while position < end:
            number = max(i for i, piece in enumerate(self._pieces) if i == 0 or piece.begin <= position + self._origin)
            following = self._pieces[number + 1].begin if number + 1 < len(self._pieces) else self._origin + end
            n_here = min(end - position, following - position - self._origin)
            parts.append(self._read_piece(number, position + self._origin - self._pieces[number].begin, n_here))
            position += n_here
        self._file.require_well_read(self.source.stamp)
        self.position = max(start, end)
        return b"".join(parts)

    def _find_pieces(self, declared: float | None) -> list[_Piece]:
        whole = [_Piece(self._file, 0)]
        if self.source.begin is not None:
            return whole
        begins = _joined_files(self.source.path, self.source.stamp, self.source.duration, declared)
        if len(begins) < 2:
            return whole
        self._close_decoder()
        return [
            _Piece(FilePart(self._file, first_byte, end_byte), round(begin * self.shape.rate))
            for first_byte, end_byte, begin in begins
        ]

    def _read_piece(self, number: int, start: int, n: int) -> bytes:
        if number != self._number or self._decoder is None:
            self._close_decoder()
            file = self._pieces[number].file
            file.seek(0)
            with contextlib.suppress(UndecodableError):  # silence in its place
                self._decoder = self._open_piece(file)
            self._number = number
        if self._decoder is None:
            return bytes(n * self.shape.frame_bytes)
        self._decoder.take_shape(self.shape)
        return self._decoder.read(start, n)

    def _open_piece(self, file: MusicFile | FilePart) -> "_Decoder":
        try:
            return _Decoder(file, self._is_exact)
        except (av.FFmpegError, ValueError, IndexError) as error:
            self._file.require_well_read(self.source.stamp)
            raise UndecodableError(f"no sound can be decoded from it: {why_undecodable(error)}") from None

    def _close_decoder(self) -> None:
        if self._decoder is not None:
            self._decoder.container.close()
        self._decoder, self._number = None, -1


class _Decoder:
    """The frames of one container as samples of one shape."""

    def __init__(self, file: MusicFile | FilePart, is_exact: bool) -> None:
        self._file, self._is_exact = file, is_exact
        self._open()
        self.shape = SoundShape(0, 0, 0)

    def take_shape(self, shape: SoundShape) -> None:
        """Deliver samples of this rate and these channels from now on."""
        if shape != self.shape:
            self.shape = shape
            self._layout = "mono" if shape.n_channels == 1 else "stereo"
            self._start_over(0)

    def read(self, start: int, n: int) -> bytes:
        """Read as `PlayedSound.read` does, `n` samples in any case: silence follows the end."""
        if start != self._next:
            self._seek(start)
        wanted = n * self.shape.frame_bytes
        while len(self._buffer) < wanted and (content := next(self._contents, b"")):
            self._buffer += content
        taken = bytes(self._buffer[:wanted])
        del self._buffer[:wanted]
        self._next += n
        return taken.ljust(wanted, b"\0")

    def _open(self) -> None:
        self.container = open_container(self._file, is_exact=self._is_exact)
        streams = self.container.streams.audio
        if not streams or streams[0].codec_context is None:
            raise ValueError("it holds no sound, or by a codec that is not known")
        self.stream = streams[0]
        self.stream.codec_context.thread_count = 1
        origin = self.stream.start_time if self.stream.start_time is not None else 0
        self._begin = float(origin * self.stream.time_base) if self.stream.time_base else 0.0
        # Rarely the first frame alone says the rate, and is lost here; what has none either is no sound.
        if not self.stream.codec_context.sample_rate and next(self._frames(), None) is None:
            raise ValueError("none of its frames can be decoded")

    def _start_over(self, position: int) -> None:
        self._next = position  # the sample at the beginning of the buffer
        self._buffer = bytearray()
        self._converters: dict[tuple[str, str, int], Any] = {}
        self._contents = self._from(position)

    def _seek(self, target: int) -> None:
        """Go to a sample: seek to a moment before it, decode, and drop what lies between."""
        seconds = target / self.shape.rate
        for lead in _LEADS:
            moment = max(0.0, seconds - lead)
            try:
                self.container.seek(int((moment + self._begin) * av.time_base))
            except av.FFmpegError:  # it cannot: decode from the beginning
                self.container.close()
                self._file.seek(0)
                self._open()
                moment = 0.0
            self._start_over(target)
            first = next(self._contents, b"")
            if moment == 0.0 or not self._overshot:
                break
        self._buffer += first

    def _from(self, target: int):  # type: ignore[no-untyped-def]  # a generator of bytes
        """Yield the samples from `target` on, of which the first frame says how far away it is."""
        self._overshot, n_dropped = False, None
        for frame in self._frames():
            lead = b""
            if n_dropped is None:
                n_dropped = self._distance(frame, target) * self.shape.frame_bytes
                if n_dropped < 0:
                    self._overshot = True
                    lead, n_dropped = bytes(-n_dropped), 0
            content = lead + b"".join(map(_interleaved, self._converted(frame)))
            skipped = min(n_dropped, len(content))
            n_dropped -= skipped
            if content := content[skipped:]:
                yield content
        for frame in self._flushed():
            yield _interleaved(frame)

    def _distance(self, frame: Any, target: int) -> int:
        """Samples from the beginning of a frame to the target; 0 if the frame does not say where it is."""
        if frame.pts is None or not frame.time_base:
            return 0
        distance = target - round((float(frame.pts * frame.time_base) - self._begin) * self.shape.rate)
        return distance if distance > -_MAX_GAP_SECONDS * self.shape.rate else 0

    def _frames(self):  # type: ignore[no-untyped-def]  # a generator of frames
        with damage_suppressed():
            for packet in self.container.demux(self.stream):
                try:
                    frames = packet.decode()
                except av.error.MemoryError:
                    raise
                except av.FFmpegError:
                    continue
                yield from frames

    def _converted(self, frame: Any) -> list[Any]:
        key = (frame.format.name, frame.layout.name, frame.sample_rate)
        frame.pts = None  # the order of frames counts, not what they say
        if key not in self._converters:
            self._converters[key] = av.AudioResampler("s16", self._layout, self.shape.rate)
        with damage_suppressed(ValueError):
            return list(self._converters[key].resample(frame))
        # A layout that FFmpeg has no name for, or cannot mix.
        if key[1] == "mono":
            return []
        samples = np.clip(np.nan_to_num(mono(frame)) * 32_768, -32_768, 32_767).astype(np.int16)
        single = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        single.sample_rate = frame.sample_rate
        return self._converted(single)

    def _flushed(self) -> list[Any]:
        with contextlib.suppress(av.FFmpegError, ValueError):
            if self._converters:
                return list(list(self._converters.values())[-1].resample(None))
        return []


def _shape(decoder: _Decoder, duration: float) -> SoundShape:
    """The shape of a track: its own rate and channels as far as players know them, and a wav file has room."""
    context = decoder.stream.codec_context
    rate, n_channels = context.sample_rate or 44_100, min(2, context.channels or 2)
    if rate > _RATES[1]:
        rate = 44_100 if rate % 44_100 == 0 else 48_000
    rate = max(rate, _RATES[0])
    if duration * rate * n_channels > _MAX_SAMPLES:
        n_channels = 1
    while duration * rate > _MAX_SAMPLES and rate > _RATES[0]:
        rate = max(rate // 2, _RATES[0])
    return SoundShape(rate, n_channels, min(round(duration * rate), _MAX_SAMPLES // n_channels))


@lru_cache(maxsize=64)
def _joined_files(
    path: str, stamp: Stamp, duration: float, declared: float | None
) -> tuple[tuple[int, int, float], ...]:
    """The first byte, the end and the beginning in seconds of each file that is joined in one; mostly of none."""
    with reading(path, stamp) as file:
        is_longer = declared is not None and duration > declared + _JOINED_TOLERANCE
        if not (is_longer or is_chained_ogg(file)):
            return ()
        run = JoinedRun(find_links(file), open_container)
        with contextlib.closing(run):
            return tuple((part.begin, part.begin + part.size, begin) for part, begin in run.parts)


def _interleaved(frame: Any) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * frame.layout.nb_channels * SAMPLE_BYTES]
