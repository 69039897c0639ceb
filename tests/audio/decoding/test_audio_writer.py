"""Sound into files: what is written reads back, by libraries that had no part in writing it."""

import av
import numpy as np
import pytest
import soundfile

from earshot.audio.decoding.audio_writer import write_audio

TAGS = {"title": "Café", "artist": "Someone", "album": "First", "genre": "Waltz", "date": "1999", "track": "4"}
CODECS = {
    "a.mp3": "mp3float", "a.flac": "flac", "a.ogg": "vorbis", "a.opus": "opus", "a.m4a": "aac", "a.wav": "pcm_s16le",
    "a.aiff": "pcm_s16be", "a.wv": "wavpack", "a.wma": "wmav2", "a.alac.m4a": "alac",
}  # fmt: skip


@pytest.fixture
def samples(rng):
    return (rng.standard_normal((2, 48_000)) * 0.1).astype(np.float32)  # one second


@pytest.mark.parametrize("name", CODECS)
def test_a_suffix_names_the_format(tmp_path, samples, name):
    write_audio(tmp_path / "new" / "folder" / name, samples, 48_000, TAGS)
    with av.open(str(tmp_path / "new" / "folder" / name)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == (CODECS[name], 48_000, 2)
        assert sum(frame.samples for frame in container.decode(stream)) == pytest.approx(48_000, abs=4_800)
        tags = {key.lower(): value for key, value in (container.metadata | stream.metadata).items()}
    assert {key: tags.get(key) for key in TAGS} == TAGS


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_lossless_means_sixteen_bits(tmp_path, samples, name):
    write_audio(tmp_path / name, samples, 48_000, {})
    written, sample_rate = soundfile.read(tmp_path / name, dtype="float32", always_2d=True)
    assert sample_rate == 48_000
    np.testing.assert_allclose(written.T, samples, atol=1 / 2**15)


@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_channels_keep_their_order(tmp_path, n_channels):
    levels = np.arange(1, n_channels + 1, dtype=np.float32) / 8  # a level for each channel, exact in 16 bits
    write_audio(tmp_path / "a.wav", np.repeat(levels[:, None], 12_345, axis=1), 8_000, {})
    written, _ = soundfile.read(tmp_path / "a.wav", always_2d=True)
    np.testing.assert_array_equal(written, np.repeat(levels[None], 12_345, axis=0))


def test_an_unknown_suffix(tmp_path, samples):
    expected = r"a\.xyz: no encoder for '\.xyz'; there are \.aiff, \.alac\.m4a, .*, \.wv, \.ogg"
    with pytest.raises(ValueError, match=expected):
        write_audio(tmp_path / "a.xyz", samples, 48_000, TAGS)
    assert not list(tmp_path.iterdir())


def test_a_layout_without_a_name(tmp_path, samples):
    with pytest.raises(ValueError, match=r"a\.wav: 3 channels; mono, stereo and 5\.1 can be written"):
        write_audio(tmp_path / "a.wav", samples[[0, 0, 1]], 48_000, TAGS)
