"""Fingerprints: stored and read, and laid over each other."""

import numpy as np
import pytest

from earshot.data.fingerprint import N_LEVELS, SILENT, WORD_SECONDS, Fingerprint, align
from fingerprints import invented, worn


def test_it_is_read_as_it_was_written():
    fingerprint = invented(1, n_excerpts=3)
    data = fingerprint.to_bytes()
    read = Fingerprint.from_bytes(data)
    assert read.starts.tolist() == pytest.approx([0, 28.8, 57.6]) and read.to_bytes() == data
    assert all(map(np.array_equal, read.words, fingerprint.words))
    assert all(map(np.array_equal, read.levels, fingerprint.levels))
    assert len(data) == 3 + 3 * (8 + 46 * 4 + 10 * N_LEVELS)


def test_an_empty_one():
    empty = Fingerprint(np.empty(0, dtype=np.float32), [], [])
    assert len(Fingerprint.from_bytes(empty.to_bytes())) == 0
    assert align(empty, invented(1)) is None


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x01",
        b"\x02" + invented(1).to_bytes()[1:],
        invented(1).to_bytes()[:-1],
        invented(1).to_bytes() + b"\0",
        b"\x01\xff\xff" + bytes(9),
        b"\x01\x01\x00" + np.float32(np.nan).tobytes() + bytes(4),
    ],
)
def test_anything_else_is_refused(damaged):
    with pytest.raises(ValueError, match="fingerprint"):
        Fingerprint.from_bytes(damaged)


@pytest.mark.parametrize("n_bits", [0, 4, 8])
def test_agreement_is_one_less_twice_the_share_of_wrong_bits(n_bits):
    aligned = align(invented(1), worn(invented(1), n_bits))
    assert aligned is not None and aligned.agreement == pytest.approx(1 - 2 * n_bits / 32)
    assert (aligned.lag, aligned.n_words, aligned.level_difference) == (0, 6 * 46, 0)


def test_other_music_agrees_by_chance():
    aligned = align(invented(1), invented(2))
    assert aligned is not None and abs(aligned.agreement) < 0.2


@pytest.mark.parametrize("lag", [31 * WORD_SECONDS, -52 * WORD_SECONDS])
def test_the_lag_is_found(lag):
    later = align(invented(1), worn(invented(1), 2, lag=lag))
    assert later is not None and later.seconds == pytest.approx(lag)
    assert later.agreement == pytest.approx(1 - 4 / 32)


def test_levels_are_compared_regardless_of_loudness():
    """Five of ten bands are 4 dB louder: 2 dB off the median each, or 0 and 4."""
    aligned = align(invented(1), worn(invented(1), 0, louder=4))
    assert aligned is not None and aligned.level_difference == pytest.approx(2, abs=0.9)
    louder = invented(1)
    quieter = Fingerprint(louder.starts, louder.words, [(part - 10).astype(np.int8) for part in louder.levels])
    aligned = align(louder, quieter)
    assert aligned is not None and aligned.level_difference == 0


def test_a_sound_that_stands_still_changes_few_bits():
    assert invented(1).bits_changed() == pytest.approx(16, abs=1)
    tone = Fingerprint(np.zeros(1, dtype=np.float32), [np.array([7, 7, 5], dtype=np.uint32)], [])
    assert tone.bits_changed() == 0.5
    assert Fingerprint(np.zeros(0, dtype=np.float32), [], []).bits_changed() == 0


def test_silence_is_not_compared():
    song = invented(1)
    silent = [words.copy() for words in song.words]
    for words in silent[:3]:
        words[:] = SILENT
    aligned = align(song, Fingerprint(song.starts, silent, song.levels))
    assert aligned is not None and (aligned.agreement, aligned.n_words) == (1, 3 * 46)
    nothing = Fingerprint(song.starts, [np.zeros_like(words) for words in song.words], song.levels)
    assert align(song, nothing) is None


def test_too_little_in_common_is_no_answer():
    assert align(invented(1), worn(invented(1), 0, lag=500)) is None
