"""Channels: many of them and many sample formats become one, and none is lost because it opposes another."""

import av
import numpy as np
import pytest
import soundfile

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.channel_mix import mono
from earshot.audio.decoding.decode import decode_track
from known_sound import BRIEF, NUMPY_TYPES, displacement, frame_of, heard_noise, noise

# Two channels of three samples, exact in eight bits: the means are 0.25, 0.0 and -0.75.
LEFT = np.array([0.5, -0.25, -1.0])
RIGHT = np.array([0.0, 0.25, -0.5])
MEAN = np.array([0.25, 0.0, -0.75])


@pytest.mark.parametrize("planar", ["", "p"])
@pytest.mark.parametrize("sample_format", NUMPY_TYPES)
def test_every_sample_format_has_the_same_mean(sample_format, planar):
    samples = mono(frame_of([LEFT, RIGHT], sample_format + planar, "stereo"))
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, MEAN, atol=1e-7)
    np.testing.assert_allclose(mono(frame_of([LEFT], sample_format + planar, "mono")), LEFT, atol=1e-7)


def test_the_mean_is_not_the_sum_over_the_square_root():
    """FFmpeg's downmix of two equal channels is 1.414 times as loud; a mono copy would sound different."""
    stereo = frame_of([LEFT, LEFT], "fltp", "stereo")
    downmix = av.AudioResampler("fltp", "mono", 8_000).resample(stereo)[0].to_ndarray()[0]
    np.testing.assert_allclose(downmix, LEFT * 2**0.5, atol=1e-6)  # the trap is there
    np.testing.assert_array_equal(mono(stereo), LEFT.astype(np.float32))  # and we are not in it


def test_six_channels_weigh_the_same():
    # (0.125 + 0.25 + 0.375 + 0.5 + 0.625 + 0.75) / 6 = 2.625 / 6 = 0.4375
    levels = np.arange(1, 7)[:, None] / 8 * np.ones((6, 10))
    for sample_format in ("s16", "s16p", "flt", "fltp"):
        np.testing.assert_allclose(mono(frame_of(levels, sample_format, "5.1")), 0.4375, atol=1e-7)


def test_two_equal_channels_upside_down_are_heard_as_one():
    tone = np.sin(np.arange(4_000) / 7)
    for sample_format in ("s16", "s16p", "u8", "fltp"):
        mix = mono(frame_of([tone * 0.5, tone * -0.5], sample_format, "stereo"))
        np.testing.assert_allclose(mix, tone * 0.5, atol=1 / 2**6 if sample_format == "u8" else 1e-4)


@pytest.mark.parametrize("share", [0.99, 0.7, 0.5, 0.2])
def test_a_channel_that_nearly_cancels_the_other_is_turned(share):
    """The mean is taken where 0.4 of left remains; where 0.15 would remain, a channel is turned round."""
    tone = np.sin(np.arange(4_000) / 7) * 0.5
    mix = mono(frame_of([tone, -share * tone], "fltp", "stereo"))
    expected = (1 + share) / 2 if share >= 0.5 else (1 - share) / 2
    np.testing.assert_allclose(mix, expected * tone, atol=1e-6)


def test_two_pairs_that_cancel_in_six_channels(rng):
    left, right = rng.standard_normal((2, 10_000)) * 0.1
    nothing = np.zeros(10_000)
    mix = mono(frame_of([left, right, nothing, nothing, -left, -right], "fltp", "5.1"))
    # Each pair is turned the same way round, and two unrelated sounds any way round.
    assert np.abs(np.corrcoef(mix, left)[0, 1]) > 0.69 and np.abs(np.corrcoef(mix, right)[0, 1]) > 0.69
    assert np.std(mix) == pytest.approx(2 * 2**0.5 * 0.1 / 6, rel=0.05)


def test_wide_stereo_is_averaged_bit_for_bit(rng):
    """The channels have a correlation of -0.5: the mean has half the energy that unrelated channels leave in it."""
    middle, side = rng.standard_normal((2, 10_000)) * 0.1
    channels = np.array([middle * 3**-0.5 + side, middle * 3**-0.5 - side], dtype=np.float32)
    mean = channels[0] + channels[1]
    np.testing.assert_array_equal(mono(frame_of(channels, "fltp", "stereo")), mean * np.float32(0.5))


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "opus", "m4a", "wma"])
def test_opposite_channels_are_no_silence(tmp_path, suffix):
    """The mean of a lossy file holds its residue alone, which is not the music."""
    sample_rate, path = 48_000 if suffix == "opus" else 44_100, tmp_path / f"a.{suffix}"
    one = noise(20, sample_rate)
    write_audio(path, np.concatenate([one, -one]), sample_rate, {})
    track = decode_track(str(path), BRIEF)
    assert len(track.excerpts) == 3
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        seconds, correlation = displacement(excerpt, start, heard_noise(20))
        assert abs(seconds) <= 0.05 and correlation > 0.9
        assert np.std(excerpt) == pytest.approx(0.1, rel=0.1)


def test_four_channels_of_which_each_has_its_opposite(tmp_path):
    first, second = noise(8, 16_000, 2)
    samples = np.stack([first, -first, second, -second])
    soundfile.write(tmp_path / "a.wav", samples.T, 16_000)
    track = decode_track(str(tmp_path / "a.wav"), ExcerptConfig())
    np.testing.assert_allclose(np.abs(track.excerpts[0]).max(), 0.25, atol=0.1)
