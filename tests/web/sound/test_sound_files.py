"""Sources of bytes: a file that nobody wrote is the same whole and in parts."""

import asyncio
import io
import wave
from concurrent.futures import ThreadPoolExecutor

import pytest

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.direct_play import open_direct
from earshot.audio.playback.played_sound import PlayedSound, SoundShape
from earshot.web.sound.sound_files import FileBytes, WavBytes, wav_header
from played_files import close_open_sounds, source_of_file, write_noise


class Here:
    """A pool whose tasks run in this process."""

    def result(self, task, *arguments):
        return task(*arguments)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as threads:
        yield threads
    close_open_sounds()


def test_a_header_is_what_others_read():
    header = wav_header(SoundShape(44_100, 2, 1_000))
    with wave.open(io.BytesIO(header + bytes(4_000))) as file:
        assert file.getparams()[:4] == (2, 2, 44_100, 1_000)


def test_any_part_of_a_wav_file_is_part_of_the_whole(tmp_path, threads):
    write_noise(tmp_path, "alac.m4a", seconds=1.0)
    source = source_of_file(tmp_path / "noise.alac.m4a", 1.0)
    sound = PlayedSound(source)
    file = WavBytes(source, sound.shape, Here(), threads)
    whole = wav_header(sound.shape) + sound.read(0, 10**9)
    sound.close()
    assert file.size == len(whole) == 44 + 4 * 44_100
    for start, n in (
        (0, 10),
        (0, 44),
        (40, 10),
        (44, 1),
        (45, 6),
        (46, 1),
        (47, 3),
        (100_001, 7_777),
        (file.size - 3, 3),
    ):
        assert asyncio.run(file.read(start, n)) == whole[start : start + n], (start, n)
    assert asyncio.run(file.read(0, file.size)) == whole


def test_a_file_is_read_until_it_is_closed(tmp_path, threads):
    write_noise(tmp_path, "flac", seconds=1.0)
    path = tmp_path / "noise.flac"
    source = source_of_file(path, 1.0, "flac")
    file = FileBytes(*open_direct(source, is_raw=False)[:1], source, "audio/flac", threads)
    assert file.size == path.stat().st_size
    assert asyncio.run(file.read(100, 50)) == path.read_bytes()[100:150]
    file.close()
    with pytest.raises(UndecodableError, match="the player has left"):
        asyncio.run(file.read(0, 1))
