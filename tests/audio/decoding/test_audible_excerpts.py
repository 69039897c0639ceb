"""Excerpts: spread over the track, and moved to where there is sound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import excerpt_starts
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import UndecodableError
from known_sound import BRIEF, displacement, heard_noise, noise


def test_a_long_track_is_heard_in_the_middle_of_its_parts():
    # 180 s in six parts of 30 s; the middles 15, 45, ... less half of 5 s
    assert excerpt_starts(180.0, ExcerptConfig()) == [12.5, 42.5, 72.5, 102.5, 132.5, 162.5]


def test_a_track_as_long_as_its_excerpts_is_heard_whole():
    assert excerpt_starts(30.0, ExcerptConfig()) == [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]


@pytest.mark.parametrize(
    ("duration", "starts"),
    [
        (0.3, [0.0]),
        (5.0, [0.0]),
        (5.9, [0.0]),  # a rest below a second is left out
        (6.0, [0.0, 5.0]),
        (12.0, [0.0, 5.0, 10.0]),
        (29.0, [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]),
    ],
)
def test_a_short_track_is_heard_from_its_beginning(duration, starts):
    assert excerpt_starts(duration, ExcerptConfig()) == starts


@given(st.floats(0.01, 1e6), st.integers(1, 20), st.floats(1.0, 60.0))
def test_excerpts_lie_inside_the_track_and_apart(duration, n_excerpts, seconds):
    starts = excerpt_starts(duration, ExcerptConfig(excerpts=n_excerpts, excerpt_seconds=seconds))
    assert starts[0] >= -1e-9 and starts[-1] < duration
    assert (np.diff(starts) >= seconds * (1 - 1e-9)).all()
    assert 1 <= len(starts) <= n_excerpts
    if duration > seconds * n_excerpts:
        assert len(starts) == n_excerpts and starts[-1] + seconds <= duration + 1e-6


def test_others_are_heard_in_the_place_of_silent_excerpts(tmp_path):
    samples = noise(20, 16_000)
    samples[:, : 12 * 16_000] = 0  # of the excerpts at 2.3, 9.0 and 15.7 s, two are silent
    write_audio(tmp_path / "a.flac", samples, 16_000, {})
    track = decode_track(str(tmp_path / "a.flac"), BRIEF)
    # As in a track of eight seconds: the middles of three parts are 1.333, 4 and 6.667 s behind the silence.
    assert track.starts == pytest.approx([12.333, 15.0, 17.667], abs=0.001) and track.duration == 20.0
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        seconds, correlation = displacement(excerpt, start, heard_noise(20))
        assert abs(seconds) <= 0.0005 and correlation > 0.999


RATE = 8_000
QUIET = {  # dB below full scale, root mean square, of what stands between pieces of music at -24
    "silence": lambda n: np.zeros(n),
    "dither": lambda n: np.random.default_rng(1).choice([-1, 0, 1], n) / 2**15,
    "hiss at -78": lambda n: np.random.default_rng(1).standard_normal(n) * 10 ** (-78 / 20),
    "hum at -65": lambda n: np.sin(np.arange(n) / RATE * 2 * np.pi * 50) * 10 ** (-65 / 20) * 2**0.5,
    "an offset": lambda n: np.full(n, 0.01),
}


def with_gap(path, gap, before, seconds, after):
    """Noise in place of music, with a gap; return what should be heard, at 16 kHz."""
    music = noise(before + seconds + after, RATE)
    first, last = round(before * RATE), round((before + seconds) * RATE)
    music[0, first:last] = QUIET[gap](last - first)
    write_audio(path, music, RATE, {})


def in_sound(track, before, seconds):
    """Whether each excerpt begins in sound, and lies in it for two seconds at least."""
    gap_end = before + seconds
    return all(start <= before - 2 or start >= gap_end - 0.001 for start in track.starts)


@pytest.mark.parametrize("gap", QUIET)
@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "m4a"])
def test_a_gap_far_below_the_music_is_not_heard(tmp_path, gap, suffix):
    """A hidden track: of the six excerpts one lies in the music, and all six would in a track without the gap."""
    path = tmp_path / f"a.{suffix}"
    with_gap(path, gap, 60, 200, 20)
    track = decode_track(str(path), ExcerptConfig())
    assert len(track.excerpts) == 6 and in_sound(track, 60, 200)
    assert track.starts == sorted(track.starts) and np.diff(track.starts).min() >= 5
    assert any(start >= 260 for start in track.starts) and track.duration == pytest.approx(280, abs=0.1)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        assert len(excerpt) == 80_000
        if 55 < start < 60:
            continue  # its end lies in the gap
        seconds, correlation = displacement(excerpt, start, heard_noise(280))
        assert abs(seconds) <= 0.001 and correlation > 0.9


@pytest.mark.parametrize(
    ("before", "seconds", "after"),
    [(40, 540, 20), (0, 500, 30), (30, 500, 0)],  # on both sides, after a long lead-in, before a long end
)
def test_music_that_no_planned_excerpt_meets_is_found(tmp_path, before, seconds, after):
    with_gap(tmp_path / "a.flac", "silence", before, seconds, after)
    track = decode_track(str(tmp_path / "a.flac"), ExcerptConfig())
    assert len(track.excerpts) >= 3 and in_sound(track, before, seconds)


def sparse(path, length, *places):
    """Silence of so many seconds with noise at some places."""
    samples = np.zeros((1, length * RATE), dtype=np.float32)
    for begin, seconds in places:
        samples[:, begin * RATE : (begin + seconds) * RATE] = noise(seconds, RATE)
    write_audio(path, samples, RATE, {})


def test_twenty_seconds_of_an_hour_are_found(tmp_path):
    sparse(tmp_path / "a.flac", 3_600, (2_003, 20))
    track = decode_track(str(tmp_path / "a.flac"), ExcerptConfig())
    assert len(track.excerpts) == 3 and min(track.starts) >= 2_003 and max(track.starts) <= 2_018


def test_a_file_is_silent_only_if_all_of_it_is(tmp_path):
    """Four seconds lie between two looks by seeking; decoding all of it finds them."""
    sparse(tmp_path / "a.flac", 600, (302, 3))
    assert decode_track(str(tmp_path / "a.flac"), ExcerptConfig()).starts == pytest.approx([302.0], abs=1.5)
    sparse(tmp_path / "b.flac", 600)
    with pytest.raises(UndecodableError, match=r"^silence from beginning to end$"):
        decode_track(str(tmp_path / "b.flac"), ExcerptConfig())


def test_a_quiet_track_is_heard_as_planned(tmp_path):
    """At -70 dB all of it is as loud as the rest of it."""
    write_audio(tmp_path / "a.flac", noise(60, RATE) * np.float32(0.003), RATE, {})
    assert decode_track(str(tmp_path / "a.flac"), ExcerptConfig()).starts == excerpt_starts(60.0, ExcerptConfig())


def test_a_short_track_begins_where_its_sound_does(tmp_path):
    """Seventeen seconds, of which nine are silent: the excerpt from 5 to 10 s is of one second, from 9 s on."""
    with_gap(tmp_path / "a.flac", "silence", 0, 9, 8)
    track = decode_track(str(tmp_path / "a.flac"), ExcerptConfig())
    assert track.starts == [9.0, 10.0, 15.0] and [len(excerpt) for excerpt in track.excerpts] == [
        16_000,
        80_000,
        32_000,
    ]
