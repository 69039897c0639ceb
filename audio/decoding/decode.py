"""Decoding of a file to a few mono excerpts, however hostile the file.

    file --check--> container --seek--> frames --mean over channels--> mono --resample--> excerpt
         or each of its links, a container                       is there sound? --> or another

This module runs in worker processes under a memory limit, so it imports neither torch nor anything that does.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import av
import numpy as np

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import Excerpt, audible_excerpts
from earshot.audio.decoding.frames import FrameRun, PartRun, declared_duration
from earshot.audio.decoding.joined_files import FilePart, JoinedRun, find_links, is_chained_ogg
from earshot.audio.decoding.lengths import Heard, hear, hear_anew, hear_beyond, is_doubtful
from earshot.audio.decoding.music_file import (
    Cause,
    MusicFile,
    Stamp,
    UndecodableError,
    check_is_audio,
    reading,
    source_of,
)
from earshot.audio.decoding.sounding import MAX_WHOLE_SECONDS, MIN_SECONDS, Run
from earshot.audio.decoding.tag_blocks import Fields, read_blocks
from earshot.audio.decoding.tags import Tags, parse_tags, tags_of_part
from earshot.data.files.cue_sheets import CueTrack
from earshot.data.files.skip_rules import duration_exclusion

# Demuxers of single files. Playlist formats (hls, concat, ...) are excluded on purpose: they make FFmpeg open other
# files and network addresses.
_FORMATS = (
    "aac,ac3,eac3,aiff,amr,ape,asf,asf_o,au,caf,dsf,flac,iff,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,"
    "ogg,ofr,rm,spdif,tak,truehd,tta,w64,wav,wv,xwma"
)
_OPEN_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
# Until PyAV 18, odd bytes in a tag are an error unless they are to be kept. PyAV 19 always keeps them as surrogates.
_PYAV_OPTIONS: dict[str, Any] = {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}
_BUFFER_BYTES = 2**15  # as FFmpeg has it for files that it opens itself

# To seek an mp3 to the frame, FFmpeg walks all frames before it. Beyond this size the table of contents, which is
# right to half a percent, or else proportion is used: a ten-hour mix takes as long as a song.
_MAX_EXACT_SEEK_BYTES = 32 * 2**20
_MAX_CHANNELS = 64
_RATE_RANGE = (1_000, 3_000_000)  # Hz; DSD512 comes as 2,822,400
_MAX_PEAK = 1e4  # floating-point files may exceed 1.0, but not by this much

_SENTENCES: dict[type[Exception], str] = {
    av.error.EOFError: "it ends before any sound",
    av.error.InvalidDataError: "damaged, or not audio at all: the decoder finds no valid data",
    av.error.ArgumentError: "not an audio format",
    av.error.PatchWelcomeError: "uses a variant of its format that the decoder does not know",
    av.error.PermissionError: "encrypted",
}
# Hostile bytes raise ValueError, IndexError and the like. These are faults of a program: a bug, or too new a PyAV.
_PROGRAM_ERRORS = (TypeError, AttributeError, NameError, ImportError, NotImplementedError, AssertionError, KeyError)
Bounds = tuple[float | None, float | None]  # the shortest and the longest duration, seconds; None for no bound

av.logging.set_level(av.logging.PANIC)  # a worker's stderr is the user's terminal; reasons go in the library


@dataclass(frozen=True)
class DecodedTrack:
    """Excerpts of one track, and the facts of its container."""

    excerpts: list[np.ndarray]  # each (n_samples,) float32 mono at ExcerptConfig.sample_rate
    starts: list[float]  # seconds from the track's beginning, one per excerpt
    duration: float  # seconds
    sample_rate: int  # Hz, as stored in the file
    channels: int
    codec: str
    tags: Tags
    note: str | None  # a warning for the user, for example that the file is truncated
    decode_seconds: float  # CPU time


@np.errstate(over="ignore", invalid="ignore")  # absurd samples get a sentence, not a warning
def decode_track(
    path: str, config: ExcerptConfig, bounds: Bounds = (None, None), stamp: Stamp | None = None
) -> DecodedTrack:
    """Decode the excerpts of one file or track of a cue sheet; the file must still have the `stamp` of an earlier read.

    Raises
    ------
    UndecodableError
        The file is not audio, is broken, silent, shorter than a second or out of bounds, or cannot be read; the message
        says which.
    """
    began = process_time()
    source, track = source_of(os.path.abspath(path))
    with reading(source, stamp) as file:
        check_is_audio(file)
        is_chained = track is None and is_chained_ogg(file)
        try:
            blocks = read_blocks(file)
            with open_container(file, is_exact=track is not None) as container:
                return _decode_open(file, container, blocks, config, bounds, is_chained, track, began)
        except UndecodableError:
            raise
        except _PROGRAM_ERRORS as error:
            raise UndecodableError(f"{type(error).__name__}: {error}", Cause.PROGRAM) from error
        except Exception as error:  # PyAV raises FFmpegError, ValueError, IndexError, ... on hostile files
            if _lacks_memory(error):
                raise UndecodableError("decoding needs more memory than the limit allows", Cause.ENVIRONMENT) from error
            raise UndecodableError(why_undecodable(error)) from error


def _lacks_memory(error: Exception) -> bool:
    """Detect a failed allocation, also one that a library reports as text, as PyAV's AudioFifo does."""
    is_text = isinstance(error, RuntimeError) and not isinstance(error, av.FFmpegError)  # which names the file
    return isinstance(error, MemoryError) or (is_text and "alloc" in str(error).lower())


