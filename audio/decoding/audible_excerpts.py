"""Excerpts of a track: where they lie, and how they are read from a run of decoded sound."""

from operator import attrgetter
from typing import NamedTuple

import numpy as np
import soxr

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.sounding import (
    MIN_SECONDS,
    MIN_SEEK_SECONDS,
    QUIET_POWER,
    Run,
    faint_power,
    find_spans,
    power,
    sounding_from,
    spread_over,
    starts_in,
)


class Excerpt(NamedTuple):
    """An excerpt of a track, and its true start."""

    start: float  # seconds
    samples: np.ndarray  # (n_samples,) float32 mono


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


def read_excerpts(run: Run, planned: list[float], config: ExcerptConfig) -> list[Excerpt]:
    """Read excerpts at the planned starts, as far as the sound goes."""
    excerpts: list[Excerpt] = []
    for start in planned:
        if start > run.end + MIN_SEEK_SECONDS:
            run.seek(start)
        samples = run.read(start, config.excerpt_seconds)
        if samples is None:
            break
        if len(samples) / run.rate >= MIN_SECONDS:
            excerpts.append(Excerpt(max(0.0, round(run.read_from, 3)), _resample(samples, run.rate, config)))
    return excerpts


def _resample(samples: np.ndarray, rate: int, config: ExcerptConfig) -> np.ndarray:
    if rate != config.sample_rate:
        samples = soxr.resample(samples, rate, config.sample_rate, "HQ")
    return samples[: config.samples_per_excerpt]


def audible_excerpts(run: Run, planned: list[Excerpt], duration: float, config: ExcerptConfig) -> list[Excerpt]:
    """Keep the excerpts if all of them sound, or else hear others where there is sound along the track.

    An excerpt far below the track's own level (hiss, hum, a fade, digital silence with dither) does not count, and one
    that begins with such a second begins after it. Empty if the track is silent from beginning to end.
    """
    levels = [power(excerpt.samples) for excerpt in planned]
    loudest = max(levels, default=0.0)
    audible = _audible(planned, levels, faint_power(loudest), config)
    is_heard_whole = duration < config.excerpt_seconds * config.excerpts
    if is_heard_whole or (len(audible) == len(planned) and loudest >= QUIET_POWER):
        return audible
    spans, floor = find_spans(run, duration, loudest, config.excerpt_seconds)
    if min(levels) > floor:
        return audible
    kept = _audible(planned, levels, floor, config)
    if 2 * len(kept) < len(planned):  # most of the track is a gap: heard as if that were cut out
        kept = []
        starts = spread_over(spans, len(planned), config.excerpt_seconds)
    else:
        starts = starts_in(spans, [excerpt.start for excerpt in kept], len(planned) - len(kept), config.excerpt_seconds)
    run.seek(0.0)
    others = read_excerpts(run, starts, config)
    others = _audible(others, [power(excerpt.samples) for excerpt in others], floor, config)
    return sorted(kept + others, key=attrgetter("start")) or audible


def _audible(excerpts: list[Excerpt], levels: list[float], floor: float, config: ExcerptConfig) -> list[Excerpt]:
    """Drop the excerpts whose power is not above `floor`, and the beginnings of others that are not."""
    audible: list[Excerpt] = []
    for (start, samples), level in zip(excerpts, levels, strict=True):
        if level <= floor:
            continue
        first = sounding_from(samples, config.sample_rate, floor)
        if not first:
            audible.append(Excerpt(start, samples))
        elif len(samples) - first >= MIN_SECONDS * config.sample_rate:
            audible.append(Excerpt(round(start + first / config.sample_rate, 3), samples[first:]))
    return audible
