"""Runs of decoded frames: seek, read mono samples, drop the rest."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np

from earshot.audio.decoding.channel_mix import mono

_PREROLL_SECONDS = 0.1  # decoded and dropped after a seek: mp3 and AAC need a frame or two to settle
_MAX_OVERSHOOT_SECONDS = 20.0  # a seek that lands further ahead of its target moves the target
_NUMPY_FORMATS = {"s64": "dbl", "s64p": "dblp"}  # PyAV cannot hand 64-bit integers to numpy


@contextmanager
def damage_suppressed(*others: type[Exception]) -> Iterator[None]:
    """End the block at an error of FFmpeg, or one of `others`: the file is damaged there. A lack of memory is none."""
    try:
        yield
    except Exception as error:
        if isinstance(error, av.error.MemoryError) or not isinstance(error, (av.FFmpegError, *others)):
            raise


def declared_duration(container: Any, stream: Any) -> float | None:
    """Return the duration that a file declares or FFmpeg estimates, in seconds."""
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / av.time_base
    else:
        return None
    return seconds if 0 < seconds < 1e7 else None  # 2^63 samples is a missing length, not four months of music


class FrameRun:
    """Decoded frames in a row, kept in FFmpeg's buffer until an excerpt is read from it.

    Positions are seconds from the beginning of the track.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._container, self._stream = container, stream
        self.rate = stream.codec_context.sample_rate
        origin = stream.start_time if stream.start_time is not None else 0
        self._origin = float(origin * stream.time_base) if stream.time_base else 0.0
        self.decoded_to = 0.0  # the furthest decoded moment of the track
        self.read_from = 0.0  # where the samples of the last read begin
        self._first_mark: tuple[float, int] | None = None  # a moment of the track, and its byte in the file
        self._packet: Any = None  # the last one
        self._start_over(0.0)

    def _start_over(self, position: float) -> None:
        self._frames = self._decode()
        self._fifo = av.AudioFifo()
        self._format: tuple[str, str, int] | None = None  # of the first frame; later ones are converted to it
        self._converters: dict[tuple[str, str, int], Any] = {}
        self._clock = Fraction(1, self.rate or 1)
        self.begin = position  # of the buffer

    @property
    def end(self) -> float:
        return self.begin + (self._fifo.samples / self.rate if self.rate else 0.0)

    def seek(self, position: float) -> None:
        """Continue near `position`, or in a file that cannot seek, at the present one."""
        target = max(0.0, position - _PREROLL_SECONDS) + self._origin
        try:
            self._container.seek(int(target * av.time_base))
        except av.FFmpegError:
            return  # decode on and drop what lies between
        self._start_over(position)

    def read(self, start: float, seconds: float) -> np.ndarray | None:
        """Read mono samples from `start` on, at most `seconds` of them; None at the end."""
        fifo = self._fifo  # this loop runs 40 times for each second of sound
        for frame in self._frames:
            if self._format is None:
                self._begin_with(frame)
                if start - self.begin > _MAX_OVERSHOOT_SECONDS:
                    start = self.begin
            for converted in self._converted(frame):
                converted.pts = None  # we count samples; the buffer would refuse broken timestamps
                try:
                    fifo.write(converted)
                except ValueError:  # a clock that changes midway
                    converted.time_base = self._clock
                    fifo.write(converted)
            end = self.begin + (fifo.samples / self.rate if self.rate else 0.0)
            if end > self.decoded_to:
                self.decoded_to = end
            if end <= start:
                self._drop(self._fifo.samples)
            elif end >= start + seconds:
                break
        self._drop(round((start - self.begin) * self.rate))
        self.read_from = self.begin
        frame = self._fifo.read(round(seconds * self.rate), partial=True) if self._fifo.samples else None
        if frame is None:
            return None
        self.begin += frame.samples / self.rate
        return mono(frame)

    def likely_end(self, n_bytes: int) -> float:
        """Extrapolate the end of the track, in seconds, from the bytes of a file of `n_bytes` that are decoded."""
        begin, first_byte = self._first_mark or (0.0, 0)
        last_byte = self._position() or n_bytes  # what stands after the last packet has no position
        seconds, decoded_bytes = self.decoded_to - begin, last_byte - first_byte
        if seconds <= 0 or decoded_bytes <= 0:
            return self.decoded_to
        return self.decoded_to + (n_bytes - last_byte) * seconds / decoded_bytes

    def end_of_packets(self, position: float) -> float:
        """Read on from `position` to the last packet without decoding any, and return where it ends, in seconds."""
        self.seek(position)
        end = 0.0
        with damage_suppressed():
            for packet in self._container.demux(self._stream):
                if packet.pts is not None and packet.time_base:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base) - self._origin)
        return end

    def _drop(self, n_samples: int) -> None:
        n_samples = min(n_samples, self._fifo.samples)
        if n_samples > 0:
            self._fifo.read(n_samples)
            self.begin += n_samples / self.rate

    def _decode(self) -> Iterator[Any]:
        """Yield frames, skipping packets that cannot be decoded, until no packet can be found."""
        with damage_suppressed():
            for packet in self._container.demux(self._stream):
                self._packet = packet
                try:  # 30 times a second: `damage_suppressed` would cost a twentieth of the whole
                    frames = packet.decode()
                except av.FFmpegError as error:
                    if isinstance(error, av.error.MemoryError):
                        raise
                    continue
                yield from frames

    def _begin_with(self, frame: Any) -> None:
        name, layout, rate = _format(frame)
        self._format = (_NUMPY_FORMATS.get(name, name), layout, rate)
        self.rate = frame.sample_rate
        if frame.time_base:
            self._clock = frame.time_base
            if frame.pts is not None:
                self.begin = float(frame.pts * frame.time_base) - self._origin
        else:
            frame.time_base = self._clock
        self._first_mark = self._first_mark or (self.begin, self._position() or 0)

    def _position(self) -> int | None:
        """Return the byte at which the last packet begins."""
        return self._packet.pos if self._packet is not None else None

    def _converted(self, frame: Any) -> list[Any] | tuple[Any]:
        """Convert a frame to the format of the first one; files may change theirs midway."""
        source, target = _format(frame), self._format
        if source == target or target is None:
            return (frame,)
        if source not in self._converters:
            self._converters[source] = av.AudioResampler(*target)
        return self._converters[source].resample(frame)


class PartRun:
    """A part of a file as a run of its own: from `begin`, for so many seconds, or to the end if that is None."""

    def __init__(self, whole: FrameRun, begin: float, seconds: float | None) -> None:
        self._whole, self._begin, self._seconds = whole, begin, seconds

    @property
    def rate(self) -> int:
        return self._whole.rate

    @property
    def end(self) -> float:
        return self._whole.end - self._begin

    @property
    def read_from(self) -> float:
        return self._whole.read_from - self._begin

    @property
    def decoded_to(self) -> float:
        decoded = max(0.0, self._whole.decoded_to - self._begin)
        return decoded if self._seconds is None else min(decoded, self._seconds)

    def seek(self, position: float) -> None:
        self._whole.seek(position + self._begin)

    def read(self, start: float, seconds: float) -> np.ndarray | None:
        """Read as `FrameRun.read` does, up to the end of the part."""
        left = seconds if self._seconds is None else min(seconds, self._seconds - start)
        return self._whole.read(start + self._begin, left) if left > 0 else None


def _format(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
