"""A track encoded anew, for players that ask for less than the file: a stream that is written once, in order."""

from fractions import Fraction
from typing import Any, NamedTuple

import av

from earshot.audio.playback.played_sound import PlayedSound
from earshot.audio.playback.sound_source import SoundSource

_BLOCK_SECONDS = 0.25
BIT_RATES = (32, 320)  # kbit/s, the least and the most


class StreamFormat(NamedTuple):
    """A way to encode a stream."""

    media_type: str
    codec: str
    container: str
    rates: tuple[int, ...]  # Hz, ascending
    options: dict[str, str]  # of the container, which must not seek back


FORMATS = {
    "mp3": StreamFormat("audio/mpeg", "libmp3lame", "mp3", (32_000, 44_100, 48_000), {"write_xing": "0"}),
    "opus": StreamFormat("audio/ogg", "libopus", "ogg", (48_000,), {"page_duration": "500000"}),  # microseconds
}


class EncodedStream:
    """One track as a stream of a format, from a moment on. Close it.

    Parameters
    ----------
    bit_rate : kbit/s, within `BIT_RATES`
    begin : seconds
    """

    def __init__(self, source: SoundSource, name: str, bit_rate: int, begin: float = 0.0) -> None:
        chosen = FORMATS[name]
        self._sound = PlayedSound(source)
        shape = self._sound.shape
        self._sample = round(begin * shape.rate)
        rate = next((rate for rate in chosen.rates if rate >= shape.rate), chosen.rates[-1])
        layout = "mono" if shape.n_channels == 1 else "stereo"
        self._written = _Written()
        self._container: Any = av.open(self._written, "w", chosen.container, container_options=chosen.options)
        self._stream: Any = self._container.add_stream(chosen.codec, rate=rate, layout=layout)
        context: Any = self._stream.codec_context
        context.bit_rate = 1_000 * min(max(bit_rate, BIT_RATES[0]), BIT_RATES[1])
        context.open()
        self._converter = av.AudioResampler(context.format, layout, rate, context.frame_size)
        self._layout, self._n_sent = layout, 0

    def read(self) -> bytes:
        """Encode about a quarter of a second more; no bytes at the end.

        Raises
        ------
        UndecodableError
            The file was changed, or cannot be read.
        """
        while not self._written.parts and self._container is not None:
            content = self._sound.read(self._sample, round(_BLOCK_SECONDS * self._sound.shape.rate))
            self._sample += len(content) // self._sound.shape.frame_bytes
            for frame in self._converter.resample(self._frame(content) if content else None):
                self._container.mux(self._stream.encode(frame))
            if not content:
                self._container.mux(self._stream.encode(None))
                self._container.close()
                self._container = None
        return self._written.taken()

    def close(self) -> None:
        """Close the file; what was not read is dropped."""
        self._sound.close()
        if self._container is not None:
            self._container.close()
            self._container = None

    def _frame(self, content: bytes) -> Any:
        shape = self._sound.shape
        frame = av.AudioFrame(format="s16", layout=self._layout, samples=len(content) // shape.frame_bytes)
        frame.planes[0].update(content.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = shape.rate, self._n_sent, Fraction(1, shape.rate)
        self._n_sent += frame.samples
        return frame


class _Written:
    """A file in memory that a container writes to; it cannot seek, so nothing is written twice."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, content: Any) -> int:
        self.parts.append(bytes(content))
        return len(self.parts[-1])

    def taken(self) -> bytes:
        content, self.parts = b"".join(self.parts), []
        return content
