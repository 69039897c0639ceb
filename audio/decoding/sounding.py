"""Levels of sound, and a search along a track for the spans in which there is any.

|--|~~~~|------|~~~~~~~~~~~|--------------|~|      ~ sound, - hiss or silence far below its level
   [==]        [==]  [==]                 [=]      excerpts lie in the spans, as if these were the whole track
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

MIN_SECONDS = 1.0  # of a track, and of an excerpt
MIN_SEEK_SECONDS = 1.0  # below, decoding on is cheaper than seeking
SILENT_PEAK = 1e-4  # -80 dBFS: dither and encoder noise, no music
# Hiss, hum and the last of a fade lie far below the music. The softest movements of an orchestra reach 35 dB below its
# loudest, so between 30 and 40 dB only what is below -60 dBFS as well counts as faint.
_FAINT_SHARE, _FAINT_SHARE_IF_QUIET, _FAINT_POWER = 1e-4, 1e-3, 1e-6
# A track whose loudest excerpt is below may be hiss wherever it was heard, and have its music elsewhere.
QUIET_POWER = 10**-4.5  # -45 dBFS

_LEAD_SECONDS = 2  # of silence at its beginning let an excerpt begin later
_WINDOW_SECONDS = 0.25  # of a look
_MAX_STEP = 15.0  # seconds from look to look, in a track of up to 17 hours; an excerpt's length is the least
_LOOKS = 240  # along a track, within these steps
_MAX_LOOKS = 4_096
_MAX_SPARSE_SECONDS = 60.0  # of sound found: its edges are then looked for second by second
MAX_WHOLE_SECONDS = 3_600.0  # of a track that is decoded whole before it is called silent


class Run(Protocol):
    """Decoded sound of a file in a row: a `FrameRun` or a `JoinedRun`. Positions are seconds from the beginning."""

    @property
    def rate(self) -> int: ...

    @property
    def end(self) -> float: ...

    @property
    def read_from(self) -> float: ...

    @property
    def decoded_to(self) -> float: ...

    def seek(self, position: float) -> None: ...

    def read(self, start: float, seconds: float) -> np.ndarray | None: ...


class Span(NamedTuple):
    """A stretch of a track with sound, in seconds."""

    begin: float
    end: float


class Look(NamedTuple):
    """The level of one moment."""

    start: float  # seconds
    power: float


def power(samples: np.ndarray) -> float:
    """Mean square of samples about their mean, an offset of cheap converters; 0 for silence, with dither or without."""
    n = len(samples)
    if not n:
        return 0.0
    mean, energy = float(np.dot(samples, _ones(n))) / n, float(np.dot(samples, samples)) / n
    square = energy - mean * mean
    if square < 1e-3 * energy:  # more of an offset than of sound: beyond the precision of 32 bits
        square = float(np.var(samples, dtype=np.float64))
    if square <= SILENT_PEAK**2 and float(samples.max()) - float(samples.min()) <= 2 * SILENT_PEAK:
        return 0.0
    return max(0.0, square)


@lru_cache(maxsize=4)
def _ones(n: int) -> np.ndarray:
    return np.ones(n, dtype=np.float32)  # a dot product with these is five times faster than a sum


def faint_power(loudest: float) -> float:
    """Power up to which sound is far below a track's own level, by the power of its loudest excerpt."""
    return max(loudest * _FAINT_SHARE, min(loudest * _FAINT_SHARE_IF_QUIET, _FAINT_POWER))


def sounding_from(samples: np.ndarray, sample_rate: int, floor: float) -> int:
    """Find the sample at which an excerpt that begins with two seconds or more below `floor` gets louder."""
    lead, block = _LEAD_SECONDS * sample_rate, sample_rate // 4
    if power(samples[:lead]) > floor:
        return 0
    for start in range(lead, len(samples), block):
        if power(samples[start : start + block]) > floor:
            return start
    return len(samples)


