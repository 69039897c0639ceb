"""Other encodings of a file, as other stores, rippers and players have them: to ask what an ear hears of a codec.

This module runs in worker processes, as `audio.decoding.decode` does. It writes to a folder that is given; files of a
user are only ever read.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
import soundfile

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.decode import DecodedTrack, decode_track, open_container, why_undecodable
from earshot.audio.decoding.music_file import UndecodableError, check_is_audio, reading, source_of

_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # Hz; the others have them, too
_USUAL_RATE = 44_100


@dataclass(frozen=True)
class Way:
    """A way to encode sound."""

    suffix: str
    codec: str  # FFmpeg's name; Vorbis is libsndfile's, as FFmpeg's wheels lack it
    bit_rate: int | None = None  # bits per second, None for lossless ones
    quality: float | None = None  # of Vorbis, from 0 to 1
    rate: int | None = None  # Hz; that of the file if not given
    layout: str | None = None  # of channels; that of the file, at most stereo, if not given
    options: dict[str, str] = field(default_factory=dict)  # FFmpeg's


_QUICK_LAME = {"compression_level": "7"}  # half the time of its default


WAYS = {
    "MP3 320": Way("mp3", "libmp3lame", 320_000, options=_QUICK_LAME),
    "MP3 112": Way("mp3", "libmp3lame", 112_000, options=_QUICK_LAME),
    "MP3 64": Way("mp3", "libmp3lame", 64_000, options=_QUICK_LAME),
    "AAC 96": Way("m4a", "aac", 96_000, options={"aac_coder": "fast"}),
    "Opus 96": Way("opus", "libopus", 96_000, rate=48_000),
    "Opus 48": Way("opus", "libopus", 48_000, rate=48_000),
    "Vorbis 112": Way("ogg", "vorbis", quality=0.3),  # kbit/s of stereo at 44.1 kHz, about
    "Vorbis 64": Way("ogg", "vorbis", quality=0.0),
    "FLAC": Way("flac", "flac"),
    "mono 22 kHz": Way("flac", "flac", rate=22_050, layout="mono"),
}


def transcode(path: str, folder: str, config: ExcerptConfig) -> dict[str, DecodedTrack]:
    """Encode a file in each of `WAYS`, and decode the excerpts of each encoding; the encodings are removed again.

    Memory does not grow with the length of the file.

    Parameters
    ----------
    folder : where the encodings lie meanwhile

    Raises
    ------
    UndecodableError
        The file is no file of its own, or it or one of its encodings cannot be decoded or encoded.
    """
    source, track = source_of(os.path.abspath(path))
    if track is not None:
        raise UndecodableError("it is a part of a file, by its cue sheet")
    paths = {name: Path(folder, f"{number}.{way.suffix}") for number, (name, way) in enumerate(WAYS.items())}
    try:
        with reading(source, None) as file:
            check_is_audio(file)
            with open_container(file) as container:
                _encode(container, paths)
        return {name: decode_track(str(encoded), config) for name, encoded in paths.items()}
    except (av.FFmpegError, soundfile.LibsndfileError, ValueError) as error:
        raise UndecodableError(why_undecodable(error)) from error
    finally:
        for encoded in paths.values():
            encoded.unlink(missing_ok=True)


def _encode(container: Any, paths: dict[str, Path]) -> None:
    if not container.streams.audio:
        raise UndecodableError("holds no audio stream")
    stream = container.streams.audio[0]
    rate = stream.codec_context.sample_rate
    rate = rate if rate in _MP3_RATES else _USUAL_RATE
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    to_floats = av.AudioResampler("fltp", layout, rate, rate)  # one source for all, a second at a time
    with ExitStack() as stack:
        sinks = [stack.enter_context(_sink(WAYS[name], path, rate, layout)) for name, path in paths.items()]
        for samples in _blocks(container.decode(stream), to_floats):
            for sink in sinks:
                sink.write(samples)


def _blocks(frames: Iterator[Any], to_floats: Any) -> Iterator[np.ndarray]:
    """Yield the sound of frames, (n_channels, n_samples) float32."""
    for frame in frames:
        frame.pts = None  # one after the other, whatever the file says of their times
        yield from (part.to_ndarray() for part in to_floats.resample(frame))
    yield from (part.to_ndarray() for part in to_floats.resample(None))


class _Sink(Protocol):
    def write(self, samples: np.ndarray) -> None: ...


@contextmanager
def _sink(way: Way, path: Path, rate: int, layout: str) -> Iterator[_Sink]:
    """Open an encoder; it is finished when the block ends."""
    if way.codec == "vorbis":
        n_channels = 1 if layout == "mono" else 2
        compression = 1 - (way.quality or 0.0)
        with soundfile.SoundFile(
            str(path), "w", rate, n_channels, format="OGG", subtype="VORBIS", compression_level=compression
        ) as file:
            yield _VorbisSink(file)
        return
    with av.open(str(path), "w") as container:
        to_rate, to_layout = way.rate or rate, way.layout or layout
        stream: Any = container.add_stream(way.codec, rate=to_rate, layout=to_layout, options=way.options)
        if way.bit_rate:
            stream.codec_context.bit_rate = way.bit_rate
        context = stream.codec_context
        context.thread_count = 1  # the workers are the parallelism
        converter = av.AudioResampler(context.format, to_layout, to_rate, context.frame_size or None)
        sink = _FFmpegSink(container, stream, converter, rate, layout)
        yield sink
        sink.mux(converter.resample(None))
        container.mux(stream.encode(None))


@dataclass
class _VorbisSink:
    file: soundfile.SoundFile

    def write(self, samples: np.ndarray) -> None:
        self.file.write(samples.T)


@dataclass
class _FFmpegSink:
    container: Any
    stream: Any
    converter: Any
    rate: int
    layout: str
    n_written: int = 0

    def write(self, samples: np.ndarray) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self.layout)
        frame.sample_rate, frame.pts = self.rate, self.n_written
        self.n_written += samples.shape[1]
        self.mux(self.converter.resample(frame))

    def mux(self, frames: Sequence[Any]) -> None:
        for frame in frames:
            self.container.mux(self.stream.encode(frame))
