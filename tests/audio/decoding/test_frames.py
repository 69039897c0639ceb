"""Frames: a file may change its format midway, and its packets tell where it ends."""

from fractions import Fraction

import av
import numpy as np
import pytest

from earshot.audio.decoding.frames import FrameRun
from known_sound import frame_of


class Packet:
    def __init__(self, frame, position=None):
        self.frame, self.pos = frame, position

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


def test_the_end_is_foretold_by_the_bytes_of_what_is_decoded():
    """Two seconds take the bytes from 100 to 300; 700 more are seven seconds."""

    class Numbered(Script):
        def demux(self, stream):
            yield from (Packet(frame, 100 + 100 * number) for number, frame in enumerate(self.frames))

    run = FrameRun(script := Numbered(*(level(number / 8) for number in range(4))), script)
    assert run.likely_end(1_000) == 0.0
    run.read(0.0, 3.0)  # the third packet begins at 300, and its second is decoded
    assert run.decoded_to == 3.0 and run.likely_end(1_000) == pytest.approx(3.0 + 700 * 3.0 / 200)