def find_spans(run: Run, duration: float, loudest: float, seconds: float) -> tuple[list[Span], float]:
    """Look along a whole track, by seeks and if these find nothing by decoding it, for spans with sound.

    Parameters
    ----------
    duration : seconds
    loudest : power of the loudest excerpt so far
    seconds : of an excerpt

    Returns
    -------
    The spans, and the power below which nothing counts as sound. Gaps shorter than an excerpt may be part of a span.
    """
    step = max(min(max(duration / _LOOKS, seconds), _MAX_STEP), duration / _MAX_LOOKS)
    looks = list(_look(run, 0.0, duration, step))
    if max(loudest, *(look.power for look in looks), 0.0) < QUIET_POWER and duration <= MAX_WHOLE_SECONDS:
        step = _WINDOW_SECONDS
        looks = list(_look(run, 0.0, duration, step)) or looks
    # A moment may be 6 dB louder than five seconds, in which it is one of several.
    floor = faint_power(max(loudest, *(look.power / 4 for look in looks), 0.0))
    spans = _spans(looks, floor, step, duration)
    if step > 1.0 and sum(span.end - span.begin for span in spans) < _MAX_SPARSE_SECONDS:
        finer = [look for span in spans for look in _look(run, span.begin - step, min(duration, span.end + step), 1.0)]
        spans = _spans(sorted(set(finer)), floor, 1.0, duration) or spans
    return spans, floor


def _spans(looks: list[Look], floor: float, step: float, duration: float) -> list[Span]:
    """Join the looks in a row that are louder than `floor`; each stands for half the way to the next one."""
    spans: list[Span] = []
    for start, level in looks:
        if level <= floor:
            continue
        end = duration if start + step >= duration else start + _WINDOW_SECONDS + step / 2
        if spans and start - spans[-1].end <= step / 2:
            spans[-1] = Span(spans[-1].begin, end)
        else:
            spans.append(Span(start, end))
    return spans


def _look(run: Run, begin: float, end: float, step: float) -> Iterator[Look]:
    start = max(0.0, begin)
    run.seek(start)
    while start < end:
        if start > run.end + MIN_SEEK_SECONDS:
            run.seek(start)
        samples = run.read(start, _WINDOW_SECONDS)
        if samples is None:
            return
        start = max(start, run.read_from)
        if len(samples) and np.isfinite(level := power(samples)):
            yield Look(start, level)
        start += step


def starts_in(spans: list[Span], taken: list[float], n_more: int, seconds: float) -> list[float]:
    """Place excerpts of so many `seconds` in the middles of the longest stretches of sound that are not yet `taken`.

    Parameters
    ----------
    taken : starts of other excerpts
    n_more : how many to place; fewer where there is too little sound
    """
    free = _merged(spans, seconds)  # no excerpt can lie in a gap shorter than itself
    for start in taken:
        free = [rest for span in free for rest in _without(span, start, seconds)]
    starts: list[float] = []
    while free and len(starts) < n_more:
        span = max(free, key=lambda span: span.end - span.begin)
        starts.append(max(span.begin, (span.begin + span.end - seconds) / 2))
        free.remove(span)
        free += _without(span, starts[-1], seconds)
    return sorted(starts)


def spread_over(spans: list[Span], n: int, seconds: float) -> list[float]:
    """Place `n` excerpts as if the spans of sound were the whole track; fewer where there is too little sound."""
    merged = _merged(spans, seconds)
    starts: list[float] = []
    part, passed = sum(span.end - span.begin for span in merged) / n, 0.0
    if part < seconds:
        return starts_in(spans, [], n, seconds)
    for begin, end in merged:
        while len(starts) < n and (middle := (len(starts) + 0.5) * part - passed) < end - begin:
            starts.append(max(begin, min(begin + middle - seconds / 2, end - seconds)))
        passed += end - begin
    return starts


def _merged(spans: list[Span], seconds: float) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and span.begin - merged[-1].end < seconds:
            merged[-1] = Span(merged[-1].begin, span.end)
        else:
            merged.append(span)
    return merged


def _without(span: Span, start: float, seconds: float) -> list[Span]:
    """Cut an excerpt out of a span; what is too short for another one is dropped."""
    if start + seconds <= span.begin or start >= span.end:
        return [span]
    rests = Span(span.begin, min(span.end, start)), Span(max(span.begin, start + seconds), span.end)
    return [rest for rest in rests if rest.end - rest.begin >= seconds]
