"""Pictures of tracks: the one within the file, else that of its folder, made as small as was asked for."""

import io
import os
import warnings
from collections.abc import Iterator

import av
from PIL import Image, ImageOps

from earshot.audio.decoding.decode import open_container
from earshot.audio.decoding.music_file import UndecodableError, reading
from earshot.audio.playback.sound_source import SoundSource
from earshot.data.files.regular_files import IrregularFileError, open_regular

MEDIA_TYPE = "image/jpeg"
MAX_SIZE = 1_200  # pixels
_NAMES = ("cover", "front", "folder", "album", "albumart", "albumartsmall")  # of files, the best first
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # what Pillow may try; others were written for anything but covers
_MAX_BYTES = 20 * 2**20
_MAX_PIXELS = 40_000_000
_QUALITY = 85  # of JPEG


def cover_picture(source: SoundSource, size: int) -> bytes | None:
    """A picture of a track as JPEG, at most `size` pixels wide and high; None if there is none that can be read."""
    for content in _pictures(source):
        if (picture := _scaled(content, min(max(size, 1), MAX_SIZE))) is not None:
            return picture
    return None


def _pictures(source: SoundSource) -> Iterator[bytes]:
    if embedded := _embedded(source):
        yield embedded
    for path in _beside(os.path.dirname(source.path)):
        try:
            with open_regular(path) as file:
                content = file.read(_MAX_BYTES + 1)
        except (OSError, IrregularFileError):
            continue
        if len(content) <= _MAX_BYTES:
            yield content


def _embedded(source: SoundSource) -> bytes | None:
    """The first picture within a file, as it was put there; formats have names of their own for it, and FFmpeg one."""
    try:
        with reading(source.path, source.stamp) as file, open_container(file) as container:
            for stream in container.streams.video:
                if stream.disposition & av.stream.Disposition.attached_pic:
                    packet = next(container.demux(stream))
                    return bytes(packet) if 0 < packet.size <= _MAX_BYTES else None
    except (UndecodableError, av.FFmpegError, ValueError, IndexError, StopIteration):
        pass
    return None


def _beside(folder: str) -> list[str]:
    """The files of a folder with a name of a cover, in any case, the best first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = []
    for name in names:
        stem, suffix = os.path.splitext(name.lower())
        if stem in _NAMES and suffix in _SUFFIXES:
            found.append((_NAMES.index(stem), _SUFFIXES.index(suffix), name))
    return [os.path.join(folder, name) for _, _, name in sorted(found)]


def _scaled(content: bytes, size: int) -> bytes | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged Exif
        try:
            with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
                if opened.width * opened.height > _MAX_PIXELS:
                    return None
                opened.draft("RGB", (size, size))
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((size, size))
                plain = Image.new("RGB", upright.size, "white")
                with_alpha = upright.convert("RGBA")
                plain.paste(with_alpha, mask=with_alpha)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # Pillow's for damaged pictures
            return None
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
