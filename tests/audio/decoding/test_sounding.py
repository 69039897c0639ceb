"""Levels, and the search for spans of sound, on runs whose sound is known."""

import numpy as np
import pytest

from earshot.audio.decoding.sounding import Span, faint_power, find_spans, power, sounding_from, spread_over, starts_in

RATE = 1_000


class Recording:
    """A run over samples in memory, and the number of its seeks."""

    def __init__(self, samples):
        self.samples, self.rate = samples.astype(np.float32), RATE
        self.end = self.read_from = self.decoded_to = 0.0
        self.n_seeks = 0

    def seek(self, position):
        self.n_seeks += 1
        self.end = position

    def read(self, start, seconds):
        first = round(start * RATE)
        samples = self.samples[first : first + round(seconds * RATE)]
        self.read_from, self.end = start, start + len(samples) / RATE
        self.decoded_to = max(self.decoded_to, self.end)
        return samples if len(samples) else None


def recording(seconds, *places):
    samples = np.zeros(seconds * RATE)
    for begin, end in places:
        samples[begin * RATE : end * RATE] = np.random.default_rng(7).standard_normal((end - begin) * RATE) * 0.1
    return Recording(samples)


def test_power_by_hand():
    # the mean of 1, -1, 3, 1 is 1; the squares about it are 0, 4, 4 and 0, on average 2
    assert power(np.array([1, -1, 3, 1], dtype=np.float32)) == pytest.approx(2.0)


@pytest.mark.parametrize("offset", [0.0, 0.01, -1.0])
def test_silence_has_no_power_whatever_its_offset(offset):
    dither = np.random.default_rng(7).choice([-1, 0, 1], 80_000) / 2**15
    assert power((dither + offset).astype(np.float32)) == 0.0
    assert power(np.zeros(0, dtype=np.float32)) == 0.0


@pytest.mark.parametrize(
    ("loudest", "faint"),
    [
        (10**-2.4, 10**-5.4 / 10**0.6),  # -24 dBFS: up to -60
        (10**-1.0, 10**-5.0),  # -10 dBFS: up to -50, which are 40 dB less
        (10**-4.0, 10**-7.0),  # -40 dBFS: up to -70, which are 30 dB less
    ],
)
def test_what_is_faint(loudest, faint):
    assert faint_power(loudest) == pytest.approx(faint)


def test_the_beginning_of_sound():
    samples = np.zeros(5_000, dtype=np.float32)
    samples[3_000:] = np.sin(np.arange(2_000))
    assert sounding_from(samples, RATE, 1e-4) == 3_000
    assert sounding_from(samples[1_500:], RATE, 1e-4) == 0  # a pause of a second and a half
    assert sounding_from(samples[:3_000], RATE, 1e-4) == 3_000


@pytest.mark.parametrize(("seconds", "place"), [(600, (300, 340)), (3_600, (2_003, 2_023)), (600, (0, 40))])
def test_spans_are_found_to_a_second(seconds, place):
    run = recording(seconds, place)
    [span], floor = find_spans(run, seconds, 0.0, 5.0)
    assert span.begin == pytest.approx(place[0], abs=1) and span.end == pytest.approx(place[1], abs=1)
    assert 0 < floor < 1e-5 and run.n_seeks < 320


def test_a_moment_between_two_looks_is_found_by_reading_all():
    spans, _ = find_spans(recording(600, (302, 304)), 600, 0.0, 5.0)
    assert spans == [Span(302.0, pytest.approx(304.0, abs=0.3))]
    assert find_spans(recording(600), 600, 0.0, 5.0)[0] == []


def test_a_long_recording_is_not_read_whole():
    run = recording(7_200)
    assert find_spans(run, 7_200, 0.0, 5.0)[0] == [] and run.n_seeks < 500


@pytest.mark.parametrize(
    ("taken", "n_more", "starts"),
    [
        ([], 1, [47.5]),  # the middle of the longer one
        ([], 3, [21.25, 47.5, 73.75]),  # and of its halves
        ([47.5], 3, [21.25, 73.75, 122.5]),
        ([0.0, 200.0], 1, [50.0]),  # 5 to 100 s; the other lies elsewhere
    ],
)
def test_excerpts_lie_in_the_longest_stretches(taken, n_more, starts):
    assert starts_in([Span(0, 100), Span(110, 140)], taken, n_more, 5.0) == starts


def test_an_excerpt_begins_with_a_span_that_is_shorter():
    assert starts_in([Span(10, 12), Span(30, 31)], [], 6, 5.0) == [10, 30]
    assert starts_in([], [], 6, 5.0) == []


def test_excerpts_spread_over_the_sound_as_if_it_were_all():
    # 150 s in three parts of 50 s: the middles 25, 75 and 125, the last of which is 5 s behind the gap
    assert spread_over([Span(0, 120), Span(480, 510)], 3, 5.0) == [22.5, 72.5, 482.5]
