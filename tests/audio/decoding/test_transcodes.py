"""Other encodings of a file: each is decoded again, and nothing else is written."""

import hashlib

import numpy as np
import pytest

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.decoding.transcodes import WAYS, transcode

SECONDS = 3


@pytest.mark.parametrize(("rate", "n_channels"), [(44_100, 2), (16_000, 1), (96_000, 2)])
def test_ten_encodings_hold_the_sound_of_the_file(rate, n_channels, tmp_path):
    times = np.arange(SECONDS * rate) / rate
    sound = 0.3 * np.sin(2 * np.pi * 440 * times) + 0.1 * np.sin(2 * np.pi * 1_000 * times) * (times % 0.5 < 0.2)
    path, folder = tmp_path / "a.flac", tmp_path / "made"
    folder.mkdir()
    write_audio(path, np.tile(sound.astype(np.float32), (n_channels, 1)), rate, {})
    before = hashlib.sha256(path.read_bytes()).digest()
    encodings = transcode(str(path), str(folder), ExcerptConfig())
    assert list(encodings) == list(WAYS) and len(WAYS) == 10
    assert list(folder.iterdir()) == [] and hashlib.sha256(path.read_bytes()).digest() == before
    exact = np.abs(np.fft.rfft(encodings["FLAC"].excerpts[0]))
    for way, decoded in encodings.items():
        assert decoded.duration == pytest.approx(SECONDS, abs=0.15), way
        other = np.abs(np.fft.rfft(decoded.excerpts[0], n=len(encodings["FLAC"].excerpts[0])))
        assert exact @ other / np.linalg.norm(exact) / np.linalg.norm(other) > 0.95, way
    codecs = {way: decoded.codec for way, decoded in encodings.items()}
    assert codecs["MP3 64"] == "mp3float" and codecs["Opus 48"] == "opus" and codecs["Vorbis 64"] == "vorbis"
    assert encodings["mono 22 kHz"].channels == 1 and encodings["mono 22 kHz"].sample_rate == 22_050
    assert encodings["MP3 64"].channels == n_channels


def test_what_is_no_sound_is_refused(tmp_path):
    (tmp_path / "a.mp3").write_bytes(b"\0" * 5_000)
    with pytest.raises(UndecodableError):
        transcode(str(tmp_path / "a.mp3"), str(tmp_path), ExcerptConfig())
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp3"]
