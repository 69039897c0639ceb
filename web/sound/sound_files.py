"""Sources of the bytes of a track: its file as it is, or a wav file that is decoded wherever it is read."""

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from earshot.audio.decoding.music_file import Cause, UndecodableError
from earshot.audio.playback.open_sounds import sound_samples
from earshot.audio.playback.playback_pool import PlaybackPool
from earshot.audio.playback.played_sound import SAMPLE_BYTES, SoundShape
from earshot.audio.playback.sound_source import SoundSource

_HEADER_BYTES = 44


class FileBytes:
    """The bytes of a file that is open, and was checked to be that of a track."""

    def __init__(self, file: BinaryIO, source: SoundSource, media_type: str, threads: ThreadPoolExecutor) -> None:
        self._file, self._threads, self.media_type = file, threads, media_type
        self.size, mtime_ns = source.stamp
        self.etag = f'"{self.size:x}-{mtime_ns:x}"'

    async def read(self, start: int, n: int) -> bytes:
        """Read bytes in a thread; an OSError if the disk fails or does not answer."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, start, n)

    def close(self) -> None:
        """Close the file in a thread, after a read that may wait for its disk."""
        try:
            self._threads.submit(self._file.close)
        except RuntimeError:  # the server ends
            self._file.close()

    def _read(self, start: int, n: int) -> bytes:
        try:
            self._file.seek(start)
            return self._file.read(n)
        except ValueError:  # closed, since the player has left
            raise UndecodableError("the player has left", Cause.ENVIRONMENT) from None


class WavBytes:
    """The bytes of a wav file that nobody wrote: its length is known from the samples, and any part is decoded."""

    media_type = "audio/wav"

    def __init__(self, source: SoundSource, shape: SoundShape, pool: PlaybackPool, threads: ThreadPoolExecutor) -> None:
        self._source, self._shape, self._pool, self._threads = source, shape, pool, threads
        self._header = wav_header(shape)
        self.size = _HEADER_BYTES + shape.n_bytes
        size, mtime_ns = source.stamp
        self.etag = f'"{size:x}-{mtime_ns:x}-{int(1_000 * (source.begin or 0)):x}-wav"'

    async def read(self, start: int, n: int) -> bytes:
        """Decode bytes in the pool's process; raises as `PlaybackPool.result`."""
        head = self._header[start : start + n]
        begin, end = max(0, start - _HEADER_BYTES), max(0, start + n - _HEADER_BYTES)
        if end == begin:
            return head
        width = self._shape.frame_bytes
        first, last = begin // width, -(-end // width)
        content = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._pool.result, sound_samples, self._source, first, last - first
        )
        return head + content[begin - first * width : end - first * width]

    def close(self) -> None:
        """Nothing is open here: the pool's process closes what is not read for long."""


def wav_header(shape: SoundShape) -> bytes:
    """The first bytes of a wav file of 16-bit samples, before the samples."""
    rate, width = shape.rate, shape.frame_bytes
    form = struct.pack("<HHIIHH", 1, shape.n_channels, rate, rate * width, width, 8 * SAMPLE_BYTES)
    size = struct.pack("<I", _HEADER_BYTES - 8 + shape.n_bytes)
    return b"RIFF" + size + b"WAVEfmt \x10\0\0\0" + form + b"data" + struct.pack("<I", shape.n_bytes)
