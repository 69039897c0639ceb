"""Tags as bytes, in the ways that programs wrote them before and after the sound of an mp3 or wav file."""

import struct
from pathlib import Path

import numpy as np
import soundfile


def write_mp3(path: Path, samples: np.ndarray, sample_rate: int, *, before: bytes = b"", after: bytes = b"") -> str:
    """Write an mp3 of mono samples, (n_samples,), between two tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples, sample_rate, format="MP3", subtype="MPEG_LAYER_III")
    path.write_bytes(before + path.read_bytes() + after)
    return str(path)


def id3v1(title: str, artist: str, encoding: str, album: str = "") -> bytes:
    """A tag of 128 bytes, with fields of thirty, cut where they are longer."""
    fields = (text.encode(encoding)[:30].ljust(30, b"\0") for text in (title, artist, album))
    return b"TAG" + b"".join(fields) + b"1999" + b"\0" * 30 + b"\xff"


def id3v2(*frames: tuple[str, bytes], version: int = 3, flags: int = 0) -> bytes:
    """A tag of frames, which are names with their contents."""
    size_of = {2: lambda n: n.to_bytes(3, "big"), 3: lambda n: n.to_bytes(4, "big"), 4: synchsafe}[version]
    end = b"" if version == 2 else b"\0\0"
    body = b"".join(name.encode() + size_of(len(content)) + end + content for name, content in frames)
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(body)) + body


def apev2(**items: str) -> bytes:
    """A tag with a header and a footer; underscores in names are blanks."""
    pairs = [(name.replace("_", " ").encode(), value.encode()) for name, value in items.items()]
    body = b"".join(struct.pack("<II", len(value), 0) + name + b"\0" + value for name, value in pairs)
    size = struct.pack("<III", 2000, len(body) + 32, len(items))
    header, footer = (b"APETAGEX" + size + struct.pack("<I", flags) + b"\0" * 8 for flags in (0xA0000000, 0x80000000))
    return header + body + footer


def riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def riff_info(**texts: bytes) -> bytes:
    """A chunk INFO of texts in no encoding that it names."""
    return riff_chunk(b"LIST", b"INFO" + b"".join(riff_chunk(name.encode(), text) for name, text in texts.items()))


def write_wav(path: Path, samples: np.ndarray, sample_rate: int, *chunks: bytes) -> str:
    """Write a wav of mono samples with chunks after the sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), samples, sample_rate)
    content = path.read_bytes() + b"".join(chunks)
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    return str(path)


def synchsafe(n: int) -> bytes:
    return bytes([(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127])
