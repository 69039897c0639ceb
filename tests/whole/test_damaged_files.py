"""Files that do not hold what they promise: heard as far as they go, or refused in a sentence."""

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import excerpt_starts
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.frames import FrameRun
from earshot.audio.decoding.music_file import UndecodableError
from known_sound import BRIEF, READ_TAGS, TAGS, displacement, encode, heard_noise, noise, wav_bytes


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.aiff", "a.wv"])
def test_a_download_cut_short_is_heard_as_far_as_it_goes(tmp_path, name):
    path = tmp_path / name
    write_audio(path, noise(60, 44_100), 44_100, TAGS)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    track = decode_track(str(path), BRIEF)
    assert track.note.startswith("cut short: it says 60.0 s and 3") and track.note.endswith("s could be decoded")
    assert track.duration == pytest.approx(36.0, abs=1.5)
    assert name not in ("a.mp3", "a.flac") or track.tags == READ_TAGS  # of the others, the tags stood at the end
    assert track.starts == pytest.approx(excerpt_starts(track.duration, BRIEF), abs=0.05)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        seconds, correlation = displacement(excerpt, start, heard_noise(60))
        assert abs(seconds) < 0.001 and correlation > 0.9


@pytest.mark.parametrize("name", ["a.ogg", "a.opus", "a.wav"])
def test_a_format_that_measures_itself_is_not_called_cut_short(tmp_path, name):
    """FFmpeg takes their length from the last page, or from the size of the file."""
    path, sample_rate = tmp_path / name, 48_000
    write_audio(path, noise(30, sample_rate), sample_rate, TAGS)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    track = decode_track(str(path), BRIEF)
    assert track.duration == pytest.approx(18.0, abs=2.0) and track.note is None and len(track.excerpts) == 3


@pytest.mark.parametrize("claimed", [15.0, 100.0, 3_600.0, 8_589_934.0])
def test_a_header_that_lies_about_the_length(tmp_path, claimed):
    path = tmp_path / "a.flac"
    write_audio(path, noise(12, 8_000), 8_000, {})
    content = bytearray(path.read_bytes())
    facts = int.from_bytes(content[18:26], "big")  # STREAMINFO: rate, channels, depth, and in 36 bits the length
    content[18:26] = (facts >> 36 << 36 | int(claimed * 8_000)).to_bytes(8, "big")
    path.write_bytes(content)
    track = decode_track(str(path), BRIEF)
    assert (track.duration, track.note) == (12.0, f"cut short: it says {claimed:.1f} s and 12.0 s could be decoded")
    assert track.starts == [1.0, 5.0, 9.0]  # the middles 2, 6 and 10 of three parts of 4 s
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        assert displacement(excerpt, start, heard_noise(12)) == (0.0, pytest.approx(1.0, abs=0.001))


class OneWay:
    """A pipe: what is written cannot be corrected, so the header never learns the length."""

    def __init__(self, path):
        self.path = path

    def write(self, content):
        with self.path.open("ab") as file:
            return file.write(content)


@pytest.mark.parametrize(
    ("seconds", "duration", "starts", "note"),
    [
        (9, 9.0, [0.0, 4.0, 8.0], None),  # five excerpts from the start, of which three are kept
        (200, 200.0, [32.333, 99.0, 165.667], None),  # three parts of 66.7 s: the last packet tells
    ],
)
def test_a_file_that_does_not_know_its_length(tmp_path, seconds, duration, starts, note):
    path = tmp_path / "a.mka"
    encode(OneWay(path), "flac", noise(seconds, 8_000), 8_000, format="matroska")
    track = decode_track(str(path), BRIEF)
    assert track.duration == pytest.approx(duration, abs=0.1) and track.note == note
    assert track.starts == pytest.approx(starts, abs=0.01)


def test_a_file_that_does_not_know_its_length_and_has_no_clock(tmp_path, monkeypatch):
    monkeypatch.setattr(FrameRun, "end_of_packets", lambda run, position: 0.0)  # packets without a time
    encode(OneWay(tmp_path / "a.mka"), "flac", noise(200, 8_000), 8_000, format="matroska")
    track = decode_track(str(tmp_path / "a.mka"), BRIEF)
    assert track.note == "does not say how long it is: only its first 120 s were heard"
    assert track.duration == pytest.approx(120, abs=0.5) and track.starts == pytest.approx([0, 60, 118], abs=0.01)


@pytest.mark.parametrize("seconds", [0.5, 0.99])
def test_less_than_a_second(tmp_path, seconds):
    write_audio(tmp_path / "a.flac", noise(seconds, 16_000), 16_000, {})
    with pytest.raises(UndecodableError, match=rf"^shorter than one second \({seconds:.2f} s\)$"):
        decode_track(str(tmp_path / "a.flac"), BRIEF)


def test_a_second_of_which_too_little_is_there(tmp_path):
    """The header claims 1.02 s, and 0.96 s are there: that it is shorter than a second would not be true."""
    path = tmp_path / "a.flac"
    write_audio(path, noise(0.96, 8_000), 8_000, {})
    content = bytearray(path.read_bytes())
    facts = int.from_bytes(content[18:26], "big")  # 20 bits rate, channels, depth, and in 36 bits the length
    content[18:26] = (facts >> 36 << 36 | 8_160).to_bytes(8, "big")
    path.write_bytes(content)
    with pytest.raises(UndecodableError, match=r"^no whole second of sound could be decoded from its 1\.02 s$"):
        decode_track(str(path), BRIEF)


