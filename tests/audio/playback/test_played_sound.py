"""Sound from any moment on: the right length, the right place, in every format that a browser does not play."""

import os

import numpy as np
import pytest
import soundfile

from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.played_sound import PlayedSound
from earshot.audio.playback.sound_source import SoundSource, sound_source
from known_sound import encode, noise, wav_bytes
from played_files import EXACT, LOSSY, as_samples, source_of_file, write_noise


@pytest.fixture
def opened():
    """Open the sounds of sources, and close them at the end."""
    sounds = []

    def open_sound(source):
        sounds.append(PlayedSound(source))
        return sounds[-1]

    yield open_sound
    for sound in sounds:
        sound.close()


@pytest.mark.parametrize("suffix", EXACT)
def test_lossless_sound_is_exact_from_any_moment(tmp_path, opened, suffix):
    samples = write_noise(tmp_path, suffix)
    source = source_of_file(tmp_path / f"noise.{suffix}", 4.0)
    sound = opened(source)
    assert sound.shape == (44_100, 2, 4 * 44_100)
    whole = sound.read(0, 10**9)
    assert len(whole) == sound.shape.n_bytes
    # These two encoders were given 8 bits.
    np.testing.assert_allclose(as_samples(whole), samples, atol=1 / 100 if suffix in ("wv", "tta") else 2 / 32_768)
    for start in (0, 1, 44_100, 3 * 44_100 + 17):
        expected = whole[4 * start : 4 * (start + 5_000)]
        assert opened(source).read(start, 5_000) == expected, "a first read"
        assert sound.read(start, 5_000) == expected, "a read after others"


@pytest.mark.parametrize("suffix", LOSSY)
def test_lossy_sound_is_in_its_place(tmp_path, opened, suffix):
    samples = write_noise(tmp_path, suffix)
    sound = opened(source_of_file(tmp_path / f"noise.{suffix}", 4.0))
    rate = sound.shape.rate
    for start in (0.0, 1.0, 2.5):
        content = as_samples(sound.read(round(start * rate), rate))
        original = samples[:, round(start * rate) : round((start + 1) * rate)]
        at_most = rate // 20  # as encoders delay what they encode
        lags = range(-at_most, at_most, 1)
        middle = content[0, at_most:-at_most]
        found = max(lags, key=lambda lag: float(middle @ original[0, at_most + lag : rate - at_most + lag]))
        assert abs(found) < at_most - 1
        assert np.corrcoef(middle, original[0, at_most + found : rate - at_most + found])[0, 1] > 0.8


def test_one_read_after_another_is_the_whole(tmp_path, opened):
    write_noise(tmp_path, "wma")
    source = source_of_file(tmp_path / "noise.wma", 4.0)
    sound, parts = opened(source), []
    while content := sound.read(sound.position, 7_001):
        parts.append(content)
    assert b"".join(parts) == opened(source).read(0, 10**9)


def test_what_ends_too_soon_goes_on_in_silence(tmp_path, opened):
    write_noise(tmp_path, "flac", seconds=1.0)
    sound = opened(source_of_file(tmp_path / "noise.flac", 1.5))
    content = as_samples(sound.read(0, 10**9))
    assert content.shape == (2, 66_150)
    assert np.abs(content[:, :44_100]).max() > 0.1 and not content[:, 44_100:].any()
    assert sound.read(66_150, 100) == b""


@pytest.mark.parametrize(
    ("rate", "n_channels", "shape"),
    [(96_000, 2, (48_000, 2)), (88_200, 1, (44_100, 1)), (22_050, 1, (22_050, 1)), (6_000, 1, (8_000, 1))],
)
def test_rates_and_channels_are_those_that_players_know(tmp_path, opened, rate, n_channels, shape):
    samples = noise(1.0, rate, n_channels)
    soundfile.write(tmp_path / "noise.wav", samples.T, rate, subtype="PCM_24")
    sound = opened(source_of_file(tmp_path / "noise.wav", 1.0))
    assert sound.shape == (*shape, shape[0])
    content = as_samples(sound.read(0, 10**9), n_channels)[0, 1_000:-1_000]
    assert np.corrcoef(content, noise(1.0, shape[0], n_channels)[0, 1_000:-1_000])[0, 1] > 0.8


@pytest.mark.parametrize("n_channels", [3, 4, 6, 7])
def test_more_channels_become_two(tmp_path, opened, n_channels):
    loud = np.sin(np.arange(48_000) / 20) * 8_000
    (tmp_path / "many.wav").write_bytes(
        wav_bytes(np.repeat(loud.astype("<i2"), n_channels).tobytes(), sample_rate=48_000, channels=n_channels)
    )
    sound = opened(source_of_file(tmp_path / "many.wav", 1.0))
    content = as_samples(sound.read(0, 10**9))
    assert content.shape == (2, 48_000)
    assert np.corrcoef(content[0], loud)[0, 1] > 0.99