def open_container(file: MusicFile | FilePart, *, is_exact: bool = False) -> Any:
    """Open a music file with PyAV, as sound that opens nothing else; `is_exact` seeks to the frame in a large mp3."""
    is_large = file.size > _MAX_EXACT_SEEK_BYTES and not is_exact
    options = _OPEN_OPTIONS | ({"usetoc": "1"} if is_large else {})
    container: Any = av.open(file, options=options, buffer_size=_BUFFER_BYTES, **_PYAV_OPTIONS)
    if is_large and container.format.name == "mp3":
        container.flags |= av.container.Flags.fast_seek.value
    return container


def _decode_open(
    file: MusicFile,
    container: Any,
    blocks: Sequence[Fields],
    config: ExcerptConfig,
    bounds: Bounds,
    is_chained: bool,
    track: CueTrack | None,
    began: float,
) -> DecodedTrack:
    if not container.streams.audio:
        raise UndecodableError("holds no audio stream")
    stream = container.streams.audio[0]
    codec = stream.codec_context
    if codec is None:
        raise UndecodableError("its codec is not known to the decoder")
    codec.thread_count = 1  # the workers are the parallelism
    rate, channels = codec.sample_rate, codec.channels
    if rate and not _RATE_RANGE[0] <= rate <= _RATE_RANGE[1]:
        raise UndecodableError(f"an absurd sample rate of {rate:,} Hz")
    if channels > _MAX_CHANNELS:
        raise UndecodableError(f"an absurd number of channels, {channels:,}")

    tags = parse_tags(*blocks, container.metadata, stream.metadata, path=container.name)
    heard = _hear_links(file, config, bounds) if is_chained else None
    if track is not None:
        tags = tags_of_part(tags, track.tags)
        heard = _hear_part(container, stream, track, config, bounds)
    heard = heard or _hear_stream(file, container, stream, config, bounds)
    return DecodedTrack(
        excerpts=[excerpt.samples for excerpt in heard.excerpts],
        starts=[excerpt.start for excerpt in heard.excerpts],
        duration=heard.duration,
        sample_rate=rate or codec.sample_rate,
        channels=channels or codec.channels,
        codec=codec.name,
        tags=tags,
        note=heard.note,
        decode_seconds=process_time() - began,
    )


