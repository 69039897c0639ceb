"""Lengths: a file whose declared duration is wrong is heard over all of its sound, and says so."""

import numpy as np
import pytest
import soundfile

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import excerpt_starts
from earshot.audio.decoding.decode import decode_track
from known_sound import displacement, encode, heard_noise, noise

RATE = 44_100


def vbr_mp3(path, samples, has_header=False):
    """A varying bit rate; without a header, a decoder estimates the length by the first frame."""
    options = {"container_options": {"write_xing": str(int(has_header))}, "format": "mp3"}
    encode(path, "libmp3lame", samples, RATE, codec_options={"global_quality": "700", "flags": "+qscale"}, **options)


def heard_where_it_says(track, seconds):
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        lag, correlation = displacement(excerpt, start, heard_noise(seconds))
        assert abs(lag) <= 0.06 and correlation > 0.7
    return True


@pytest.mark.parametrize(
    ("loud", "quiet", "note"),
    [
        (10, 110, "longer than it says: it says "),  # its first frame is of the highest bit rate
        (0, 120, "cut short: it says "),
    ],
)
def test_a_varying_bit_rate_without_a_header(tmp_path, loud, quiet, note):
    samples = np.random.default_rng(7).standard_normal((1, (loud + quiet) * RATE)).astype(np.float32) * np.float32(0.3)
    samples[:, loud * RATE :] = noise(loud + quiet, RATE)[:, loud * RATE :]
    if not loud:
        samples[:, : 5 * RATE] = 0  # and this one's of the lowest
    vbr_mp3(tmp_path / "a.mp3", samples)
    track = decode_track(str(tmp_path / "a.mp3"), ExcerptConfig())
    assert track.duration == pytest.approx(120, abs=0.1)
    assert track.note.startswith(note) and track.note.endswith(" s and 120.0 s could be decoded")
    assert track.starts == pytest.approx(excerpt_starts(120, ExcerptConfig()), abs=0.1)
    vbr_mp3(tmp_path / "b.mp3", samples, has_header=True)
    assert decode_track(str(tmp_path / "b.mp3"), ExcerptConfig()).note is None


@pytest.mark.parametrize("lengths", [(60, 60), (20, 90), (90, 20), (30, 30, 50)])
def test_joined_mp3_files_are_heard_to_the_end(tmp_path, lengths):
    """The header of the first counts its own frames alone."""
    content, begin, sound = b"", 0, noise(sum(lengths), RATE)
    for seconds in lengths:
        vbr_mp3(tmp_path / "part.mp3", sound[:, begin * RATE : (begin + seconds) * RATE], has_header=True)
        content, begin = content + (tmp_path / "part.mp3").read_bytes(), begin + seconds
    (tmp_path / "a.mp3").write_bytes(content)
    track = decode_track(str(tmp_path / "a.mp3"), ExcerptConfig())
    assert track.duration == pytest.approx(sum(lengths), rel=0.06)
    assert track.starts[-1] > 0.85 * sum(lengths)


@pytest.mark.parametrize("claimed", [6.0, 60.0, 100.0])
def test_a_header_that_claims_too_little(tmp_path, claimed):
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(120, 8_000)[0], 8_000)
    content = bytearray(path.read_bytes())
    facts = int.from_bytes(content[18:26], "big")  # STREAMINFO: rate, channels, depth, and in 36 bits the length
    content[18:26] = (facts >> 36 << 36 | int(claimed * 8_000)).to_bytes(8, "big")
    path.write_bytes(content)
    track = decode_track(str(path), ExcerptConfig())
    assert track.note == f"longer than it says: it says {claimed:.1f} s and 120.0 s could be decoded"
    assert track.duration == 120.0 and track.starts == excerpt_starts(120.0, ExcerptConfig())
    assert heard_where_it_says(track, 120)


@pytest.mark.parametrize("n_bytes", [1_000, 2_000_000])
def test_other_bytes_at_the_end_are_no_sound(tmp_path, n_bytes):
    """Tags and pictures may stand there, larger than all of the sound."""
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(40, 8_000)[0], 8_000)
    path.write_bytes(path.read_bytes() + b"APETAGEX" + bytes(n_bytes))
    track = decode_track(str(path), ExcerptConfig())
    assert (track.duration, track.note) == (40.0, None) and heard_where_it_says(track, 40)
