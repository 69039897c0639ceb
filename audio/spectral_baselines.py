"""Baseline vectors without learning, to compare an ear with: MFCC, the mean log-mel spectrum, and random vectors.

MFCC and spectrum are made from the same excerpts at the same sample rate, so any difference is the encoder's.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import librosa
import numpy as np
import torch

from earshot.audio.config import EarConfig
from earshot.audio.ear import batches_by_length
from earshot.audio.mel import log_mel
from earshot.data.files.array_files import read_archive
from earshot.data.files.atomic import atomic_path

_N_MFCC, _N_CHROMA, _N_FFT = 20, 12, 2_048
_N_LIBROSA = _N_MFCC + _N_CHROMA
_SUMS_VERSION = 1  # raised when the sums change
_RANDOM_DIM = 64


class SpectralSums:
    """Embedder that computes sums over frames in place of vectors.

    Per excerpt: the number of frames, the sums of 20 MFCC and 12 chroma, the sums of their squares, and the mean of
    each band of the ear's own log-mel spectrogram. Sums of excerpts add up to those of the track.
    """

    def __init__(self, config: EarConfig | None = None) -> None:
        self.config = config or EarConfig()
        self.n_sums = 1 + 2 * _N_LIBROSA + self.config.mel.n_mels

    def embed(self, excerpts: Sequence[np.ndarray]) -> np.ndarray:
        """Sums, shape (n_excerpts, 1 + 2 * 32 + n_mels), of mono excerpts, each (n_samples,)."""
        sums = np.empty((len(excerpts), self.n_sums))
        for rows, samples in batches_by_length(excerpts):
            sums[rows] = self._sums(samples)
        return sums

    def _sums(self, samples: np.ndarray) -> np.ndarray:
        """Sums of excerpts of one length, shape (n_excerpts, n_samples)."""
        rate = self.config.excerpt.sample_rate
        spectrum = librosa.stft(samples, n_fft=_N_FFT)  # once, for both
        power = spectrum.real**2 + spectrum.imag**2  # (n_excerpts, n_fft // 2 + 1, n_frames)
        # Relative to each excerpt's loudest point, as librosa does with one at a time.
        decibels = np.stack([librosa.power_to_db(mel) for mel in librosa.feature.melspectrogram(S=power, sr=rate)])
        mfcc = librosa.feature.mfcc(S=decibels, n_mfcc=_N_MFCC)
        # At concert pitch: estimating the tuning takes longer than all the rest together.
        chroma = librosa.feature.chroma_stft(S=power, sr=rate, tuning=0.0, n_chroma=_N_CHROMA)
        frames = np.concatenate([mfcc, chroma], axis=1).astype(np.float64)  # (n_excerpts, 32, n_frames)
        n_frames = np.full((len(samples), 1), frames.shape[-1])
        mel = log_mel(torch.from_numpy(samples), self.config.mel).mean(dim=-1).numpy()  # (n_excerpts, n_mels)
        return np.concatenate([n_frames, frames.sum(axis=-1), (frames**2).sum(axis=-1), mel], axis=1)


def mfcc_vectors(sums: np.ndarray, collection: np.ndarray | None = None) -> np.ndarray:
    """Mean and deviation over the track of 20 MFCC and 12 chroma, z-scored; shape (n_tracks, 64).

    Parameters
    ----------
    sums : (n_tracks, n_sums)
    collection : (n_others, n_sums); the tracks whose means and deviations make the scores, if they are others
    """
    features = _mfcc_features(sums)
    return z_scored(features, None if collection is None else _mfcc_features(collection))


def _mfcc_features(sums: np.ndarray) -> np.ndarray:
    n_frames = sums[:, :1]
    mean = sums[:, 1 : 1 + _N_LIBROSA] / n_frames
    square = sums[:, 1 + _N_LIBROSA : 1 + 2 * _N_LIBROSA] / n_frames
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return np.concatenate([mean, deviation], axis=1)


def mel_vectors(sums: np.ndarray) -> np.ndarray:
    """The mean level of each mel band, z-scored; shape (n_tracks, n_mels)."""
    return z_scored(sums[:, 1 + 2 * _N_LIBROSA :])


def baseline_vectors(cache: "SumsCache", hashes: Sequence[str], seed: int) -> dict[str, np.ndarray]:
    """Vectors of all baselines, by name; rows of zeros for tracks that the cache does not hold."""
    result = {}
    rows = [row for row, content_hash in enumerate(hashes) if content_hash in cache]
    if rows:
        sums = np.stack([cache.sums[hashes[row]] for row in rows])
        for name, vectors in (("mfcc", mfcc_vectors(sums)), ("mel", mel_vectors(sums))):
            result[name] = np.zeros((len(hashes), vectors.shape[1]))
            result[name][rows] = vectors
    return result | {"random": np.random.default_rng(seed).standard_normal((len(hashes), _RANDOM_DIM))}


def z_scored(features: np.ndarray, collection: np.ndarray | None = None) -> np.ndarray:
    """Each column with mean 0 and deviation 1 over the collection, or the features; one that never changes is 0."""
    others = features if collection is None else collection
    deviation = others.std(axis=0)
    return (features - others.mean(axis=0)) / np.where(deviation > 1e-9, deviation, np.inf)


def track_sums(excerpt_sums: np.ndarray) -> np.ndarray:
    """Sums of a track, (n_sums,), of those of its excerpts, (n_excerpts, n_sums)."""
    n_summed = 1 + 2 * _N_LIBROSA
    mel = excerpt_sums[:, n_summed:].mean(axis=0)
    return np.concatenate([excerpt_sums[:, :n_summed].sum(axis=0), mel])


class SumsCache:
    """Sums of tracks by content hash, in one file that is written whole or not at all.

    A file of other settings, or a damaged one, counts as empty: it can always be made again.
    """

    def __init__(self, path: Path, config: EarConfig) -> None:
        self.path, self.embedder = path, SpectralSums(config)
        settings = {"version": _SUMS_VERSION, "excerpt": asdict(config.excerpt), "mel": asdict(config.mel)}
        self._settings = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
        self.sums: dict[str, np.ndarray] = {}
        try:
            archive = read_archive(path, ("settings", "hashes", "sums"))
            is_ours = str(archive["settings"]) == self._settings and archive["sums"].shape[1:] == (
                self.embedder.n_sums,
            )
            if is_ours and np.isfinite(archive["sums"]).all():
                self.sums = dict(zip(archive["hashes"].tolist(), archive["sums"], strict=True))
        except (FileNotFoundError, ValueError, TypeError):
            pass

    def __contains__(self, content_hash: str) -> bool:
        return content_hash in self.sums

    def add(self, content_hash: str, excerpt_sums: np.ndarray) -> None:
        """Add a track by the `SpectralSums` of its excerpts."""
        self.sums[content_hash] = track_sums(excerpt_sums)

    def save(self) -> None:
        hashes, sums = np.array(list(self.sums)), np.stack([*self.sums.values()])
        with atomic_path(self.path) as temporary, open(temporary, "wb") as file:
            np.savez(file, settings=self._settings, hashes=hashes, sums=sums)
