"""Vectors that need no learning: as librosa alone would make them, and kept whole or not at all."""

import errno
import os

import librosa
import numpy as np
import pytest
import torch

from earshot.audio import embed_files, spectral_baselines
from earshot.audio.config import DecodeConfig, EarConfig, ExcerptConfig
from earshot.audio.decoding.decode import decode_track
from earshot.audio.embed_files import EmbedFailure, fill_cache
from earshot.audio.mel import log_mel
from earshot.audio.spectral_baselines import (
    SpectralSums,
    SumsCache,
    baseline_vectors,
    mel_vectors,
    mfcc_vectors,
    z_scored,
)

EAR = EarConfig()
ONE = DecodeConfig(workers=1)


@pytest.fixture
def excerpts(rng):
    """Three tracks of noise in different colors: two excerpts of 2 s and one of 1.1 s each."""

    def colored(length):
        return np.convolve(rng.standard_normal(length + 9), rng.standard_normal(10), "valid").astype(np.float32)

    return [[0.1 * colored(length) for length in (32_000, 32_000, 17_600)] for _ in range(3)]


def sums_of(tracks):
    """Sums of a track, added up as `SumsCache.add` does."""
    rows = []
    for track in tracks:
        parts = SpectralSums().embed(track)
        rows.append(np.concatenate([parts[:, :65].sum(axis=0), parts[:, 65:].mean(axis=0)]))
    return np.array(rows)


def test_mfcc_and_chroma_are_those_of_librosa(excerpts):
    expected = []
    for track in excerpts:
        frames = [
            np.concatenate(
                [
                    librosa.feature.mfcc(y=samples, sr=16_000, n_mfcc=20),
                    librosa.feature.chroma_stft(y=samples, sr=16_000, tuning=0.0),
                ]
            )
            for samples in track
        ]
        together = np.concatenate(frames, axis=1)  # (32, all frames of the track)
        expected.append(np.concatenate([together.mean(axis=1), together.std(axis=1)]))
    np.testing.assert_allclose(mfcc_vectors(sums_of(excerpts)), z_scored(np.array(expected)), atol=2e-3)


def test_mel_is_the_mean_picture_of_the_ear(excerpts):
    log_mels = [
        np.mean([log_mel(torch.from_numpy(samples), EAR.mel).mean(dim=-1).numpy() for samples in track], axis=0)
        for track in excerpts
    ]
    np.testing.assert_allclose(mel_vectors(sums_of(excerpts)), z_scored(np.array(log_mels)), atol=1e-3)


def test_an_excerpt_counts_the_same_beside_others(excerpts):
    together = SpectralSums().embed(excerpts[0])
    for row, samples in enumerate(excerpts[0]):
        np.testing.assert_allclose(SpectralSums().embed([samples])[0], together[row], rtol=1e-4, atol=1e-2)


def test_z_scores_by_hand():
    # columns 1, 3 and 5, 5: means 2 and 5, deviations 1 and 0
    np.testing.assert_array_equal(z_scored(np.array([[1.0, 5.0], [3.0, 5.0]])), [[-1.0, 0.0], [1.0, 0.0]])