def test_a_part_of_a_cue_sheet_is_that_part(tmp_path, opened):
    samples = write_noise(tmp_path, "flac")
    (tmp_path / "noise.cue").write_text(
        'FILE "noise.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 00:01:37\n'
    )
    status, sheet = os.stat(tmp_path / "noise.flac"), os.stat(tmp_path / "noise.cue")
    begin = 1 + 37 / 75
    path, latest = f"{tmp_path}/noise.cue/track0002", max(status.st_mtime_ns, sheet.st_mtime_ns)
    sound = opened(sound_source(path, status.st_size // 2, latest, 4.0 - begin, "flac"))
    first = round(begin * 44_100)
    content = as_samples(sound.read(0, 10**9))
    assert content.shape[1] == round((4 - begin) * 44_100)
    np.testing.assert_allclose(content, samples[:, first : first + content.shape[1]], atol=2 / 32_768)
    np.testing.assert_array_equal(as_samples(sound.read(1_000, 500)), content[:, 1_000:1_500])


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_joined_files_play_one_after_another(tmp_path, opened, kind):
    samples, contents = noise(4.0, 44_100, 2), []
    for number, part in enumerate(np.split(samples, [44_100], axis=1)):
        path = tmp_path / f"{number}.{kind.lower()}"
        soundfile.write(path, part.T, 44_100, format=kind, subtype="VORBIS" if kind == "OGG" else "PCM_16")
        contents.append(path.read_bytes())
    joined = tmp_path / f"all.{kind.lower()}"
    joined.write_bytes(b"".join(contents))
    sound = opened(source_of_file(joined, 4.0))
    for start in (0, 40_000, 60_000, 44_100, 0):
        content = as_samples(sound.read(start, 20_000))
        assert np.corrcoef(content[0], samples[0, start : start + 20_000])[0, 1] > 0.9, start


def test_a_file_that_was_changed_is_not_played_on(tmp_path, opened):
    write_noise(tmp_path, "aiff")
    path = tmp_path / "noise.aiff"
    source = source_of_file(path, 4.0)
    sound = opened(source)
    sound.read(0, 1_000)
    os.utime(path, ns=(0, 0))
    with pytest.raises(UndecodableError, match="changed"):
        sound.read(1_000, 1_000)
    with pytest.raises(UndecodableError, match="changed"):
        PlayedSound(source)


@pytest.mark.parametrize("suffix", ["flac", "mp3", "alac.m4a", "wma", "caf"])
def test_damage_is_a_sentence_or_silence_and_never_less(tmp_path, suffix):
    rng = np.random.default_rng(5)
    write_noise(tmp_path, suffix, seconds=1.0)
    whole = np.frombuffer((tmp_path / f"noise.{suffix}").read_bytes(), np.uint8)
    n_played = 0
    for reach in 6 * [len(whole), 400]:
        damaged = whole.copy()
        damaged[rng.integers(reach, size=8)] = rng.integers(256, size=8)
        end = len(whole) if reach == 400 else rng.integers(len(whole) // 2, len(whole))
        (tmp_path / f"bad.{suffix}").write_bytes(damaged.tobytes()[:end])
        try:
            sound = PlayedSound(source_of_file(tmp_path / f"bad.{suffix}", 1.0))
        except UndecodableError as error:
            assert error.reason.startswith("no sound can be decoded from it: ")
            continue
        n_played += 1
        assert len(sound.read(0, 10**9)) == sound.shape.n_bytes
        assert len(sound.read(3_000, 100)) == 100 * sound.shape.frame_bytes
        sound.close()
    assert n_played


def test_what_is_no_music_is_refused(tmp_path):
    (tmp_path / "passwords.wma").write_text("root:x:0:0\n" * 100)
    with pytest.raises(UndecodableError, match="no sound can be decoded"):
        PlayedSound(source_of_file(tmp_path / "passwords.wma", 3.0))


def test_days_of_sound_fit_into_a_wav_file(tmp_path, opened):
    encode(tmp_path / "noise.flac", "flac", noise(1.0, 44_100, 2), 44_100)
    source = source_of_file(tmp_path / "noise.flac", 1.0)
    for hours, shape in ((6, (44_100, 2)), (10, (44_100, 1)), (24, (22_050, 1)), (10_000, (8_000, 1))):
        sound = opened(SoundSource(source.path, source.stamp, hours * 3_600.0, "flac"))
        assert sound.shape[:2] == shape and sound.shape.n_bytes < 2**32 - 44
