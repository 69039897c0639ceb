"""Files that browsers play as they are, told by their first bytes and their codec; a suffix tells neither.

Tried in Chromium 156: ALAC has the suffix and container of AAC and is silent, and so are AIFF, WMA, WavPack, APE, TTA,
AC-3, Au, CAF, MP2 and W64.
"""

import os
from typing import BinaryIO

from earshot.audio.decoding.joined_files import is_chained_ogg
from earshot.audio.decoding.music_file import Cause, UndecodableError, reading
from earshot.audio.playback.sound_source import SoundSource
from earshot.data.files.regular_files import IrregularFileError, open_regular

_HEAD_BYTES = 64
_UNKNOWN_TYPE = "application/octet-stream"
_MAGIC = (  # first bytes of files of music; no other file is sent, whatever a library says
    *(b"ID3", b"fLaC", b"OggS", b"RIFF", b"RF64", b"riff", b"FORM", b"MAC ", b"wvpk", b"MPCK", b"MP+", b"TTA1"),
    *(b"tBaK", b"DSD ", b"FRM8", b".snd", b"caff", b"#!AMR", b".RMF", b"\x0bw", b"0&\xb2u", b"\x1aE\xdf\xa3"),
)
_WAV_CODECS = frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"})
_OGG_CODECS = frozenset({"vorbis", "opus", "flac"})
_MATROSKA_CODECS = frozenset({"vorbis", "opus", "flac", "aac", "mp3"})
_MP4_CODECS = frozenset({"aac", "flac", "opus", "mp3"})


def open_direct(source: SoundSource, *, is_raw: bool) -> tuple[BinaryIO, str] | None:
    """Open the file of a track that a browser plays as it is, with its type; None if it needs another format.

    Parameters
    ----------
    is_raw : any file of music may be sent, also one that no browser plays, unless the track is a part of it

    Raises
    ------
    UndecodableError
        The file cannot be read, or was changed since the source was made.
    """
    if source.begin is not None:
        return None
    try:
        file = open_regular(source.path)
    except (OSError, IrregularFileError) as error:
        raise _unreadable(error) from None
    kind = None
    try:
        status, head = os.fstat(file.fileno()), file.read(_HEAD_BYTES)
        if (status.st_size, status.st_mtime_ns) != source.stamp:
            raise UndecodableError("its file was changed since it was heard", Cause.ENVIRONMENT)
        kind = media_type(head, source.codec)
        if is_raw:
            kind = kind or (_UNKNOWN_TYPE if _is_music(head) else None)
        elif kind is not None and _is_joined(source, head):
            kind = None
        return None if kind is None else (file, kind)
    except OSError as error:
        raise _unreadable(error) from None
    finally:
        if kind is None:
            file.close()


def _unreadable(error: Exception) -> UndecodableError:
    return UndecodableError(f"its file cannot be read: {getattr(error, 'strerror', error)}", Cause.ENVIRONMENT)


def _is_music(head: bytes) -> bool:
    return head.startswith(_MAGIC) or head[4:8] == b"ftyp" or _is_mpeg_frame(head)


def _is_mpeg_frame(head: bytes) -> bool:
    """Tell whether a stream of MPEG audio begins, without a container."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def _is_joined(source: SoundSource, head: bytes) -> bool:
    """Tell whether a file is several ones, of which a browser would play the first."""
    if head.startswith(b"OggS"):
        with reading(source.path, source.stamp) as file:
            return is_chained_ogg(file)
    declared = _flac_seconds(head) if head.startswith(b"fLaC") else None
    return declared is not None and source.duration > declared + 1


def _flac_seconds(head: bytes) -> float | None:
    """The duration that the first header of a FLAC file declares."""
    rate = int.from_bytes(head[18:21], "big") >> 4
    n_samples = int.from_bytes(head[21:26], "big") & (2**36 - 1)
    return n_samples / rate if rate and n_samples else None


def media_type(head: bytes, codec: str | None) -> str | None:
    """The type by which a browser plays a file as it is; None if it needs another format.

    Parameters
    ----------
    head : at least the first 64 bytes of the file
    codec : name by FFmpeg; decoders with other names for one codec, such as mp3float, count as it
    """
    codec = {"mp3float": "mp3", "aac_fixed": "aac", "libvorbis": "vorbis", "libopus": "opus"}.get(codec or "", codec)
    if codec in ("mp3", "aac") and (_is_mpeg_frame(head) or head.startswith(b"ID3")):
        return "audio/mpeg" if codec == "mp3" else "audio/aac"
    if head.startswith(b"fLaC") and codec == "flac":
        return "audio/flac"
    if head.startswith(b"OggS") and codec in _OGG_CODECS:
        return "audio/ogg"
    if head[4:8] == b"ftyp" and codec in _MP4_CODECS:
        return "audio/mp4"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE" and codec in _WAV_CODECS:
        return "audio/wav"
    if head.startswith(b"\x1aE\xdf\xa3") and codec in _MATROSKA_CODECS:
        return "audio/webm" if b"webm" in head else "audio/x-matroska"
    return None