def test_random_vectors_follow_their_seed(tmp_path):
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    one, again, other = (baseline_vectors(cache, list("abcde"), seed)["random"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (5, 64) and not np.array_equal(one, other)


def test_files_are_heard_once_and_kept(track_files, tmp_path, monkeypatch):
    paths = {f"hash {row}": str(path) for row, path in enumerate(track_files[:3])}
    cache = SumsCache(tmp_path / "cache" / "baselines.npz", EAR)
    assert list(fill_cache(cache, paths, ONE)) == [None] * 3
    again = SumsCache(cache.path, EAR)
    assert again.sums.keys() == paths.keys()
    here = sums_of([decode_track(path, EAR.excerpt).excerpts for path in paths.values()])
    np.testing.assert_allclose([again.sums[key] for key in paths], here, rtol=1e-4, atol=1e-2)
    monkeypatch.setattr(embed_files, "embed_files", None)  # nobody asks it
    assert list(fill_cache(again, paths, ONE)) == []
    assert [path.name for path in cache.path.parent.iterdir()] == ["baselines.npz"]


def test_a_file_that_cannot_be_heard_costs_only_itself(track_files, tmp_path):
    paths = {"good": str(track_files[0]), "gone": str(tmp_path / "gone.mp3")}
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    results = list(fill_cache(cache, paths, ONE))
    (unheard,) = [result for result in results if result is not None]
    assert isinstance(unheard, EmbedFailure) and unheard.path == paths["gone"]
    assert list(cache.sums) == ["good"]
    vectors = baseline_vectors(cache, ["gone", "good"], seed=0)
    assert list(vectors) == ["mfcc", "mel", "random"]
    assert vectors["mfcc"].shape == (2, 64) and vectors["mel"].shape == (2, EAR.mel.n_mels)
    assert not vectors["mfcc"][0].any() and not vectors["mel"][0].any()


def test_what_was_heard_before_an_interruption_is_kept(track_files, tmp_path):
    paths = {path.name: str(path) for path in track_files[:4]}
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    filling = fill_cache(cache, paths, ONE)
    next(filling)
    filling.close()
    assert len(SumsCache(cache.path, EAR).sums) == 1


def test_a_library_whose_files_are_all_gone_has_random_alone(tmp_path):
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    assert list(baseline_vectors(cache, ["a", "b"], seed=0)) == ["random"]


@pytest.fixture
def kept(tmp_path):
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    cache.sums["a"] = np.arange(1 + 2 * spectral_baselines._N_LIBROSA + EAR.mel.n_mels, dtype=float)
    cache.save()
    return cache.path


def test_other_settings_begin_anew(kept):
    assert SumsCache(kept, EAR).sums.keys() == {"a"}
    assert SumsCache(kept, EarConfig(excerpt=ExcerptConfig(excerpts=3))).sums == {}


@pytest.mark.parametrize("damage", ["nothing", "half", "noise", "other"])
def test_a_damaged_cache_is_an_empty_one(kept, damage, rng):
    data = kept.read_bytes()
    if damage == "other":
        np.savez(kept, something=np.zeros(3))
    else:
        kept.write_bytes({"nothing": b"", "half": data[: len(data) // 2], "noise": rng.bytes(500)}[damage])
    assert SumsCache(kept, EAR).sums == {}


def test_a_cache_that_cannot_be_read_today_is_not_emptied(kept, failing_disk):
    with failing_disk(kept), pytest.raises(OSError, match="Input/output error"):
        SumsCache(kept, EAR)
    assert SumsCache(kept, EAR).sums.keys() == {"a"}


def test_a_cache_that_cannot_be_written_leaves_the_old_one(kept, monkeypatch):
    cache = SumsCache(kept, EAR)
    cache.sums["b"] = cache.sums["a"] + 1

    def full_disk(file, **arrays):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    before = kept.read_bytes()
    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        cache.save()
    assert kept.read_bytes() == before and [path.name for path in kept.parent.iterdir()] == ["baselines.npz"]


def test_the_order_of_a_cache_does_not_matter(track_files, tmp_path):
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    cache.sums = {name: np.random.default_rng(row).random(65 + 96) + 1 for row, name in enumerate("abc")}
    forth, back = (baseline_vectors(cache, list(names), seed=0)["mel"] for names in ("abc", "cba"))
    np.testing.assert_allclose(forth, back[::-1])


def test_one_error_of_the_disk_does_not_empty_the_cache(tmp_path, monkeypatch):
    cache = SumsCache(tmp_path / "baselines.npz", EAR)
    cache.sums["a"] = np.ones(1 + 2 * 32 + EAR.mel.n_mels)
    cache.save()

    def fail(*arguments, **options):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as failing, pytest.raises(OSError, match="Input/output error"):
        failing.setattr("earshot.data.files.array_files.np.load", fail)
        SumsCache(cache.path, EAR)
    assert SumsCache(cache.path, EAR).sums.keys() == {"a"}
