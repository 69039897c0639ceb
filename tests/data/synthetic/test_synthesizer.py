"""The synthesizer by its own rules: beat, swing, harmonics, modes, and that near in taste is near in sound."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from earshot.data.synthetic.synthesizer import MODES, _period, perform, pulse, sound_of, step_seconds
from earshot.data.synthetic.world import World, WorldConfig, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WorldConfig(seconds=8.0))


def test_the_pulse_fills_the_bar_from_the_downbeat():
    assert np.flatnonzero(pulse(0)).tolist() == [0]
    assert np.flatnonzero(pulse(0.25)).tolist() == [0, 8]
    assert np.flatnonzero(pulse(0.5)).tolist() == [0, 4, 8, 12]
    assert np.all(pulse(1) > 0)
    assert pulse(0.5)[4] == pytest.approx(0.9**2)  # two deep in the bar, and struck whole


def test_swing_moves_the_offbeat_and_not_the_beat(world):
    # At 60 beats a minute a beat is a second; a swing of 0.6 puts the eighth 0.6 s into it,
    # the sixteenths halfway between: 0.3 s and 0.8 s.
    sound = replace(sound_of(world.track_tastes[0]), tempo=60, swing=0.6)
    assert step_seconds(sound)[:6] == pytest.approx([0, 0.3, 0.6, 0.8, 1.0, 1.3])
    assert step_seconds(sound)[-1] == pytest.approx(4)


def test_a_waveform_has_the_harmonics_asked_for():
    # Square-like: odd harmonics only, the third at 3 ** -2 of the first; no brightness filter to speak of.
    spectrum = np.abs(np.fft.rfft(_period(hz=100, slope=2.0, hollowness=1.0, brightness=1e9)))
    assert spectrum[3] / spectrum[1] == pytest.approx(1 / 9, rel=1e-4)
    assert spectrum[2] / spectrum[1] < 1e-6
    # At the brightness, 200 Hz, a harmonic is at 1 / (1 + 1), and the one at 100 Hz is at 1 / (1 + 1/4).
    spectrum = np.abs(np.fft.rfft(_period(hz=100, slope=0.0, hollowness=0.0, brightness=200)))
    assert spectrum[2] / spectrum[1] == pytest.approx(0.5 / 0.8, rel=1e-4)


def test_each_mode_is_one_semitone_from_the_next():
    for darker, brighter in pairwise(MODES):
        assert np.subtract(brighter, darker).sum() == 1


@pytest.mark.parametrize("tempo", [90, 120, 150])
def test_the_beat_is_at_the_tempo(world, tempo):
    sound = replace(sound_of(world.track_tastes[0]), tempo=tempo, swing=0.5, drums=1.4, space=0, hats=0.6)
    samples = perform(sound, 16.0, 22_050, np.random.default_rng(0)).mean(axis=0)
    hop = 220  # samples, about 10 ms
    energy = (samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2).sum(axis=1)
    onsets = np.maximum(0, np.diff(np.log(energy + 1e-3)))
    lags = np.arange(round(0.8 * 60 / tempo * 22_050 / hop), round(1.2 * 60 / tempo * 22_050 / hop))
    echo = [np.dot(onsets[:-lag], onsets[lag:]) for lag in lags]
    assert lags[np.argmax(echo)] * hop / 22_050 == pytest.approx(60 / tempo, abs=0.011)  # within a hop


def test_near_in_taste_is_near_in_sound():
    rng = np.random.default_rng(5)
    tastes = rng.standard_normal((40, 8))
    tastes /= np.linalg.norm(tastes, axis=1, keepdims=True)
    settings = np.array([list(vars(sound_of(taste)).values()) for taste in tastes])
    low, high = settings.min(axis=0), settings.max(axis=0)
    settings = (settings - low) / (high - low)
    i, j = np.triu_indices(len(tastes), 1)
    taste_distances = np.linalg.norm(tastes[i] - tastes[j], axis=1)
    sound_distances = np.linalg.norm(settings[i] - settings[j], axis=1)
    assert np.corrcoef(taste_distances, sound_distances)[0, 1] > 0.85  # measured 0.93; unrelated knobs would give 0
