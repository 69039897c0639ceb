"""Frames: many channels and sample formats become one, and a file may change its mind midway."""

from fractions import Fraction

import av
import numpy as np
import pytest

from earshot.audio.decoding.frames import FrameRun, mono

# Two channels of three samples, exact in eight bits: the means are 0.25, 0.0 and -0.75.
LEFT = np.array([0.5, -0.25, -1.0])
RIGHT = np.array([0.0, 0.25, -0.5])
MEAN = np.array([0.25, 0.0, -0.75])

NUMPY_TYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}


def frame_of(channels, sample_format, layout, sample_rate=8_000):
    """An FFmpeg frame of channels in [-1, 1), shape (n_channels, n_samples)."""
    kind = np.dtype(NUMPY_TYPES[sample_format.removesuffix("p")])
    stored = np.asarray(channels, dtype=np.float64)
    if kind.kind in "iu":
        stored = stored * 2 ** (8 * kind.itemsize - 1) + (128 if kind == np.uint8 else 0)
    stored = stored.astype(kind)
    if not sample_format.endswith("p"):
        stored = stored.T.reshape(1, -1)  # interleaved: left, right, left, right, ...
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stored), format=sample_format, layout=layout)
    frame.sample_rate = sample_rate
    return frame


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


class Packet:
    def __init__(self, frame):
        self.frame = frame

    def decode(self):
        if self.frame is None:
            raise av.error.InvalidDataError(1, "this packet is damaged")
        return [self.frame]


class Script:
    """A container and its stream, made of frames: what a decoder could return, in order. None is a damaged packet."""

    def __init__(self, *frames, ends_badly=False):
        self.frames, self.ends_badly = frames, ends_badly
        self.start_time, self.time_base, self.sample_rate = 0, 1 / 8_000, 8_000
        self.codec_context = self

    def demux(self, stream):
        yield from map(Packet, self.frames)
        if self.ends_badly:
            raise av.error.InvalidDataError(1, "no packet can be found from here on")

    def seek(self, position):
        raise av.FFmpegError(1, "not seekable")


def level(value, n_samples=8_000, **frame):
    return frame_of(np.full((1, n_samples), value), "flt", "mono", **frame)


def test_a_run_is_read_in_stretches():
    run = FrameRun(script := Script(level(0.125), level(0.25), level(0.5, n_samples=4_000)), script)
    first, second, rest = run.read(0.0, 1.5), run.read(1.5, 0.5), run.read(2.0, 5.0)
    np.testing.assert_array_equal(first, np.repeat([0.125, 0.25], [8_000, 4_000]).astype(np.float32))
    np.testing.assert_array_equal(second, np.full(4_000, 0.25, dtype=np.float32))
    np.testing.assert_array_equal(rest, np.full(4_000, 0.5, dtype=np.float32))
    assert run.read(2.5, 1.0) is None
    assert run.decoded_to == 2.5


def test_what_lies_between_two_stretches_is_dropped():
    run = FrameRun(script := Script(*(level(number / 8) for number in range(6))), script)
    assert set(run.read(1.0, 1.0)) == {0.125}
    run.seek(4.0)  # cannot: decode on
    assert set(run.read(4.0, 1.0)) == {0.5}
    assert run.end >= 5.0


@pytest.mark.parametrize(
    ("moment", "begin"),
    [
        (45.0, 45.0),  # five seconds on from where the seek lands: decoded, and dropped
        (100.0, 40.0),  # a minute on: what is there is heard instead
    ],
)
def test_a_seek_that_lands_early(moment, begin):
    frames = [level(number % 8 / 8) for number in range(40, 110)]  # a second each, from the fortieth on
    frames[0].pts, frames[0].time_base = 40 * 8_000, Fraction(1, 8_000)
    script = Script(*frames)
    script.seek = lambda position: None  # its index has one entry
    run = FrameRun(script, script)
    run.seek(moment)
    np.testing.assert_array_equal(run.read(moment, 1.0), np.full(8_000, begin % 8 / 8, dtype=np.float32))
    assert run.begin == begin + 1.0


def test_a_file_may_change_its_rate_and_channels():
    """The second half has twice the rate, the last frame a second channel; time goes on all the same."""
    stereo = frame_of(np.full((2, 8_000), 0.5), "s16", "stereo")
    run = FrameRun(script := Script(level(0.5), level(0.5, n_samples=16_000, sample_rate=16_000), stereo), script)
    samples = run.read(0.0, 3.0)
    assert len(samples) == pytest.approx(24_000, abs=100) and run.rate == 8_000
    np.testing.assert_allclose(samples[100:15_900], 0.5, atol=0.01)
    assert samples[16_100:23_900].min() > 0.4


def test_a_damaged_packet_is_stepped_over():
    run = FrameRun(script := Script(level(0.25), None, level(0.5)), script)
    np.testing.assert_array_equal(run.read(0.0, 5.0), np.repeat([0.25, 0.5], 8_000).astype(np.float32))


def test_a_damaged_end_keeps_what_came_before():
    run = FrameRun(script := Script(level(0.25), ends_badly=True), script)
    assert set(run.read(0.0, 5.0)) == {0.25}
    assert run.read(1.0, 5.0) is None and run.decoded_to == 1.0
