"""Killed at any moment and started again, a scan ends where an undisturbed one ends.

What is compared is everything but surrogate ids, timestamps and the record of the runs: which files are there,
with which status and reason, and their vectors, excerpts and neighbours.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

from earshot.audio.decoding.audio_writer import write_audio

N_FILES = 300  # enough for several commits per run: one a second
N_KILLS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Noise of different colours: quick to decode, each file its own content; every twentieth is broken."""
    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(3)
    for number in range(N_FILES):
        path = folder / f"{number % 7}" / f"{number:03}.wav"
        path.parent.mkdir(exist_ok=True)
        if number % 20 == 0:
            path.write_bytes(rng.bytes(100))
            continue
        noise = np.cumsum(rng.standard_normal(8_000 * 2)) * 0.001 + rng.standard_normal(8_000 * 2) * rng.uniform(
            0.01, 0.1
        )
        write_audio(path, noise[None].astype(np.float32), 8_000, {"title": f"Noise {number}"})
    return folder


def command(library, folder):
    return [sys.executable, "-m", "earshot.cli", "--library", str(library), "embed-audio", str(folder)]


def run(library, folder):
    return subprocess.run(command(library, folder), capture_output=True, text=True, cwd=os.getcwd(), timeout=120)


def contents(library):
    """Every table by path instead of id."""
    connection = sqlite3.connect(library / "library.db")
    query = connection.execute
    tables = {
        "tracks": query(
            "SELECT path, content_hash, size, duration_s, codec, title, artist, status, reason"
            " FROM tracks ORDER BY path"
        ).fetchall(),
        "ranks": query("SELECT path, rank FROM similar_tracks ORDER BY 1, 2").fetchall(),
        "spaces": query("SELECT space, revision = neighbours_revision FROM spaces").fetchall(),
        "first runs": query("SELECT count(*) FROM runs WHERE continues IS NULL").fetchall(),
        "index": query("SELECT space, type, n_vectors FROM index_files").fetchall(),
    }
    vectors = query("SELECT path, vector FROM current_vectors ORDER BY path").fetchall()
    excerpts = query(
        "SELECT path, position, start_s, vector FROM excerpts JOIN tracks ON tracks.id = track_id ORDER BY 1, 2"
    ).fetchall()
    scores = query("SELECT score FROM similar_tracks ORDER BY path, rank").fetchall()
    connection.close()
    return tables, vectors, excerpts, np.array(scores)


def same(one, other):
    assert one[0] == other[0]
    np.testing.assert_allclose(one[3], other[3], atol=1e-5)  # two noises may tie, so not by name
    for ours, theirs in zip(one[1:3], other[1:3], strict=True):
        assert [row[:-1] for row in ours] == [row[:-1] for row in theirs]
        matrices = [np.array([np.frombuffer(row[-1], "<f4") for row in rows]) for rows in (ours, theirs)]
        np.testing.assert_allclose(*matrices, atol=1e-5)


@pytest.fixture(scope="module")
def undisturbed(folder, tmp_path_factory):
    library = tmp_path_factory.mktemp("undisturbed") / "library"
    began = time.monotonic()
    assert run(library, folder).returncode == 3  # some files are broken
    return contents(library), min(time.monotonic() - began, 6.0)  # on a busy machine, kill early rather than wait


@pytest.mark.slow
def test_kills_at_random_moments(folder, undisturbed, tmp_path):
    expected, seconds = undisturbed
    rng = np.random.default_rng(11)
    n_kills = n_libraries = 0
    while n_kills < N_KILLS:
        library = tmp_path / f"library{n_libraries}"
        n_libraries += 1
        for _ in range(8):
            process = subprocess.Popen(
                command(library, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            time.sleep(rng.uniform(0.2, 1.1 * seconds))
            process.send_signal(signal.SIGKILL)
            n_kills += process.wait() == -signal.SIGKILL
        result = run(library, folder)
        assert result.returncode in (0, 3), result.stderr
        same(contents(library), expected)
        assert not list(library.glob("*.unfinished"))
        check = subprocess.run(
            [sys.executable, "-m", "earshot.cli", "--library", str(library), "check"], capture_output=True, text=True
        )
        assert check.stdout == "All is well.\n"


def test_two_at_once_one_works_and_the_other_says_who_holds_the_lock(folder, undisturbed, tmp_path):
    library = tmp_path / "library"
    first = subprocess.Popen(command(library, folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (library / "library.db").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    second = run(library, folder)
    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr and "`cli" in second.stderr
    assert "Traceback" not in second.stderr
    first.communicate(timeout=120)
    assert first.returncode == 3
    same(contents(library), undisturbed[0])


def n_embedded(library):
    try:
        connection = sqlite3.connect(library / "library.db")
        count = connection.execute("SELECT count(*) FROM vectors").fetchone()[0]
        connection.close()
        return count
    except sqlite3.OperationalError:  # not there yet, or just being made
        return 0


def test_ctrl_c_keeps_what_was_finished(tmp_path):
    """Tracks long enough, and one worker, so that even a fast machine needs many times the second of a commit."""
    rng = np.random.default_rng(4)
    n_files = 120
    for number in range(n_files):
        noise = (rng.standard_normal((1, 40 * 8_000)) * 0.05).astype(np.float32)
        write_audio(tmp_path / f"{number:03}.wav", noise, 8_000, {})
    library = tmp_path / "library"
    library.mkdir()
    process = subprocess.Popen(
        [*command(library, tmp_path), "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and n_embedded(library) == 0:  # the first commit of several
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from there" in stderr and "Traceback" not in stderr
    kept = n_embedded(library)
    assert kept > 0
    result = run(library, tmp_path)
    assert result.returncode == 0
    assert f"{n_files - kept} embedded + {kept} reused" in result.stdout
    assert n_embedded(library) == n_files
