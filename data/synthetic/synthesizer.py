"""A synthesizer that renders a point of taste as music: chords, bass, melody and drums, on a beat, in sections.

``sound_of`` maps a taste smoothly to the settings of the band, so that near in taste is near in sound; ``perform``
plays those settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import pairwise
from typing import Annotated, NamedTuple, get_args, get_type_hints

import numpy as np

MASTER_RATE = 22_050  # Hz. Other rates are resampled from it, so a file's rate says nothing of its music.
PEAK = 0.89  # of full scale 1.0
TABLE_SIZE = 2_048  # samples in one period of a waveform
STEPS_PER_BAR = 16  # sixteenth notes: four beats of four

# Metrical depth of each sixteenth: the downbeat, the half, the beats, the eighths, the rest.
DEPTH = np.array([0, 4, 3, 4, 2, 4, 3, 4, 1, 4, 3, 4, 2, 4, 3, 4])
KICK_BACKBEAT = np.array([1.0, 0, 0, 0, 0, 0, 0, 0.6, 0, 0, 0.9, 0, 0, 0, 0, 0])
KICK_FOUR = np.array([1.0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])
SNARE = np.array([0, 0, 0, 0, 1.0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0.25])

# Semitones above the tonic, from dark to bright; each mode moves one note of the one before it.
MODES = (
    (0, 1, 3, 5, 7, 8, 10),  # phrygian
    (0, 2, 3, 5, 7, 8, 10),  # aeolian, the natural minor
    (0, 2, 3, 5, 7, 9, 10),  # dorian
    (0, 2, 4, 5, 7, 9, 10),  # mixolydian
    (0, 2, 4, 5, 7, 9, 11),  # ionian, the major
    (0, 2, 4, 6, 7, 9, 11),  # lydian
)
PROGRESSIONS = ((0, 5, 3, 4), (0, 3, 4, 3), (0, 4, 5, 3), (0, 2, 3, 4), (0, 6, 5, 4), (5, 3, 0, 4))  # degrees


class Section(NamedTuple):
    """Levels of the players in a stretch of the song, as gains; ``end`` is a share of the song."""

    end: float
    chords: float
    bass: float
    melody: float
    drums: float


SONG = (
    Section(end=0.12, chords=0.7, bass=0.0, melody=0.0, drums=0.0),  # intro
    Section(end=0.42, chords=0.7, bass=0.8, melody=0.6, drums=0.7),  # verse
    Section(end=0.68, chords=1.0, bass=1.0, melody=1.0, drums=1.0),  # chorus
    Section(end=0.80, chords=0.8, bass=0.4, melody=0.6, drums=0.2),  # break
    Section(end=1.00, chords=1.0, bass=1.0, melody=1.0, drums=1.0),  # chorus again
)


class Knob(NamedTuple):
    """The range of a setting; ``by_ratio`` spaces it evenly to the ear, as for tempo and pitch."""

    low: float
    high: float
    meaning: str
    by_ratio: bool = False

    def at(self, turn: float) -> float:
        """Compute the setting at a turn of the knob in [0, 1]."""
        if self.by_ratio:
            return float(self.low * (self.high / self.low) ** turn)
        return float(self.low + (self.high - self.low) * turn)


@dataclass(frozen=True)
class Sound:
    """The settings of the band, one knob a field."""

    tempo: Annotated[float, Knob(72, 160, "beats per minute", by_ratio=True)]
    brightness: Annotated[float, Knob(500, 7_000, "Hz, where harmonics begin to fade", by_ratio=True)]
    slope: Annotated[float, Knob(0.6, 2.4, "harmonic h has amplitude h to the minus this")]
    hollowness: Annotated[float, Knob(0.0, 1.0, "0 keeps every harmonic, like a saw; 1 only odd ones")]
    attack: Annotated[float, Knob(0.004, 0.15, "seconds until a note is at its loudest", by_ratio=True)]
    decay: Annotated[float, Knob(0.12, 3.0, "seconds until a held note falls to 1/e", by_ratio=True)]
    register: Annotated[float, Knob(48, 65, "lowest chord note, MIDI number")]
    mode: Annotated[float, Knob(0, 5.999, "row of MODES, from dark to bright")]
    key: Annotated[float, Knob(0, 11.999, "fifths above C: neighbours share six notes of seven")]
    richness: Annotated[float, Knob(0.0, 1.0, "level of the seventh in each chord")]
    busyness: Annotated[float, Knob(0.1, 0.9, "how much of the bar chords, bass and melody fill")]
    swing: Annotated[float, Knob(0.5, 0.67, "where the offbeat falls in the beat: even, or a triplet")]
    groove: Annotated[float, Knob(0.0, 1.0, "0 is a backbeat, 1 is four on the floor")]
    drums: Annotated[float, Knob(0.1, 1.4, "gain of the drums")]
    hats: Annotated[float, Knob(0.2, 1.0, "how much of the bar the hats fill")]
    noise: Annotated[float, Knob(0.001, 0.05, "RMS of the hiss", by_ratio=True)]
    space: Annotated[float, Knob(0.0, 0.6, "gain of the echo")]


N_KNOBS = len(fields(Sound))


@cache
def _knobs() -> dict[str, Knob]:
    hints = get_type_hints(Sound, include_extras=True)
    return {name: get_args(hint)[1] for name, hint in hints.items()}


@cache
def _projection(taste_dim: int) -> np.ndarray:
    """Projection of tastes to knobs, the same in every world: shape (N_KNOBS, taste_dim), orthonormal columns.

    Orthonormal columns keep distances: two tastes are as far apart as their knobs.
    """
    return np.linalg.qr(np.random.default_rng(1709).standard_normal((N_KNOBS, taste_dim)))[0]


def sound_of(taste: np.ndarray) -> Sound:
    """Map a taste of shape (taste_dim,) on the unit sphere to settings of the band; taste_dim <= N_KNOBS."""
    projected = np.sqrt(N_KNOBS) * (_projection(len(taste)) @ taste)  # (N_KNOBS,), about a standard normal each
    turns = (1 + np.tanh(0.8 * projected)) / 2  # in (0, 1), about uniform
    return Sound(**{name: knob.at(turn) for (name, knob), turn in zip(_knobs().items(), turns, strict=True)})


def perform(sound: Sound, seconds: float, sample_rate: int, rng: np.random.Generator) -> np.ndarray:
    """Compose a song and play it: float32, shape (2, n_samples), with its peak at PEAK."""
    stage = np.zeros((2, round(seconds * MASTER_RATE)), np.float32)
    progression = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    verse, chorus = _motif(sound, rng), _motif(sound, rng)
    kit = _drum_kit(rng)
    bar_seconds = 4 * 60 / sound.tempo
    for bar in range(int(np.ceil(seconds / bar_seconds))):
        start = bar * bar_seconds
        section = next((section for section in SONG if start / seconds < section.end), SONG[-1])
        root = progression[bar % len(progression)]
        tune = root + (chorus if section.melody == 1 else verse)
        _play_chords(stage, sound, start, root, section.chords)
        _play_bass(stage, sound, start, root, section.bass)
        _play_melody(stage, sound, start, tune, section.melody)
        _play_drums(stage, sound, start, kit, section.drums)
    record = _resampled(_mixed(stage, sound, rng), sample_rate)
    return record * np.float32(PEAK / np.abs(record).max())  # last, as resampling moves the peaks


def pulse(density: float) -> np.ndarray:
    """Velocity of each sixteenth, shape (16,) in [0, 1]; a denser bar fills in, the deepest steps last."""
    filled: np.ndarray = np.clip(4 * density + 1 - DEPTH, 0, 1)
    return filled * 0.9**DEPTH


def step_seconds(sound: Sound) -> np.ndarray:
    """Seconds from the downbeat to each sixteenth and to the next downbeat, shape (17,)."""
    beats = np.arange(STEPS_PER_BAR + 1) / 4
    swung = np.floor(beats) + np.interp(beats % 1, [0, 0.5, 1], [0, sound.swing, 1])
    return swung * 60 / sound.tempo


def _motif(sound: Sound, rng: np.random.Generator) -> np.ndarray:
    """Draw one bar of melody: shape (16,), scale degrees above the chord's root, NaN where no note starts."""
    wander = np.cumsum(rng.integers(-2, 3, STEPS_PER_BAR)) % 10
    starts = rng.random(STEPS_PER_BAR) < 0.9 * pulse(0.3 + 0.6 * sound.busyness)
    starts[0] = True
    return np.where(starts, wander, np.nan)


