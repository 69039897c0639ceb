"""Gaps, silence, opposite channels and chains, from a file to what `cli similar` says of it."""

import json

import numpy as np
import pytest
import soundfile

from commands_typed import rows_of

RATE = 16_000


def song(seed, seconds):
    """An invented tune: another key, pace and timbre for every seed."""
    rng = np.random.default_rng(seed)
    root, beat, kind = 55 * 2 ** (rng.integers(0, 24) / 12), 60 / rng.integers(70, 170), rng.integers(0, 4)
    scale = np.array([0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.5 else [0, 2, 3, 5, 7, 8, 10])
    samples = np.zeros(seconds * RATE, dtype=np.float32)
    for start in np.arange(0, seconds, beat / 2):
        first = int(start * RATE)
        moments = np.arange(min(int(beat * RATE), len(samples) - first)) / RATE
        phase = 2 * np.pi * root * 2 ** (scale[rng.integers(0, 7)] / 12) * 2 ** rng.integers(0, 3) * moments
        wave = (
            np.sin(phase),
            np.sign(np.sin(phase)) / 2,
            phase / np.pi % 2 / 2 - 0.5,
            np.sin(phase + 3 * np.sin(phase)),
        )
        samples[first : first + len(moments)] += 0.3 * np.exp(-moments * rng.uniform(2, 8)) * wave[kind]
    return 0.8 * samples / np.abs(samples).max()


@pytest.fixture
def music(tmp_path):
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


def hiss(seconds):
    """-78 dBFS: nobody hears it."""
    return (np.random.default_rng(0).standard_normal(seconds * RATE) * 10 ** (-78 / 20)).astype(np.float32)


def test_a_song_with_a_gap_is_nearest_to_the_song(music, tmp_path, run_cli):
    """Two minutes of music, six of hiss, half a minute of a hidden track."""
    for number in range(3):
        plain = song(number, 120)
        soundfile.write(music / f"plain {number}.flac", plain, RATE)
        parts = np.concatenate([plain, hiss(360), song(20 + number, 30)])
        soundfile.write(music / f"gap {number}.flac", parts, RATE, subtype="PCM_24")
    library = tmp_path / "library"
    run_cli(library, "embed-audio", music)
    for number in range(3):
        found = json.loads(run_cli(library, "similar", music / f"gap {number}.flac", "--why", "--json").stdout)
        assert found[0]["title"] == f"plain {number}"
        assert not [match for match in found if match["seed_start"] and 115.5 < match["seed_start"] < 480]
        found = json.loads(run_cli(library, "similar", music / f"plain {number}.flac", "--why", "--json").stdout)
        gaps = [match["match_start"] for match in found if match["title"].startswith("gap")]
        assert not [start for start in gaps if start and 115.5 < start < 480]


def test_what_was_called_silent_is_heard(music, tmp_path, run_cli):
    hidden = np.concatenate([song(1, 40), np.zeros(540 * RATE, np.float32), song(2, 20)])
    soundfile.write(music / "hidden.flac", hidden, RATE)  # none of the six planned excerpts meets any music
    soundfile.write(music / "opposite.wav", np.stack([song(3, 30), -song(3, 30)], axis=1), RATE)
    soundfile.write(music / "same.wav", np.stack([song(3, 30), song(3, 30)], axis=1), RATE)
    library = tmp_path / "library"
    run_cli(library, "embed-audio", music)
    assert rows_of(library, "SELECT status, reason, count(*) FROM tracks GROUP BY 1, 2") == [("embedded", None, 3)]
    [same, opposite] = rows_of(
        library, "SELECT vector FROM vectors JOIN tracks ON id = track_id WHERE path LIKE '%.wav'"
    )
    np.testing.assert_allclose(*(np.frombuffer(row[0], np.float32) for row in (same, opposite)), atol=1e-3)


def test_a_recorded_show_is_heard_and_not_its_jingle_alone(music, tmp_path, run_cli):
    content = b""
    for seconds in (10, 60):
        with soundfile.SoundFile(tmp_path / "part.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as file:
            for second in np.split(song(seconds, seconds), seconds):
                file.write(second)
        content += (tmp_path / "part.ogg").read_bytes()
    (music / "show.ogg").write_bytes(content)
    library = tmp_path / "library"
    run_cli(library, "embed-audio", music)
    query = "SELECT duration_s, reason, max(start_s) FROM tracks JOIN excerpts ON track_id = tracks.id"
    [(duration, note, last)] = rows_of(library, query)
    assert duration == pytest.approx(70, abs=0.1) and last > 60
    assert note == "2 recordings one after another in one file"
