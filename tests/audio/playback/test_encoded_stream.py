"""Streams that are encoded anew: of the right format, rate and length, from any moment."""

import io

import av
import numpy as np
import pytest

from earshot.audio.playback.encoded_stream import FORMATS, EncodedStream
from played_files import source_of_file, write_noise


def streamed(source, *arguments):
    stream, parts = EncodedStream(source, *arguments), []
    while part := stream.read():
        parts.append(part)
    assert stream.read() == b""
    stream.close()
    return parts


@pytest.mark.parametrize(("form", "codec", "rate"), [("mp3", "mp3float", 44_100), ("opus", "opus", 48_000)])
@pytest.mark.parametrize("begin", [0.0, 1.5])
def test_it_is_what_was_asked_for(tmp_path, form, codec, rate, begin):
    samples = write_noise(tmp_path, "flac")
    parts = streamed(source_of_file(tmp_path / "noise.flac", 4.0), form, 128, begin)
    with av.open(io.BytesIO(b"".join(parts))) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == codec and stream.codec_context.sample_rate == rate
        frames = [frame.to_ndarray()[0] for frame in container.decode(stream)]
    heard = np.concatenate(frames)
    assert len(heard) / rate == pytest.approx(4.0 - begin, abs=0.1)
    n_kbits = 8 * sum(map(len, parts)) / 1_000
    assert n_kbits / (4.0 - begin) == pytest.approx(128, rel=0.25)
    if form == "mp3":
        original = samples[0, round(begin * 44_100) :][: 44_100 * 2]
        best = max(np.corrcoef(heard[lag : lag + len(original)], original)[0, 1] for lag in range(900, 1_400))
        assert best > 0.9


def test_it_begins_before_the_file_was_read(tmp_path):
    write_noise(tmp_path, "flac", seconds=8.0)
    parts = streamed(source_of_file(tmp_path / "noise.flac", 8.0), "mp3", 320)
    assert len(parts) > 6 and len(parts[0]) < sum(map(len, parts)) / 4


@pytest.mark.parametrize(("asked", "least", "most"), [(1, 25, 40), (10_000, 290, 340)])
def test_bit_rates_have_bounds(tmp_path, asked, least, most):
    write_noise(tmp_path, "flac")
    n_bytes = sum(map(len, streamed(source_of_file(tmp_path / "noise.flac", 4.0), "mp3", asked)))
    assert least < 8 * n_bytes / 4_000 < most


def test_one_that_nobody_hears_is_closed_in_the_middle(tmp_path):
    write_noise(tmp_path, "flac")
    stream = EncodedStream(source_of_file(tmp_path / "noise.flac", 4.0), "mp3", 128)
    assert stream.read()
    stream.close()
    assert set(FORMATS) == {"mp3", "opus"}
