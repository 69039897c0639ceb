"""Embedding many files in real worker processes: every one is accounted for, and none costs another."""

import itertools
import multiprocessing
import shutil
import signal

import faiss
import numpy as np
import psutil
import pytest
import torch

import faulty_worker
from earshot.audio import embed_files as embedding
from earshot.audio.checkpoint import Checkpoint
from earshot.audio.config import DecodeConfig
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import Cause
from earshot.audio.ear import load_ear, track_vector
from earshot.audio.embed_files import EmbeddedTrack, EmbedFailure, embed_files

TWO = DecodeConfig(workers=2, time_limit=20.0, memory_limit=512)


@pytest.fixture(scope="module")
def ear():
    return load_ear(Checkpoint(None))


def workers():
    """The worker processes of this one. The standard library keeps one more, to tidy up after them."""
    return [child for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())]


@pytest.fixture
def bad_files(tmp_path, rng):
    """Files that cannot be decoded, and the reason of each."""
    reasons = {
        "empty.mp3": "the file is empty",
        "folder.mp3": "not a regular file but a folder",
        "page.mp3": "a web page or XML document, not audio",
        "gone.mp3": "cannot be opened: No such file or directory",
        "brief.flac": "shorter than one second (0.50 s)",
        "silent.wav": "silence from beginning to end",
    }
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "page.mp3").write_text("<!doctype html>")
    write_audio(tmp_path / "brief.flac", rng.standard_normal((1, 4_000)).astype(np.float32) * 0.1, 8_000, {})
    write_audio(tmp_path / "silent.wav", np.zeros((1, 16_000), dtype=np.float32), 8_000, {})
    return {str(tmp_path / name): reason for name, reason in reasons.items()}


def test_good_files_among_bad_ones(ear, track_files, bad_files):
    good = [str(path) for path in track_files]
    mixed = list(itertools.chain(*itertools.zip_longest(good, bad_files)))
    results = {result.path: result for result in embed_files([path for path in mixed if path], ear, TWO)}
    assert len(results) == 18 + 6
    assert {path: result.reason for path, result in results.items() if isinstance(result, EmbedFailure)} == bad_files
    assert not any(results[path].cause is Cause.RULE for path in bad_files)
    for path in good:
        embedded, decoded = results[path], decode_track(path, ear.config.excerpt)
        vectors = ear.embed(decoded.excerpts)
        np.testing.assert_allclose(embedded.excerpt_vectors, vectors, atol=1e-5)
        np.testing.assert_allclose(embedded.vector, track_vector(vectors), atol=1e-5)
        for name in ("starts", "duration", "sample_rate", "channels", "codec", "tags", "note"):
            assert getattr(embedded.decoded, name) == getattr(decoded, name)
        assert decoded.tags.title and embedded.decoded.decode_seconds > 0
    assert not workers()


def test_a_rule_leaves_out_what_could_be_heard(ear, track_files):
    [result] = embed_files([str(track_files[0])], ear, TWO, {str(track_files[0]): (None, 5.0)})
    assert result.cause is Cause.RULE and result.reason == "longer than --max-duration 5 (6 s)"
    assert result.duration == pytest.approx(6.0, abs=0.1)


def test_no_files_are_no_results(ear):
    assert list(embed_files([], ear, TWO)) == []


@pytest.mark.slow
def test_a_fault_costs_one_file(ear, track_files, tmp_path, monkeypatch):
    """The decoder of real files never does these things on demand, so a faulty one stands in for it."""
    monkeypatch.setattr(embedding, "decode_track", faulty_worker.faulty_task)
    reasons = {
        "hangs": ("decoding it took longer than 3 s", Cause.ENVIRONMENT),
        "spins": ("decoding it took longer than 3 s", Cause.ENVIRONMENT),
        "crashes": ("the decoder crashed (SIGSEGV)", Cause.CONTENT),
        "exits": ("the decoder crashed (exit code 3)", Cause.ENVIRONMENT),
        "is killed": ("the decoder crashed (SIGKILL, perhaps for lack of memory)", Cause.ENVIRONMENT),
        "devours": ("decoding needs more than 512 MiB of memory", Cause.ENVIRONMENT),
        "has a fault": ("KeyError: 'stereo'", Cause.PROGRAM),
    }
    good = [tmp_path / f"{number}.flac" for number in range(14)] + [tmp_path / "is interrupted.flac"]
    for path in good:
        shutil.copy(track_files[0], path)
    mixed = [tmp_path / name for name in reasons]
    for place, path in enumerate(good):
        mixed.insert(2 * place, path)
    results = {result.path: result for result in embed_files(map(str, mixed), ear, DecodeConfig(2, 3.0, 512))}
    assert len(results) == 15 + 7
    failures = {p: (result.reason, result.cause) for p, result in results.items() if isinstance(result, EmbedFailure)}
    assert failures == {str(tmp_path / name): reason for name, reason in reasons.items()}
    vectors = [results[str(path)].vector for path in good]
    np.testing.assert_allclose(vectors, [vectors[0]] * len(good), atol=1e-6)


@pytest.mark.parametrize("is_hashed", [False, True])
def test_a_crash_says_something_of_the_content_only_while_it_is_decoded(ear, tmp_path, monkeypatch, is_hashed):
    (tmp_path / "crashes.flac").write_bytes(b"any")
    monkeypatch.setattr(embedding, "decode_track", faulty_worker.faulty_task)
    if not is_hashed:
        monkeypatch.setattr(embedding, "hash_file", faulty_worker.faulty_hash)
    [result] = embed_files([str(tmp_path / "crashes.flac")], ear, TWO, is_known=lambda path, content_hash: False)
    expected = ("the decoder crashed (SIGSEGV)", Cause.CONTENT)
    assert (result.reason, result.cause) == (
        expected if is_hashed else ("the reader crashed (SIGSEGV)", Cause.ENVIRONMENT)
    )


def test_it_can_be_left_early(ear, track_files, tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "decode_track", faulty_worker.faulty_task)
    drawn = []

    def endless():
        yield str(track_files[0])
        for number in itertools.count():
            drawn.append(number)
            yield str(tmp_path / "hangs")

    results = embed_files(endless(), ear, TWO)
    first = next(results)
    assert isinstance(first, EmbeddedTrack) and len(workers()) == 2
    assert len(drawn) <= 2 * embedding.TASKS_PER_WORKER  # paths are not drawn before they are needed
    results.close()
    assert not workers() and not multiprocessing.active_children()


def test_it_works_after_torch_and_faiss_did(ear, track_files):
    """A forked worker would inherit their locked thread pools, and hang: all files would run out of time."""
    torch.nn.functional.conv1d(torch.rand(8, 16, 4_000), torch.rand(16, 16, 9))
    index = faiss.IndexFlatIP(32)
    index.add(np.ones((10_000, 32), dtype=np.float32))
    index.search(np.ones((100, 32), dtype=np.float32), 5)
    results = embed_files([str(path) for path in track_files[:3]], ear, TWO)
    assert isinstance(next(results), EmbeddedTrack)
    assert workers() and all("spawn_main" in " ".join(worker.cmdline()) for worker in workers())
    assert all(isinstance(result, EmbeddedTrack) for result in results)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_the_caller_finds_everything_as_it_was(ear, track_files, two_threads):
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    results = embed_files([str(track_files[0])] * 2, ear, TWO)
    next(results)
    assert torch.get_num_threads() == 1  # two workers leave no core for a second thread to wait on
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask
    results.close()
    assert torch.get_num_threads() == 2
