"""The process that decodes for players: begun when needed, limited, and replaced when a file ends it."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.open_sounds import sound_samples
from earshot.audio.playback.playback_pool import PlaybackPool
from played_files import as_samples, source_of_file, write_noise


@pytest.fixture
def pool():
    pool = PlaybackPool()
    yield pool
    pool.close()


def test_it_decodes_elsewhere_and_says_why_it_cannot(pool, tmp_path):
    samples = write_noise(tmp_path, "aiff")
    source = source_of_file(tmp_path / "noise.aiff", 4.0)
    content = as_samples(pool.result(sound_samples, source, 1_000, 500))
    assert abs(content - samples[:, 1_000:1_500]).max() < 2 / 32_768
    assert pool.result(os.getpid) != os.getpid()
    os.utime(source.path, ns=(0, 0))
    with pytest.raises(UndecodableError, match="changed"):
        pool.result(sound_samples, source, 1_500, 500)


def test_a_file_that_ends_the_process_costs_itself(pool):
    before = pool.result(os.getpid)
    with pytest.raises(UndecodableError, match=r"the decoder crashed \(SIGSEGV"):
        pool.result(os.kill, before, 11)
    assert pool.result(os.getpid) != before


def test_a_file_that_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("earshot.audio.playback.playback_pool.PART_SECONDS", 0.5)
    pool = PlaybackPool()
    try:
        with pytest.raises(UndecodableError, match=r"longer than 0\.5 s"):
            pool.result(time.sleep, 60)
    finally:
        pool.close()


def test_without_a_task_there_is_no_process():
    pool = PlaybackPool()
    pool.close()
    assert pool._schedule is None


def test_closing_ends_the_wait_for_tasks_and_takes_no_more():
    pool = PlaybackPool()
    pool.result(os.getpid)
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(pool.result, time.sleep, 60) for _ in range(3)]
        while len(pool._pending) < 3:
            time.sleep(0.01)
        pool.close()
        for one in waiting:
            with pytest.raises(UndecodableError):
                one.result(timeout=10)
    with pytest.raises(UndecodableError, match="the server ends"):
        pool.result(os.getpid)
    assert pool._schedule is None, "else a process would be left behind"
