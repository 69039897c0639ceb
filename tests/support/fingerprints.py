"""Invented fingerprints, whose agreement is known."""

import numpy as np

from earshot.data.fingerprint import N_LEVELS, WORD_SECONDS, Fingerprint


def invented(seed: int, n_excerpts: int = 6, n_words: int = 46, apart: float = 300 * WORD_SECONDS) -> Fingerprint:
    """Random bits and levels: two of different seeds agree by chance."""
    rng = np.random.default_rng(seed)
    words = [rng.integers(1, 2**32, n_words, dtype=np.uint32) for _ in range(n_excerpts)]
    levels = [rng.integers(-40, 0, (10, N_LEVELS)).astype(np.int8) for _ in range(n_excerpts)]
    return Fingerprint(np.arange(n_excerpts, dtype=np.float32) * apart, words, levels)


def worn(fingerprint: Fingerprint, n_bits: int, louder: float = 0, lag: float = 0) -> Fingerprint:
    """The same, with bits flipped in every word, the odd bands louder in dB, and all of it later in seconds."""
    rng = np.random.default_rng(0)
    flips = [
        np.array([np.bitwise_or.reduce(1 << rng.choice(32, n_bits, replace=False)) if n_bits else 0 for _ in words])
        for words in fingerprint.words
    ]
    words = [part ^ flip.astype(np.uint32) for part, flip in zip(fingerprint.words, flips, strict=True)]
    gain = np.where(np.arange(N_LEVELS) % 2, louder, 0).astype(np.int8)
    levels = [(part + gain).astype(np.int8) for part in fingerprint.levels]
    return Fingerprint(fingerprint.starts + np.float32(lag), words, levels)