@pytest.mark.parametrize("second", [(22_050, 1), (48_000, 2), (44_100, 2)])
def test_a_format_that_changes_midway(tmp_path, second):
    """Two mp3 files in one, as radio recorders and careless joins leave them."""
    for name, rate, n_channels in (("a", 44_100, 1), ("b", *second)):
        samples = np.repeat(noise(3, rate), n_channels, axis=0)
        write_audio(tmp_path / f"{name}.mp3", samples, rate, {})
    (tmp_path / "both.mp3").write_bytes((tmp_path / "a.mp3").read_bytes() + (tmp_path / "b.mp3").read_bytes())
    track = decode_track(str(tmp_path / "both.mp3"), ExcerptConfig(excerpts=6, excerpt_seconds=1.0))
    assert track.duration == pytest.approx(6, abs=0.2)
    levels = [np.std(excerpt) for excerpt in track.excerpts]
    # FFmpeg mixes a part in stereo down to the mono of the first, louder by the square root of two.
    np.testing.assert_allclose(levels, levels[0], rtol=0.15 if second[1] == 1 else 0.5)


def test_silence(tmp_path):
    dither = np.random.default_rng(7).choice([-1, 0, 1], (1, 160_000)) / 2**15  # -90 dB
    write_audio(tmp_path / "a.wav", dither.astype(np.float32), 16_000, {})
    with pytest.raises(UndecodableError, match=r"^silence from beginning to end$"):
        decode_track(str(tmp_path / "a.wav"), BRIEF)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize(
    ("sample", "sentence"),
    [
        (np.nan, r"contains samples that are not numbers \(NaN or infinity\)"),
        (np.inf, r"contains samples that are not numbers \(NaN or infinity\)"),
        (3e38, r"contains samples that are not numbers|contains samples of absurd size"),  # two of them overflow
        (1e30, r"contains samples of absurd size \([0-9.]+e\+(29|30), where 1 is full scale\)"),
    ],
)
def test_samples_that_no_sound_has(tmp_path, sample, sentence, n_channels):
    samples = np.full((24_000, n_channels), 0.1, dtype="<f4")
    samples[5_000] = sample
    data = samples.tobytes()
    (tmp_path / "a.wav").write_bytes(wav_bytes(data, code=3, bits=32, channels=n_channels))
    with pytest.raises(UndecodableError, match=sentence):
        decode_track(str(tmp_path / "a.wav"), BRIEF)


def test_a_sample_that_only_64_bits_can_hold(tmp_path):
    samples = np.full(24_000, 0.1, dtype="<f8")
    samples[5_000] = 1e300
    (tmp_path / "a.wav").write_bytes(wav_bytes(samples.tobytes(), code=3, bits=64))
    with pytest.raises(UndecodableError, match=r"contains samples that are not numbers \(NaN or infinity\)"):
        decode_track(str(tmp_path / "a.wav"), BRIEF)


def test_floating_point_may_exceed_full_scale(tmp_path):
    (tmp_path / "a.wav").write_bytes(wav_bytes((noise(3, 8_000)[0] * 50).tobytes(), code=3, bits=32))
    assert np.abs(decode_track(str(tmp_path / "a.wav"), BRIEF).excerpts[0]).max() > 10


@pytest.mark.parametrize("sample_rate", [1, 999, 3_000_001, 2**31 - 1])
def test_an_absurd_sample_rate(tmp_path, sample_rate):
    (tmp_path / "a.wav").write_bytes(wav_bytes(bytes(range(256)) * 100, sample_rate=sample_rate))
    with pytest.raises(UndecodableError, match=f"^an absurd sample rate of {sample_rate:,} Hz$"):
        decode_track(str(tmp_path / "a.wav"), BRIEF)


@pytest.mark.parametrize(
    "header", [{"sample_rate": 0}, {"sample_rate": 2**32 - 1}, {"channels": 0}, {"channels": 65_535}, {"channels": 65}]
)
def test_an_impossible_header(tmp_path, header):
    (tmp_path / "a.wav").write_bytes(wav_bytes(bytes(range(256)) * 1_000, **header))
    with pytest.raises(
        UndecodableError, match=r"^(damaged|an absurd|no sound|not an audio|it ends|the decoder gave up)"
    ):
        decode_track(str(tmp_path / "a.wav"), BRIEF)


def test_a_film_without_sound(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    with pytest.raises(UndecodableError, match=r"^holds no audio stream$"):
        decode_track(str(tmp_path / "a.mp4"), BRIEF)


@pytest.fixture(scope="module")
def victims(tmp_path_factory):
    """Small valid files by suffix, and a place for their mutants."""
    folder = tmp_path_factory.mktemp("victims")
    for suffix in ("mp3", "flac", "ogg", "m4a", "wv"):
        write_audio(folder / f"a.{suffix}", noise(1.5, 16_000), 16_000, TAGS)
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}, folder / "mutant"


@settings(max_examples=150, deadline=None)
@given(
    suffix=st.sampled_from([".mp3", ".flac", ".ogg", ".m4a", ".wv"]),
    keep=st.floats(0.05, 1.0),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), max_size=30),
    head_flips=st.lists(st.tuples(st.integers(0, 199), st.integers(1, 255)), max_size=4),
)
def test_a_damaged_file_is_heard_or_refused(victims, suffix, keep, flips, head_flips):
    content = bytearray(victims[0][suffix][: int(len(victims[0][suffix]) * keep)])
    for place, flip in [(int(share * len(content)), flip) for share, flip in flips] + head_flips:
        content[place] ^= flip
    victims[1].write_bytes(content)
    try:
        track = decode_track(str(victims[1]), BRIEF)
    except UndecodableError as error:
        assert str(error) and "\n" not in str(error)
    else:
        assert 1 <= len(track.excerpts) <= 3
        assert all(np.isfinite(excerpt).all() and len(excerpt) <= 32_000 for excerpt in track.excerpts)
