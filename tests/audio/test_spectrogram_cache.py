"""Log-mels on disk: the input of an encoder, kept through kills, and only for the settings that made them."""

import errno
import os
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from earshot.audio.config import DecodeConfig, EarConfig, ExcerptConfig, MelConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.embed_files import fill_cache
from earshot.audio.mel import log_mel
from earshot.audio.spectrogram_cache import SpectrogramCache, SpectrogramMaker

CONFIG = EarConfig(ExcerptConfig(sample_rate=8_000, excerpts=2, excerpt_seconds=2.0), MelConfig(sample_rate=8_000))
ONE = DecodeConfig(workers=1)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two tracks of 5 s, one of 1.5 s, and one that is no sound."""
    folder, rng = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    paths = {}
    for name, seconds in {"a": 5.0, "b": 5.0, "short": 1.5}.items():
        path = folder / f"{name}.wav"
        write_audio(path, rng.uniform(-0.5, 0.5, size=(1, int(8_000 * seconds))).astype(np.float32), 8_000, {})
        paths[f"hash of {name}"] = str(path)
    (folder / "broken.wav").write_bytes(b"no sound at all" * 100)
    paths["hash of broken"] = str(folder / "broken.wav")
    return paths


@pytest.fixture(scope="module")
def filled(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    results = list(fill_cache(SpectrogramCache(folder, CONFIG), files, ONE))
    return folder, results


def test_a_picture_is_what_the_ear_would_see(filled, files):
    folder, _ = filled
    cache = SpectrogramCache(folder, CONFIG)
    excerpts = decode_track(files["hash of a"], CONFIG.excerpt).excerpts
    expected = log_mel(torch.from_numpy(np.stack(excerpts)), CONFIG.mel).numpy()
    found = cache.log_mels()[cache.rows["hash of a"]]
    assert found.shape == (2, 96, 32) and found.dtype == np.float16  # 16,000 samples, a frame every 512, and one more
    np.testing.assert_allclose(found, expected, atol=1e-3)  # half precision


def test_failures_are_told_and_everything_else_is_there(filled):
    folder, results = filled
    (failure,) = [result for result in results if result is not None]
    assert failure.path.endswith("broken.wav") and len(results) == 4
    cache = SpectrogramCache(folder, CONFIG)
    assert set(cache.rows) == {"hash of a", "hash of b", "hash of short"}
    spans = sorted((span.start, span.stop) for span in cache.rows.values())
    assert spans[0][0] == 0 and all(one[1] == other[0] for one, other in pairwise(spans))
    assert repr(cache) == "<SpectrogramCache 3 tracks, 5 excerpts>"


def test_a_short_excerpt_is_repeated_to_the_end():
    samples = np.random.default_rng(1).standard_normal(8_000).astype(np.float32)  # one second, 16 frames
    spectrogram = SpectrogramMaker(CONFIG).embed([samples]).reshape(96, 32)
    assert (spectrogram[:, 16:] == spectrogram[:, :16]).all()


def test_what_is_there_is_not_heard_again(filled, files):
    folder, _ = filled
    known = {digest: path + " is gone" for digest, path in files.items() if "broken" not in digest}
    assert list(fill_cache(SpectrogramCache(folder, CONFIG), known, ONE)) == []


def test_other_settings_have_other_pictures(filled):
    folder, _ = filled
    for other in (
        replace(CONFIG, mel=replace(CONFIG.mel, n_mels=40)),
        replace(CONFIG, excerpt=replace(CONFIG.excerpt, excerpts=3)),
    ):
        cache = SpectrogramCache(folder, other)
        assert cache.rows == {} and cache.log_mels().shape[0] == 0
    same_front_end = replace(CONFIG, encoder=replace(CONFIG.encoder, dim=16))
    assert len(SpectrogramCache(folder, same_front_end).rows) == 3, "the encoder does not change what it sees"


def test_a_kill_between_pictures_and_contents_costs_only_what_was_in_hand(filled, files, tmp_path):
    folder = tmp_path / "cache"
    shutil.copytree(filled[0], folder)
    before = SpectrogramCache(folder, CONFIG)
    with open(before._file, "ab") as file:
        file.write(b"half a spectrogram")
    added = {"hash of a again": files["hash of a"]}
    list(fill_cache(SpectrogramCache(folder, CONFIG), added, ONE))
    after = SpectrogramCache(folder, CONFIG)
    assert len(after.rows) == 4
    found, expected = after.log_mels()[after.rows["hash of a again"]], after.log_mels()[after.rows["hash of a"]]
    assert (found == expected).all()


def test_closed_early_it_keeps_what_it_had(files, tmp_path):
    cache = SpectrogramCache(tmp_path, CONFIG)
    filling = fill_cache(cache, files, ONE)
    while next(filling) is not None:  # the broken file may come first
        pass
    filling.close()
    assert cache.rows and SpectrogramCache(tmp_path, CONFIG).rows == cache.rows
    assert not list(tmp_path.rglob("*.unfinished"))


def test_a_cache_that_cannot_be_read_today_is_not_emptied(filled, failing_disk):
    cache = SpectrogramCache(filled[0], CONFIG)
    with failing_disk(cache.folder / "contents.npz"), pytest.raises(OSError, match="Input/output error"):
        SpectrogramCache(filled[0], CONFIG)
    assert SpectrogramCache(filled[0], CONFIG).rows == cache.rows


@pytest.mark.parametrize("damage", ["cut", "gone", "contents"])
def test_a_damaged_cache_counts_as_empty(filled, tmp_path, damage):
    folder = tmp_path / "cache"
    shutil.copytree(filled[0], folder)
    cache = SpectrogramCache(folder, CONFIG)
    if damage == "cut":
        cache._file.write_bytes(cache._file.read_bytes()[:-1])
    elif damage == "gone":
        cache._file.unlink()
    else:
        (cache.folder / "contents.npz").write_bytes(b"PK nothing")
    assert SpectrogramCache(folder, CONFIG).rows == {}


def test_one_error_of_the_disk_does_not_empty_the_cache(filled, files, tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    shutil.copytree(filled[0], folder)
    for error in (OSError(errno.EIO, os.strerror(errno.EIO)), MemoryError()):
        with monkeypatch.context() as failing, pytest.raises(type(error)):
            failing.setattr("earshot.data.files.array_files.np.load", raising(error))
            list(fill_cache(SpectrogramCache(folder, CONFIG), files, ONE))
    assert len(SpectrogramCache(folder, CONFIG).rows) == 3


def raising(error):
    def fail(*arguments, **options):
        raise error

    return fail
