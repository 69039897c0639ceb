"""Decoding of a file to a few mono excerpts, however hostile the file.

    file --check--> container --seek--> frames --mean over channels--> mono --resample--> excerpt

This module runs in worker processes under a memory limit, so it imports neither torch nor anything that does.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import av
import numpy as np
import soxr

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.frames import FrameRun
from earshot.audio.decoding.music_file import Cause, MusicFile, Stamp, UndecodableError, check_is_audio, reading
from earshot.audio.decoding.tag_blocks import Fields, read_blocks
from earshot.audio.decoding.tags import Tags, parse_tags
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

MIN_SECONDS = 1.0  # of a track, and of an excerpt
_MIN_SEEK_SECONDS = 1.0  # below, decoding on is cheaper than seeking
# To seek an mp3 to the frame, FFmpeg walks all frames before it. Beyond this size the table of contents, which is
# right to half a percent, or else proportion is used: a ten-hour mix takes as long as a song.
_MAX_EXACT_SEEK_BYTES = 32 * 2**20
_MAX_UNKNOWN_SECONDS = 120.0  # decoded from the start of a file that does not declare its duration
_END_TOLERANCE = 0.5  # seconds, in the search for the end of a truncated file
_MAX_CHANNELS = 64
_RATE_RANGE = (1_000, 3_000_000)  # Hz; DSD512 comes as 2,822,400
_SILENT_PEAK = 1e-4  # -80 dBFS: dither and encoder noise, no music
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


def excerpt_starts(duration: float, config: ExcerptConfig) -> list[float]:
    """Place the excerpts of a track: their starts in seconds.

    A long track is cut into equal parts with an excerpt in the middle of each; a short one is covered whole,
    by as many excerpts as fit::

        |--[==]--|--[==]--|--[==]--|      long
        [==][==][=]                       short
    """
    length = config.excerpt_seconds
    if duration < length * config.excerpts:
        n_whole = max(1, int((duration + length - MIN_SECONDS) // length))  # a rest below 1 s is dropped
        return [number * length for number in range(n_whole)]
    part = duration / config.excerpts
    return [(number + 0.5) * part - length / 2 for number in range(config.excerpts)]


@np.errstate(over="ignore", invalid="ignore")  # absurd samples get a sentence, not a warning
def decode_track(
    path: str, config: ExcerptConfig, bounds: Bounds = (None, None), stamp: Stamp | None = None
) -> DecodedTrack:
    """Decode the excerpts of one file, which must still have the `stamp` of an earlier read, if one is given.

    Raises
    ------
    UndecodableError
        The file is not audio, is broken, silent, shorter than a second or out of bounds, or cannot be read; the message
        says which.
    """
    began = process_time()
    with reading(os.path.abspath(path), stamp) as file:
        check_is_audio(file)
        try:
            blocks = read_blocks(file)
            with _open(file) as container:
                return _decode_open(container, blocks, config, bounds, began)
        except UndecodableError:
            raise
        except _PROGRAM_ERRORS as error:
            raise UndecodableError(f"{type(error).__name__}: {error}", Cause.PROGRAM) from error
        except Exception as error:  # PyAV raises FFmpegError, ValueError, IndexError, ... on hostile files
            if _lacks_memory(error):
                raise UndecodableError("decoding needs more memory than the limit allows", Cause.ENVIRONMENT) from error
            raise UndecodableError(_sentence(error)) from error


def _lacks_memory(error: Exception) -> bool:
    """Detect a failed allocation, also one that a library reports as text, as PyAV's AudioFifo does."""
    is_text = isinstance(error, RuntimeError) and not isinstance(error, av.FFmpegError)  # which names the file
    return isinstance(error, MemoryError) or (is_text and "alloc" in str(error).lower())


def _open(file: MusicFile) -> Any:
    is_large = file.size > _MAX_EXACT_SEEK_BYTES
    options = _OPEN_OPTIONS | ({"usetoc": "1"} if is_large else {})
    container: Any = av.open(file, options=options, buffer_size=_BUFFER_BYTES, **_PYAV_OPTIONS)
    if is_large and container.format.name == "mp3":
        container.flags |= av.container.Flags.fast_seek.value
    return container


