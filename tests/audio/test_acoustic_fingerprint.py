"""The fingerprint of sound: what it survives, and what it tells apart."""

import numpy as np
import pytest
import torch

from earshot.audio.acoustic_fingerprint import fingerprint
from earshot.audio.config import ExcerptConfig, MelConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.mel import log_mel
from earshot.data.fingerprint import N_LEVELS, SILENT, align
from known_sound import tune

RATE = 16_000


def heard(samples: np.ndarray, starts: list[float]):
    excerpts = [samples[int(start * RATE) :][: 5 * RATE] for start in starts]
    mels = [log_mel(torch.from_numpy(excerpt), MelConfig()) for excerpt in excerpts]
    return fingerprint(mels, starts, MelConfig().dynamic_range)


def of_file(path):
    decoded = decode_track(str(path), ExcerptConfig())
    mels = [log_mel(torch.from_numpy(excerpt), MelConfig()) for excerpt in decoded.excerpts]
    return fingerprint(mels, decoded.starts, MelConfig().dynamic_range)


def test_its_size():
    """Size for 5 s: 157 frames, 147 windows of 11, every third, less the two that are compared."""
    (words,), (levels,) = (part for part in vars(heard(tune(0, 5), [0.0])).values() if isinstance(part, list))
    assert words.shape == (47,) and words.dtype == np.uint32
    assert levels.shape == (10, N_LEVELS) and levels.dtype == np.int8 and levels.max() <= 0


def test_loudness_does_not_matter():
    one, other = heard(tune(1, 30), [0.0, 12.0, 24.0]), heard(0.05 * tune(1, 30), [0.0, 12.0, 24.0])
    aligned = align(one, other)
    assert aligned is not None and aligned.agreement > 0.99 and aligned.level_difference < 0.3


@pytest.mark.parametrize("suffix", [".mp3", ".opus", ".m4a", ".ogg"])
def test_encoding_does_not_matter(tmp_path, suffix):
    samples = tune(2, 24)[None]
    write_audio(tmp_path / "a.flac", samples, 48_000, {})
    write_audio(tmp_path / f"b{suffix}", samples, 48_000, {})
    aligned = align(of_file(tmp_path / "a.flac"), of_file(tmp_path / f"b{suffix}"))
    assert aligned is not None and aligned.agreement > 0.7 and aligned.level_difference < 1.5


def test_a_lead_in_is_a_lag(tmp_path):
    write_audio(tmp_path / "a.flac", tune(3, 60)[None], RATE, {})
    write_audio(tmp_path / "b.flac", np.concatenate([np.zeros(3 * RATE, np.float32), tune(3, 60)])[None], RATE, {})
    aligned = align(of_file(tmp_path / "a.flac"), of_file(tmp_path / "b.flac"))
    assert aligned is not None and aligned.seconds == pytest.approx(3, abs=0.1) and aligned.agreement > 0.6


def test_other_music_is_told_apart():
    aligned = align(heard(tune(4, 30), [0.0, 12.0, 24.0]), heard(tune(5, 30), [0.0, 12.0, 24.0]))
    assert aligned is not None and aligned.agreement < 0.3


def test_another_instrument_over_the_same_beat_differs_in_level():
    beat = tune(6, 30)
    t = np.arange(len(beat)) / RATE
    remix = beat + 0.5 * np.sin(2 * np.pi * 440 * t).astype(np.float32) * np.sign(np.sin(2 * np.pi * 0.7 * t))
    aligned = align(heard(beat, [0.0, 12.0, 24.0]), heard(remix.astype(np.float32), [0.0, 12.0, 24.0]))
    assert aligned is not None and aligned.level_difference > 2.2


def test_silence_makes_silent_words():
    half = np.concatenate([tune(7, 2.5), np.zeros(int(2.5 * RATE), np.float32)])
    words = heard(half, [0.0]).words[0]
    assert (words[-10:] == SILENT).all() and (words[:10] != SILENT).any()


@pytest.mark.parametrize(("seconds", "n_words", "n_rows"), [(1.0, 6, 1), (0.3, 0, 0)])
def test_short_excerpts(seconds, n_words, n_rows):
    short = heard(tune(8, seconds), [0.0])
    assert len(short) == n_words and len(short.levels[0]) == n_rows
