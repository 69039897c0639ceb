"""Files in formats that browsers play and in others, and the sources of their tracks."""

import os
from pathlib import Path

import numpy as np

from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.playback import open_sounds
from earshot.audio.playback.sound_source import SoundSource, sound_source
from known_sound import BRIEF, encode, noise
from library_world import add, at, heard, open_library

EXACT = ("alac.m4a", "aiff", "wv", "flac", "wav", "tta", "au", "caf")  # a part is the whole's, byte for byte
LOSSY = ("wma", "mp2", "ac3", "mp3", "opus", "m4a")
_CODECS = {"tta": "tta", "au": "pcm_s16be", "caf": "pcm_s16le", "mp2": "mp2", "ac3": "ac3"}


def write_noise(folder: Path, suffix: str, seconds: float = 4.0, sample_rate: int = 44_100) -> np.ndarray:
    """Write `noise.SUFFIX`, in stereo, and return its samples, (2, n) float32."""
    samples = noise(seconds, 48_000 if suffix == "opus" else sample_rate, 2)
    if suffix in _CODECS:
        encode(folder / f"noise.{suffix}", _CODECS[suffix], samples, sample_rate)
    else:
        write_audio(folder / f"noise.{suffix}", samples, 48_000 if suffix == "opus" else sample_rate, {})
    return samples


def source_of_file(path: Path, duration: float, codec: str | None = None) -> SoundSource:
    """The source of a file as a scan would have seen it just now."""
    status = os.stat(path)
    return sound_source(str(path), status.st_size, status.st_mtime_ns, duration, codec)


def close_open_sounds() -> None:
    """Close what the tasks of a playing process keep open, where a test ran them in its own."""
    for kept in (open_sounds._sounds, open_sounds._streams):
        while kept:
            kept.popitem()[1].close()


def as_samples(content: bytes, n_channels: int = 2) -> np.ndarray:
    """Samples of 16 bits as (n_channels, n) float, full scale 1."""
    return np.frombuffer(content, "<i2").reshape(-1, n_channels).T / 32_768


def library_of_files(
    folder: Path, *paths: Path, stamps: dict[Path, tuple[int, int]] | None = None, **facts
) -> list[int]:
    """Make a library of files as a scan would see them now, with vectors of nothing; return the ids of their tracks."""
    tracks = []
    for path in paths:
        sound = decode_track(str(path), BRIEF)
        size, mtime_ns = (stamps or {}).get(path) or (os.stat(path).st_size, os.stat(path).st_mtime_ns)
        known = {"duration": sound.duration, "codec": sound.codec, "title": path.stem, "size": size}
        tracks.append(heard(str(path), at(0), mtime_ns=mtime_ns, **known, **facts))
    library, run = open_library(folder)
    with library:
        return add(library, run, tracks)