def _decode_open(
    container: Any, blocks: Sequence[Fields], config: ExcerptConfig, bounds: Bounds, began: float
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
    declared = _declared_duration(container, stream)
    if declared is not None:
        _check_duration(declared, bounds)
    excerpts, starts, duration, note = _decode_excerpts(FrameRun(container, stream), declared, config)
    if not excerpts:
        raise UndecodableError(_too_little_sound(duration))
    _check_duration(duration, bounds)

    peaks = [float(np.abs(excerpt).max()) for excerpt in excerpts]
    if not np.isfinite(peaks).all():
        raise UndecodableError("contains samples that are not numbers (NaN or infinity)")
    if max(peaks) > _MAX_PEAK:
        raise UndecodableError(f"contains samples of absurd size ({max(peaks):.3g}, where 1 is full scale)")
    audible = [number for number, peak in enumerate(peaks) if peak > _SILENT_PEAK]
    if not audible:
        raise UndecodableError("silence from beginning to end")
    return DecodedTrack(
        excerpts=[excerpts[number] for number in audible],
        starts=[starts[number] for number in audible],
        duration=duration,
        sample_rate=rate or codec.sample_rate,
        channels=channels or codec.channels,
        codec=codec.name,
        tags=tags,
        note=note,
        decode_seconds=process_time() - began,
    )


def _too_little_sound(duration: float) -> str:
    if duration < 0.01:
        return "no sound could be decoded from it"
    if duration < MIN_SECONDS:
        return f"shorter than one second ({duration:.2f} s)"
    return f"no whole second of sound could be decoded from its {duration:.2f} s"


def _declared_duration(container: Any, stream: Any) -> float | None:
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / av.time_base
    else:
        return None
    return seconds if 0 < seconds < 1e7 else None  # 2^63 samples is a missing length, not four months of music


def _check_duration(duration: float, bounds: Bounds) -> None:
    if reason := duration_exclusion(duration, *bounds):
        raise UndecodableError(reason, Cause.RULE, duration=duration)


def _decode_excerpts(
    run: FrameRun, declared: float | None, config: ExcerptConfig
) -> tuple[list[np.ndarray], list[float], float, str | None]:
    """Decode excerpts with their starts, the track's duration in seconds, and a note for the user."""
    if declared is None:
        return _decode_beginning(run, config)
    planned = excerpt_starts(declared, config)
    excerpts, starts = _read_excerpts(run, planned, config)
    decoded_to = run.decoded_to
    if decoded_to >= 0.9 * min(declared, planned[-1] + config.excerpt_seconds):
        return excerpts, starts, declared, None
    # The declared duration is wrong (a forged header, an incomplete download): spread over the sound that exists.
    duration = _end_of_sound(run, declared)
    run.seek(0.0)
    spread = _read_excerpts(run, excerpt_starts(duration, config), config)
    if spread[0]:
        excerpts, starts = spread
    elif excerpts:  # after undecodable packets, FFmpeg may not seek back to the beginning
        duration = decoded_to
    return excerpts, starts, duration, f"cut short: it says {declared:.1f} s and {duration:.1f} s could be decoded"


def _decode_beginning(run: FrameRun, config: ExcerptConfig) -> tuple[list[np.ndarray], list[float], float, str | None]:
    """Decode excerpts of a file without a declared duration: which of them to keep is known at their end."""
    n_planned = int(_MAX_UNKNOWN_SECONDS // config.excerpt_seconds)
    excerpts, starts = _read_excerpts(run, [number * config.excerpt_seconds for number in range(n_planned)], config)
    note = None
    if len(excerpts) == n_planned:
        note = f"does not say how long it is: only its first {_MAX_UNKNOWN_SECONDS:g} s were heard"
    if len(excerpts) > config.excerpts:
        chosen = np.linspace(0, len(excerpts) - 1, config.excerpts).round().astype(int)
        excerpts, starts = [excerpts[number] for number in chosen], [starts[number] for number in chosen]
    return excerpts, starts, round(run.decoded_to, 3), note


def _end_of_sound(run: FrameRun, silent_from: float) -> float:
    """Bisect for the end of the sound, in seconds, between the last decoded moment and `silent_from`."""
    while silent_from - run.decoded_to > _END_TOLERANCE:
        middle = (run.decoded_to + silent_from) / 2
        run.seek(middle)
        run.read(middle, _END_TOLERANCE)
        if run.decoded_to <= middle:
            silent_from = middle
    return round(run.decoded_to, 3)


def _read_excerpts(run: FrameRun, planned: list[float], config: ExcerptConfig) -> tuple[list[np.ndarray], list[float]]:
    """Read excerpts at the planned starts, as far as the sound goes, and return their actual starts with them."""
    excerpts, starts = [], []
    for start in planned:
        if start > run.end + _MIN_SEEK_SECONDS:
            run.seek(start)
        samples = run.read(start, config.excerpt_seconds)
        if samples is None:
            break
        seconds = len(samples) / run.rate
        if seconds >= MIN_SECONDS:
            excerpts.append(_resample(samples, run.rate, config))
            starts.append(max(0.0, round(run.begin - seconds, 3)))
    return excerpts, starts


def _resample(samples: np.ndarray, rate: int, config: ExcerptConfig) -> np.ndarray:
    if rate != config.sample_rate:
        samples = soxr.resample(samples, rate, config.sample_rate, "HQ")
    return samples[: config.samples_per_excerpt]


def _sentence(error: Exception) -> str:
    """Describe an error of FFmpeg in a sentence."""
    for kind, sentence in _SENTENCES.items():
        if isinstance(error, kind):
            return sentence
    text = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    return f"the decoder gave up: {text[:200]}"
