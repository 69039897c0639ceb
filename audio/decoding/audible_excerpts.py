"""Excerpts of a track: where they lie, and how they are read from a run of decoded sound."""

from dataclasses import dataclass, field
from operator import itemgetter

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


@dataclass
class Excerpts:
    """Excerpts of one track, each (n_samples,) float32 mono, and their true starts in seconds."""

    samples: list[np.ndarray] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.samples)


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


def read_excerpts(run: Run, planned: list[float], config: ExcerptConfig) -> Excerpts:
    """Read excerpts at the planned starts, as far as the sound goes."""
    excerpts = Excerpts()
    for start in planned:
        if start > run.end + MIN_SEEK_SECONDS:
            run.seek(start)
        samples = run.read(start, config.excerpt_seconds)
        if samples is None:
            break
        if len(samples) / run.rate >= MIN_SECONDS:
            excerpts.samples.append(_resample(samples, run.rate, config))
            excerpts.starts.append(max(0.0, round(run.read_from, 3)))
    return excerpts


def _resample(samples: np.ndarray, rate: int, config: ExcerptConfig) -> np.ndarray:
    if rate != config.sample_rate:
        samples = soxr.resample(samples, rate, config.sample_rate, "HQ")
    return samples[: config.samples_per_excerpt]


def audible_excerpts(run: Run, planned: Excerpts, duration: float, config: ExcerptConfig) -> Excerpts:
    """Keep the excerpts if all of them sound, or else hear others where there is sound along the track.

    An excerpt far below the track's own level (hiss, hum, a fade, digital silence with dither) does not count, and one
    that begins with such a second begins after it. Empty if the track is silent from beginning to end.
    """
    levels = [power(samples) for samples in planned.samples]
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
        kept = Excerpts()
        starts = spread_over(spans, len(planned), config.excerpt_seconds)
    else:
        starts = starts_in(spans, kept.starts, len(planned) - len(kept), config.excerpt_seconds)
    run.seek(0.0)
    others = read_excerpts(run, starts, config)
    others = _audible(others, [power(samples) for samples in others.samples], floor, config)
    both = sorted(zip(kept.starts + others.starts, kept.samples + others.samples, strict=True), key=itemgetter(0))
    return Excerpts([samples for _, samples in both], [start for start, _ in both]) if both else audible


def _audible(excerpts: Excerpts, levels: list[float], floor: float, config: ExcerptConfig) -> Excerpts:
    """Drop the excerpts whose power is not above `floor`, and the beginnings of others that are not."""
    audible = Excerpts()
    for samples, start, level in zip(excerpts.samples, excerpts.starts, levels, strict=True):
        if level <= floor:
            continue
        first = sounding_from(samples, config.sample_rate, floor)
        if not first:
            audible.samples.append(samples)
            audible.starts.append(start)
        elif len(samples) - first >= MIN_SECONDS * config.sample_rate:
            audible.samples.append(samples[first:])
            audible.starts.append(round(start + first / config.sample_rate, 3))
    return audible