def _hear_stream(file: MusicFile, container: Any, stream: Any, config: ExcerptConfig, bounds: Bounds) -> Heard:
    run = FrameRun(container, stream)
    declared = declared_duration(container, stream)
    if declared is not None:
        _check_duration(declared, bounds)
    heard = hear(run, declared, config)
    if heard.is_unknown:
        heard = hear_anew(run, heard.duration, config) or heard
    if declared is not None and (heard.note or is_doubtful(run, declared, file.size)):
        if joined := _hear_links(file, config, bounds):
            return joined
        if heard.note is None:
            heard = hear_beyond(run, declared, config) or heard
    return _sounding(run, heard, config, bounds)


def _hear_part(container: Any, stream: Any, track: CueTrack, config: ExcerptConfig, bounds: Bounds) -> Heard:
    """Hear the part of a file that is a track of a cue sheet."""
    whole = declared_duration(container, stream)
    end = track.end if whole is None else min(whole, track.end or whole)
    if end is not None and end <= track.begin:
        raise UndecodableError(f"its cue sheet lets it begin at {track.begin:.1f} s, and its file ends at {end:.1f} s")
    declared = None if end is None else end - track.begin
    if declared is not None:
        _check_duration(declared, bounds)
    run = PartRun(FrameRun(container, stream), track.begin, declared)
    return _sounding(run, hear(run, declared, config), config, bounds)


def _hear_links(file: MusicFile, config: ExcerptConfig, bounds: Bounds) -> Heard | None:
    """Hear a file that is several files one after another; None for any other."""
    links = find_links(file)
    if len(links) < 2:
        return None
    with closing(JoinedRun(links, open_container)) as run:
        if run.n_links < 2:
            return None
        _check_duration(run.duration, bounds)
        heard = hear(run, run.duration, config)
        note = heard.note or f"{run.n_links} recordings one after another in one file"
        return _sounding(run, replace(heard, note=note), config, bounds)


def _sounding(run: Run, heard: Heard, config: ExcerptConfig, bounds: Bounds) -> Heard:
    """Check what was heard, and replace excerpts in which there is no sound."""
    if not heard.excerpts:
        raise UndecodableError(_too_little_sound(heard.duration))
    _check_duration(heard.duration, bounds)
    _check_samples(heard.excerpts)
    audible = audible_excerpts(run, heard.excerpts, heard.duration, config)
    if not audible:
        where = "" if heard.duration <= MAX_WHOLE_SECONDS else " wherever it was heard,"
        raise UndecodableError(f"silence{where} from beginning to end")
    if [excerpt.start for excerpt in audible] != [excerpt.start for excerpt in heard.excerpts]:
        _check_samples(audible)
    return replace(heard, excerpts=audible)


def _check_samples(excerpts: list[Excerpt]) -> None:
    if all(float(np.dot(samples, samples)) < _MAX_PEAK**2 for _, samples in excerpts):
        return  # no single sample can exceed the square root of this sum, which costs less than their maximum
    peaks = [float(np.abs(samples).max()) for _, samples in excerpts]
    if not np.isfinite(peaks).all():
        raise UndecodableError("contains samples that are not numbers (NaN or infinity)")
    if max(peaks) > _MAX_PEAK:
        raise UndecodableError(f"contains samples of absurd size ({max(peaks):.3g}, where 1 is full scale)")


def _too_little_sound(duration: float) -> str:
    if duration < 0.01:
        return "no sound could be decoded from it"
    if duration < MIN_SECONDS:
        return f"shorter than one second ({duration:.2f} s)"
    return f"no whole second of sound could be decoded from its {duration:.2f} s"


def _check_duration(duration: float, bounds: Bounds) -> None:
    if reason := duration_exclusion(duration, *bounds):
        raise UndecodableError(reason, Cause.RULE, duration=duration)


def why_undecodable(error: Exception) -> str:
    """Describe an error of FFmpeg in a sentence."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence
    text = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    return f"the decoder gave up: {text[:200]}"
