"""The process that plays goes on where it was, and keeps no more open than it has room for."""

import os
from pathlib import Path

import pytest

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback import open_sounds
from earshot.audio.playback.open_sounds import MAX_OPEN, encoded_part, end_stream, sound_samples, sound_shape
from played_files import close_open_sounds, source_of_file, write_noise


@pytest.fixture
def source(tmp_path):
    write_noise(tmp_path, "aiff")
    yield source_of_file(tmp_path / "noise.aiff", 4.0)
    close_open_sounds()


def n_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_two_listeners_of_one_track_do_not_disturb_each_other(source):
    assert sound_shape(source) == (44_100, 2, 176_400)
    for at in range(3):
        assert sound_samples(source, at * 1_000, 1_000) == sound_samples(source, at * 1_000, 1_000)
        sound_samples(source, 100_000 + at * 1_000, 1_000)
    positions = sorted(sound.position for sound in open_sounds._sounds.values())
    assert positions[-1] == 103_000 and len(positions) <= 4


def test_no_more_is_open_than_there_is_room_for(source):
    before = n_open_files()
    for start in range(0, 3 * MAX_OPEN):
        sound_samples(source, 10 * start, 3)
        encoded_part(f"stream {start}", 0, source, "mp3", 128, 0.0)
    assert len(open_sounds._sounds) == len(open_sounds._streams) == MAX_OPEN
    assert n_open_files() - before <= 2 * MAX_OPEN


def test_a_stream_goes_on_until_its_end(source):
    parts = [encoded_part("one", 0, source, "mp3", 128, 0.0)]
    while part := encoded_part("one", len(parts), source, "mp3", 128, 0.0):
        parts.append(part)
    assert len(parts) >= 3 and not open_sounds._streams
    with pytest.raises(UndecodableError, match="too many streams"):
        encoded_part("one", 9, source, "mp3", 128, 0.0)


def test_a_stream_that_is_ended_is_closed(source):
    encoded_part("one", 0, source, "mp3", 128, 0.0)
    end_stream("one")
    end_stream("one")
    assert not open_sounds._streams


def test_a_file_that_changes_is_closed(source):
    sound_samples(source, 0, 10)
    encoded_part("one", 0, source, "mp3", 128, 0.0)
    os.utime(source.path, ns=(0, 0))
    with pytest.raises(UndecodableError, match="changed"):
        sound_samples(source, 10, 10)
    with pytest.raises(UndecodableError, match="changed"):
        encoded_part("one", 1, source, "mp3", 128, 0.0)
    assert not open_sounds._sounds and not open_sounds._streams
