"""The index of fingerprints: pairs that share words."""

import numpy as np
import pytest

from earshot.data.fingerprint import Fingerprint
from earshot.index.recordings.fingerprint_index import FingerprintIndex
from fingerprints import invented, worn

SONGS = {number: invented(number) for number in range(1, 40)}


def found(songs, others):
    return {tuple(pair) for pair in FingerprintIndex(songs).candidates(others).tolist()}


@pytest.mark.parametrize("n_bits", [0, 1, 3])
def test_worn_words_are_found_at_any_lag(n_bits):
    others = {100 + number: worn(song, n_bits, lag=4) for number, song in SONGS.items() if number % 3 == 0}
    assert found(SONGS, others) == {(number, 100 + number) for number in SONGS if number % 3 == 0}


def test_one_shared_word_is_none():
    other = invented(99)
    other.words[2][5] = SONGS[7].words[2][5]
    assert found(SONGS, {100: other}) == set()


def test_a_sound_that_everybody_has_says_nothing():
    """A steady tone gives one word again and again."""
    tone = Fingerprint(SONGS[1].starts, [np.full(46, 77, dtype=np.uint32)] * 6, SONGS[1].levels)
    assert found({1: tone, **{n: SONGS[n] for n in (2, 3)}}, {100: tone}) == set()


def test_nothing_against_nothing():
    assert found({}, {}) == found(SONGS, {}) == found({}, SONGS) == set()
