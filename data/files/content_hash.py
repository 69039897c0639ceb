"""Hash of a file's content, which identifies it under any name."""

import os
from typing import Protocol

import xxhash

from earshot.data.files.cue_sheets import CueTrack, cue_track
from earshot.data.files.regular_files import open_regular

_SAMPLE_BYTES = 64 * 1024
_READ_BYTES = 128 * 1024  # at a time
_MAX_WHOLE_BYTES = 16 * 1024 * 1024  # of larger files as many bytes are sampled


class Bytes(Protocol):
    """An open file: the two methods that hashing calls."""

    def read(self, n_bytes: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> int: ...


def content_hash(path: str) -> str:
    """Hash a file's content to 128 bits, as 32 hexadecimal digits.

    Up to 16 MiB every byte is read. A larger file is read in 256 blocks of 64 KiB spread evenly from its
    first byte to its last, and its size is hashed with them: a ten-hour mix costs as much as a song, and
    two recordings never agree in all of these. xxHash guards against accidents, not against forgers.

    Raises as `open_regular` and `cue_track` do.
    """
    track = cue_track(path)
    with open_regular(track.file if track else path, buffering=0) as file:
        return hash_of(file, os.fstat(file.fileno()).st_size, track)


def hash_of(file: Bytes, size: int, track: CueTrack | None = None) -> str:
    """Hash an open file of `size` bytes that stands at its beginning, or a track of it by what its sheet says too."""
    digest = xxhash.xxh3_128()
    if size <= _MAX_WHOLE_BYTES:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    else:
        digest.update(size.to_bytes(8, "little"))
        n_blocks = _MAX_WHOLE_BYTES // _SAMPLE_BYTES
        for number in range(n_blocks):
            file.seek((size - _SAMPLE_BYTES) * number // (n_blocks - 1))
            digest.update(file.read(_SAMPLE_BYTES))
    if track is not None:
        digest.update(repr((track.begin, track.end, track.tags)).encode(errors="backslashreplace"))
    return digest.hexdigest()