def _pitch(sound: Sound, degree: float, lowest: float) -> float:
    """MIDI number of a scale degree, in the octave that begins at ``lowest``."""
    tonic = 7 * int(sound.key) % 12
    return lowest + (tonic + MODES[int(sound.mode)][int(degree) % 7] - lowest) % 12


def _note(sound: Sound, pitches: list[float], levels: list[float], seconds: float, brightness: float) -> np.ndarray:
    """Play pitches together under one envelope: float32, shape (n_samples,)."""
    t = np.arange(round(seconds * MASTER_RATE), dtype=np.float32) / MASTER_RATE
    wave: np.ndarray = np.zeros(len(t), np.float32)
    for pitch, level in zip(pitches, levels, strict=True):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        phase = (t * np.float32(hz * TABLE_SIZE)).astype(np.int32) % TABLE_SIZE
        wave += np.float32(level) * _period(hz, sound.slope, sound.hollowness, brightness)[phase]
    release = np.minimum((seconds - t) / 0.02, 1)  # without it, every note would end in a click
    wave *= np.minimum(t / sound.attack, 1) * np.exp(-t / sound.decay) * release
    return wave


@lru_cache(maxsize=256)
def _period(hz: float, slope: float, hollowness: float, brightness: float) -> np.ndarray:
    """One period of the waveform at unit power, with no harmonic above 10 kHz that could alias."""
    harmonics = np.arange(1, max(2, int(10_000 / hz)))
    amplitudes = harmonics**-slope / (1 + (harmonics * hz / brightness) ** 2)
    amplitudes[1::2] *= 1 - hollowness
    spectrum = np.zeros(TABLE_SIZE // 2 + 1, complex)
    spectrum[harmonics] = -1j * amplitudes / np.linalg.norm(amplitudes)
    period: np.ndarray = np.fft.irfft(spectrum) * TABLE_SIZE / np.sqrt(2)
    return period.astype(np.float32)


def _strikes(sound: Sound, velocities: np.ndarray) -> Iterator[tuple[int, float, float, float]]:
    """Yield each step with a velocity above 0, as (step, seconds, seconds until the next, velocity)."""
    times = step_seconds(sound)
    steps = np.flatnonzero(velocities > 0.02)
    for step, following in pairwise([*steps, STEPS_PER_BAR]):
        yield int(step), times[step], times[following] - times[step], velocities[step]


def _place(stage: np.ndarray, samples: np.ndarray, second: float, left: float, right: float) -> None:
    """Add mono samples to the stage at a moment, cut at the end of the stage."""
    start = round(second * MASTER_RATE)
    samples = samples[: max(0, stage.shape[1] - start)]
    stage[0, start : start + len(samples)] += np.float32(left) * samples
    stage[1, start : start + len(samples)] += np.float32(right) * samples


def _play_chords(stage: np.ndarray, sound: Sound, start: float, root: int, level: float) -> None:
    pitches = [_pitch(sound, root + third, sound.register) for third in (0, 2, 4, 6)]
    voices = [1, 1, 1, sound.richness]
    for _, second, length, velocity in _strikes(sound, pulse(0.8 * sound.busyness)):
        chord = _note(sound, pitches, voices, length, sound.brightness)
        _place(stage, chord, start + second, 0.11 * level * velocity, 0.09 * level * velocity)


def _play_bass(stage: np.ndarray, sound: Sound, start: float, root: int, level: float) -> None:
    pitch = _pitch(sound, root, 33)  # from A1 up
    for _, second, length, velocity in _strikes(sound, pulse(sound.busyness)):
        note = _note(sound, [pitch], [1], length, 250 + sound.brightness / 5)
        _place(stage, note, start + second, 0.25 * level * velocity, 0.25 * level * velocity)


def _play_melody(stage: np.ndarray, sound: Sound, start: float, degrees: np.ndarray, level: float) -> None:
    for step, second, length, _ in _strikes(sound, np.isfinite(degrees)):
        pitch = _pitch(sound, degrees[step], sound.register + 12)
        note = _note(sound, [pitch], [1], length, 1.5 * sound.brightness)
        _place(stage, note, start + second, 0.12 * level, 0.17 * level)


def _drum_kit(rng: np.random.Generator) -> list[np.ndarray]:
    """Make a kick, a snare and a hat, each a mono hit: a falling sine, noise over a tone, and bright noise."""
    t = np.arange(round(0.25 * MASTER_RATE)) / MASTER_RATE
    noise = rng.standard_normal((2, len(t)))
    kick = np.sin(2 * np.pi * (45 * t - 110 / 30 * np.exp(-30 * t))) * np.exp(-t / 0.09)  # 155 to 45 Hz
    snare = (0.3 * noise[0] + 0.6 * np.sin(2 * np.pi * 185 * t)) * np.exp(-t / 0.06)
    hat = 0.2 * np.diff(noise[1], append=0) * np.exp(-t / 0.025)  # the difference takes away the lows
    return [hit.astype(np.float32) for hit in (kick, snare, hat)]


def _play_drums(stage: np.ndarray, sound: Sound, start: float, kit: list[np.ndarray], level: float) -> None:
    kicks = KICK_BACKBEAT * (1 - sound.groove) + KICK_FOUR * sound.groove
    gain = 0.5 * level * sound.drums
    for hit, velocities, left in zip(kit, (kicks, SNARE, pulse(sound.hats)), (1.0, 1.0, 0.6), strict=True):
        for _, second, _, velocity in _strikes(sound, velocities):
            _place(stage, hit, start + second, gain * velocity * left, gain * velocity)


def _mixed(stage: np.ndarray, sound: Sound, rng: np.random.Generator) -> np.ndarray:
    """Mix the record: an echo that changes sides, hiss and a soft limit."""
    delay = round(step_seconds(sound)[3] * MASTER_RATE)  # a dotted eighth
    wet = stage.copy()
    wet[:, delay:] += np.float32(sound.space) * stage[::-1, :-delay]
    wet += np.float32(sound.noise) * rng.standard_normal(stage.shape, np.float32)
    record: np.ndarray = np.tanh(wet)
    return record


def _resampled(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Resample (2, n) samples from MASTER_RATE to ``sample_rate``: the same spectrum, cut or padded."""
    if sample_rate == MASTER_RATE:
        return samples
    n_out = round(samples.shape[1] * sample_rate / MASTER_RATE)
    spectrum = np.fft.rfft(samples)[:, : n_out // 2 + 1]
    return np.fft.irfft(spectrum, n_out).astype(np.float32)
