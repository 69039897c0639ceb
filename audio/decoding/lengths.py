"""Durations that files declare, checked against their sound, with a note for the user where the two differ."""

from dataclasses import dataclass

import numpy as np

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import Excerpt, excerpt_starts, read_excerpts
from earshot.audio.decoding.frames import FrameRun
from earshot.audio.decoding.sounding import Run

_MAX_UNKNOWN_SECONDS = 120.0  # decoded from the start of a file that does not declare its duration
_END_TOLERANCE = 0.5  # seconds, in the search for the end of a truncated file
# Without a table of contents, the duration of an mp3 is its size over the bit rate of its first frame.
_ESTIMATE_TOLERANCE = (1.0, 0.05)  # seconds, and share of the declared duration: less is not worth a word


@dataclass(frozen=True)
class Heard:
    """Excerpts of a track, and its duration by its sound."""

    excerpts: list[Excerpt]
    duration: float  # seconds
    note: str | None = None  # for the user
    is_unknown: bool = False  # the file declares no duration, and may go on after this one


def hear(run: Run, declared: float | None, config: ExcerptConfig) -> Heard:
    """Read excerpts spread over a track, and over what there is of it if it ends before its declared end."""
    if declared is None:
        return _hear_beginning(run, config)
    planned = excerpt_starts(declared, config)
    excerpts = read_excerpts(run, planned, config)
    decoded_to, planned_to = run.decoded_to, min(declared, planned[-1] + config.excerpt_seconds)
    is_spread = len(excerpts) == len(planned) or declared < config.excerpt_seconds * config.excerpts
    if decoded_to >= 0.9 * planned_to and is_spread:
        is_over = not excerpts or len(excerpts[-1].samples) < config.samples_per_excerpt - config.sample_rate // 100
        if is_over and _differ(decoded_to, declared):
            return Heard(excerpts, round(decoded_to, 3), _note("shorter than it says", declared, decoded_to))
        return Heard(excerpts, declared)
    # The declared duration is wrong (a forged header, an incomplete download): spread over the sound that exists.
    duration = _end_of_sound(run, declared)
    run.seek(0.0)
    spread = read_excerpts(run, excerpt_starts(duration, config), config)
    if spread:
        excerpts = spread
    elif excerpts:  # after undecodable packets, FFmpeg may not seek back to the beginning
        duration = decoded_to
    return Heard(excerpts, duration, _note("cut short", declared, duration))


def is_doubtful(run: FrameRun, declared: float, n_bytes: int) -> bool:
    """Detect by the bytes of the decoded part of a file that it lasts longer than it declares."""
    return _differ(max(declared, run.likely_end(n_bytes)), declared)


def hear_beyond(run: FrameRun, declared: float, config: ExcerptConfig) -> Heard | None:
    """Read excerpts again if the packets go on after the declared end, and else None."""
    heard = hear_anew(run, declared, config)
    if heard is None:
        return None
    return Heard(heard.excerpts, heard.duration, _note("longer than it says", declared, heard.duration))


def hear_anew(run: FrameRun, supposed_end: float, config: ExcerptConfig) -> Heard | None:
    """Read excerpts up to the last packet of a file, if that lies after its supposed end; else None."""
    end = run.end_of_packets(max(0.0, supposed_end - 1.0))
    if not _differ(max(supposed_end, end), supposed_end):
        return None
    run.seek(0.0)
    heard = hear(run, round(end, 3), config)
    return heard if heard.excerpts and heard.duration > supposed_end else None


def _differ(actual: float, declared: float) -> bool:
    seconds, share = _ESTIMATE_TOLERANCE
    return abs(actual - declared) > max(seconds, share * declared)


def _note(kind: str, declared: float, duration: float) -> str:
    return f"{kind}: it says {declared:.1f} s and {duration:.1f} s could be decoded"


def _hear_beginning(run: Run, config: ExcerptConfig) -> Heard:
    """Read excerpts of a file without a declared duration: which of them to keep is known at their end."""
    n_planned = int(_MAX_UNKNOWN_SECONDS // config.excerpt_seconds)
    excerpts = read_excerpts(run, [number * config.excerpt_seconds for number in range(n_planned)], config)
    is_unknown = len(excerpts) == n_planned
    note = None
    if is_unknown:
        note = f"does not say how long it is: only its first {_MAX_UNKNOWN_SECONDS:g} s were heard"
    if len(excerpts) > config.excerpts:
        chosen = np.linspace(0, len(excerpts) - 1, config.excerpts).round().astype(int)
        excerpts = [excerpts[i] for i in chosen]
    return Heard(excerpts, round(run.decoded_to, 3), note, is_unknown)


def _end_of_sound(run: Run, silent_from: float) -> float:
    """Bisect for the end of the sound, in seconds, between the last decoded moment and `silent_from`."""
    while silent_from - run.decoded_to > _END_TOLERANCE:
        middle = (run.decoded_to + silent_from) / 2
        run.seek(middle)
        run.read(middle, _END_TOLERANCE)
        if run.decoded_to <= middle:
            silent_from = middle
    return round(run.decoded_to, 3)
