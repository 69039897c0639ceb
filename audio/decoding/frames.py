"""Runs of decoded frames: seek, read mono samples, drop the rest."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

_PREROLL_SECONDS = 0.1  # decoded and dropped after a seek: mp3 and AAC need a frame or two to settle
_MAX_OVERSHOOT_SECONDS = 20.0  # a seek that lands further ahead of its target moves the target
_NUMPY_FORMATS = {"s64": "dbl", "s64p": "dblp"}  # PyAV cannot hand 64-bit integers to numpy


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
        for frame in self._frames:
            if self._format is None:
                self._begin_with(frame)
                if start - self.begin > _MAX_OVERSHOOT_SECONDS:
                    start = self.begin
            for converted in self._converted(frame):
                # We count samples; the buffer would refuse broken timestamps, and a clock that changes midway.
                converted.pts, converted.time_base = None, self._clock
                self._fifo.write(converted)
            end = self.end
            self.decoded_to = max(self.decoded_to, end)
            if end <= start:
                self._drop(self._fifo.samples)
            elif end >= start + seconds:
                break
        self._drop(round((start - self.begin) * self.rate))
        frame = self._fifo.read(round(seconds * self.rate), partial=True) if self._fifo.samples else None
        if frame is None:
            return None
        self.begin += frame.samples / self.rate
        return mono(frame)

    def _drop(self, n_samples: int) -> None:
        n_samples = min(n_samples, self._fifo.samples)
        if n_samples > 0:
            self._fifo.read(n_samples)
            self.begin += n_samples / self.rate

    def _decode(self) -> Iterator[Any]:
        """Yield frames, skipping packets that cannot be decoded, until no packet can be found."""
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except av.error.MemoryError:  # no damage
                    raise
                except av.FFmpegError:
                    continue
                yield from frames
        except av.error.MemoryError:
            raise
        except av.FFmpegError:
            return

    def _begin_with(self, frame: Any) -> None:
        name, layout, rate = _format(frame)
        self._format = (_NUMPY_FORMATS.get(name, name), layout, rate)
        self.rate = frame.sample_rate
        if frame.pts is not None and frame.time_base:
            self.begin = float(frame.pts * frame.time_base) - self._origin

    def _converted(self, frame: Any) -> list[Any]:
        """Convert a frame to the format of the first one; files may change theirs midway."""
        source = _format(frame)
        target = self._format or source
        if source == target:
            return [frame]
        if source not in self._converters:
            self._converters[source] = av.AudioResampler(*target)
        return self._converters[source].resample(frame)


def _format(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def mono(frame: Any) -> np.ndarray:
    """Average a frame's channels, shape ``(n_samples,)`` float32, full scale 1.

    FFmpeg's own downmix is louder by the square root of two than the mean that librosa and soundfile take,
    so a mono and a stereo file of one song would get different vectors.
    """
    samples = frame.to_ndarray()  # planar: (channels, n); packed: (1, n * channels)
    n_channels = frame.layout.nb_channels
    if samples.dtype.kind in "iu":
        bits = 8 * samples.dtype.itemsize
        offset = 128 if samples.dtype == np.uint8 else 0
        scale = 1.0 / 2 ** (bits - 1)
    else:
        offset, scale = 0, 1.0
    samples = samples.astype(np.float32, copy=False)
    if frame.format.is_planar:
        mean = samples[0]  # to_ndarray copies the planes, so it may be changed
        for channel in range(1, n_channels):
            mean += samples[channel]  # ten times faster than mean(axis=0) on two long rows
        mean *= np.float32(scale / n_channels)
    else:
        mean = samples.reshape(-1, n_channels) @ np.full(n_channels, scale / n_channels, dtype=np.float32)
    return mean - np.float32(offset * scale) if offset else mean
