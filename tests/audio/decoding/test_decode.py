"""Decoding: every format gives the same sound at the same moment, at a cost that length does not change."""

import hashlib
import os
import pickle
import subprocess
import sys

import av
import numpy as np
import psutil
import pytest
import soundfile
import soxr

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding import audible_excerpts, decode
from earshot.audio.decoding.audio_writer import write_audio
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.frames import FrameRun
from earshot.audio.decoding.music_file import Cause, UndecodableError
from known_sound import BRIEF, READ_TAGS, TAGS, displacement, encode, heard_noise, noise, wav_bytes


@pytest.fixture
def decoded(monkeypatch):
    """Work of the decoder: [frames, seconds of sound]."""
    work, decode_frames = [0, 0.0], FrameRun._decode

    def counted(run):
        for frame in decode_frames(run):
            work[0] += 1
            work[1] += frame.samples / frame.sample_rate
            yield frame

    monkeypatch.setattr(FrameRun, "_decode", counted)
    return work


# Every format


OTHER_FORMATS = {  # name: encoder, container
    "a.tta": ("tta", "tta"), "a.ac3": ("ac3", "ac3"), "a.eac3": ("eac3", "eac3"), "a.au": ("pcm_s16be", "au"),
    "a.caf": ("alac", "caf"), "a.w64": ("pcm_s24le", "w64"), "a.aac": ("aac", "adts"), "a.mka": ("flac", "matroska"),
    "a.webm": ("libopus", "webm"), "a.mp4": ("aac", "mp4"), "a.mp2": ("mp2", "mp2"), "a.asf": ("wmav1", "asf"),
    "mulaw.wav": ("pcm_mulaw", "wav"), "float64.wav": ("pcm_f64le", "wav"), "u8.wav": ("pcm_u8", "wav"),
    "s24.aiff": ("pcm_s24be", "aiff"), "s32.caf": ("pcm_s32le", "caf"), "alaw.wav": ("pcm_alaw", "wav"),
}  # fmt: skip
OUR_FORMATS = ["mp3", "flac", "ogg", "opus", "m4a", "alac.m4a", "wav", "aiff", "wv", "wma"]
ESTIMATED = {"a.aac", "a.ac3", "a.eac3", "a.mp2"}  # bare streams: a length by the bit rate of their first frames
LATE = {  # seconds: the encoder's delay that the format does not tell, or coarse timestamps
    "a.wma": 0.05, "a.asf": 0.05, "a.aac": 0.03, "a.mp2": 0.03, "a.ac3": 0.01, "a.eac3": 0.01, "a.webm": 0.002,
}  # fmt: skip


@pytest.mark.parametrize("name", [*(f"a.{suffix}" for suffix in OUR_FORMATS), *OTHER_FORMATS])
def test_every_format_gives_the_same_sound(tmp_path, name):
    path, sample_rate = tmp_path / name, 48_000 if name in ("a.opus", "a.webm") else 44_100
    if name in OTHER_FORMATS:
        codec, container = OTHER_FORMATS[name]
        encode(path, codec, noise(20, sample_rate, 2), sample_rate, format=container, bit_rate=192_000)
    else:
        write_audio(path, noise(20, sample_rate, 2), sample_rate, TAGS)

    track = decode_track(str(path), BRIEF)

    assert track.duration == pytest.approx(20.0, abs=1.0 if name in ESTIMATED else 0.1)
    assert (track.sample_rate, track.channels, track.note) == (sample_rate, 2, None)
    assert name in OTHER_FORMATS or track.tags == READ_TAGS
    # 20 s in three parts: 20/6 - 1, 20/2 - 1, 20 * 5/6 - 1
    assert track.starts == pytest.approx([2.333, 9.0, 15.667], abs=0.8 if name in ESTIMATED else 0.03)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        assert excerpt.shape == (32_000,) and excerpt.dtype == np.float32
        seconds, correlation = displacement(excerpt, start, heard_noise(20, 2))
        assert abs(seconds) <= LATE.get(name, 0.0005)
        assert correlation > 0.9


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 16_000, 22_050, 96_000, 192_000])
def test_any_rate_is_resampled_once(tmp_path, monkeypatch, sample_rate):
    write_audio(tmp_path / "a.flac", noise(12, sample_rate), sample_rate, {})  # excerpts at 1, 5 and 9 s
    source = heard_noise(12)
    calls, resample = [], soxr.resample
    monkeypatch.setattr(audible_excerpts.soxr, "resample", lambda *a: calls.append(a[1:3]) or resample(*a))
    track = decode_track(str(tmp_path / "a.flac"), BRIEF)
    assert calls == ([] if sample_rate == 16_000 else [(sample_rate, 16_000)] * 3)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        assert len(excerpt) == 32_000
        seconds, correlation = displacement(excerpt, start, source)
        assert abs(seconds) <= 0.0005 and correlation > 0.999


def test_an_excerpt_is_never_too_long(tmp_path):
    """1.3 s at 7,999 Hz are 10,399 samples, which the resampler rounds up to 20,801; an excerpt has 20,800."""
    config = ExcerptConfig(excerpts=2, excerpt_seconds=1.3)
    write_audio(tmp_path / "a.flac", noise(4, 7_999), 7_999, {})
    assert [len(excerpt) for excerpt in decode_track(str(tmp_path / "a.flac"), config).excerpts] == [20_800] * 2


@pytest.mark.parametrize("n_channels", [1, 2, 6])
def test_channels_are_averaged(tmp_path, n_channels):
    """Each channel holds other noise, so any other weight than 1/n shows; in 5.1 also that of the bass channel."""
    write_audio(tmp_path / "a.flac", noise(3, 16_000, n_channels), 16_000, {})
    excerpt = decode_track(str(tmp_path / "a.flac"), BRIEF).excerpts[0]
    np.testing.assert_allclose(excerpt, heard_noise(3, n_channels)[:32_000], atol=1 / 2**15)


def test_a_mono_file_and_its_stereo_copy_are_equally_loud(tmp_path):
    loudness = {}
    for n_channels in (1, 2):
        path = tmp_path / f"{n_channels}.wav"
        write_audio(path, np.repeat(noise(3, 44_100), n_channels, axis=0), 44_100, {})
        loudness[n_channels] = np.std(decode_track(str(path), BRIEF).excerpts[0])
    assert loudness[2] / loudness[1] == pytest.approx(1.0, abs=1e-6)  # by FFmpeg's downmix: 1.414


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_depth_has_the_same_full_scale(tmp_path, subtype):
    samples = noise(3, 16_000)[0]
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype=subtype)
    excerpt = decode_track(str(tmp_path / "a.wav"), BRIEF).excerpts[0]
    np.testing.assert_allclose(excerpt, samples[:32_000], atol=1 / 2**7 if subtype == "PCM_U8" else 1 / 2**15)


def test_integers_of_64_bits(tmp_path):
    samples = noise(3, 16_000)[0]
    data = (samples.astype(np.float64) * 2**63).astype("<i8").tobytes()
    (tmp_path / "a.wav").write_bytes(wav_bytes(data, sample_rate=16_000, bits=64))
    np.testing.assert_allclose(decode_track(str(tmp_path / "a.wav"), BRIEF).excerpts[0], samples[:32_000], atol=1e-6)


def test_a_short_track_is_heard_in_parts(tmp_path):
    # 5 s in excerpts of 2 s: two whole ones, and a rest of one second
    write_audio(tmp_path / "a.flac", noise(5, 16_000), 16_000, {})
    track = decode_track(str(tmp_path / "a.flac"), BRIEF)
    assert track.starts == [0.0, 2.0, 4.0]
    np.testing.assert_allclose(np.concatenate(track.excerpts), heard_noise(5), atol=1 / 2**15)


# What a length costs


def repeated_mp3(path, times):
    """Three minutes of a constant bit rate without a header, again and again: frames need no table of contents."""
    encode(
        path,
        "libmp3lame",
        noise(180, 16_000),
        16_000,
        bit_rate=32_000,
        container_options={"write_xing": "0"},
        format="mp3",
    )
    path.write_bytes(path.read_bytes() * times)


def long_wav(path, times):
    minutes = np.random.default_rng(7).integers(0, 256, 180 * 8_000, dtype=np.uint8).tobytes()
    path.write_bytes(wav_bytes(b"", bits=8, data_size=times * len(minutes)))
    with path.open("ab") as file:
        for _ in range(times):
            file.write(minutes)


def tone_flac(path, times):
    tone = np.sin(np.arange(8_000 * 180 * times, dtype=np.float32) * 0.5)[None] * np.float32(0.5)
    encode(path, "flac", tone, 8_000, codec_options={"compression_level": "0"}, format="flac")


@pytest.mark.parametrize(("make", "times"), [(repeated_mp3, 60), (long_wav, 60), (tone_flac, 10)])
def test_a_long_track_costs_what_a_short_one_costs(tmp_path, decoded, make, times):
    work = []
    for length in (1, times):
        decoded[:] = 0, 0.0
        make(tmp_path / "track", length)
        track = decode_track(str(tmp_path / "track"), ExcerptConfig())
        assert track.duration == pytest.approx(180 * length, rel=0.01) and len(track.excerpts) == 6
        work.append(tuple(decoded))
    assert work[1][0] <= 1.1 * work[0][0] and work[1][1] <= 1.1 * work[0][1]
    assert work[1][1] < 6 * (5 + 1.0)  # seconds decoded: six excerpts and a little more


@pytest.mark.skipif(not psutil.LINUX, reason="other systems count memory in other ways")
@pytest.mark.parametrize(("make", "times"), [(repeated_mp3, 60), (long_wav, 60)])
def test_memory_does_not_grow_with_length(tmp_path, make, times):
    code = (
        "import resource, sys; from audio.config import ExcerptConfig; from audio.decoding.decode import decode_track\n"
        "assert len(decode_track(sys.argv[1], ExcerptConfig()).excerpts) == 6\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for length in (1, times):
        make(tmp_path / "track", length)
        command = [sys.executable, "-c", code, str(tmp_path / "track")]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 4_096, peaks  # KiB; three hours of it, as it is heard, take 675,000


def sweep(seconds, sample_rate):
    """A tone whose pitch tells the time: 300 Hz, and ten more every second. The second half hisses, for more bits."""
    moments = np.arange(seconds * sample_rate) / sample_rate
    hiss = np.random.default_rng(7).standard_normal(len(moments)) * (moments > seconds / 2)
    return (0.3 * np.sin(2 * np.pi * (300 + 5 * moments) * moments) + 0.03 * hiss).astype(np.float32)[None]


@pytest.mark.parametrize(
    "options",
    [
        {"codec_options": {"global_quality": "700", "flags": "+qscale"}},  # a varying bit rate, and a table of contents
        {"bit_rate": 32_000, "container_options": {"write_xing": "0"}},  # a constant one, and no table
    ],
    ids=["varying", "constant"],
)
def test_the_largest_mp3_is_not_read_to_find_a_moment(tmp_path, monkeypatch, decoded, options):
    """Beyond a size, a table of contents or proportion leads to a moment: near, not exactly."""
    path = tmp_path / "a.mp3"
    encode(path, "libmp3lame", sweep(300, 16_000), 16_000, **options)
    monkeypatch.setattr(decode, "_MAX_EXACT_SEEK_BYTES", 100_000)
    before = psutil.Process().io_counters().read_chars if psutil.LINUX else 0
    track = decode_track(str(path), BRIEF)
    if psutil.LINUX:
        assert psutil.Process().io_counters().read_chars - before < 0.6 * path.stat().st_size
    assert decoded[1] < 3 * (2 + 3 + 0.2)  # seconds; one entry of the table is 3 s
    # 300 s in three parts: 50 - 1, 150 - 1, 250 - 1
    assert track.starts == pytest.approx([49.0, 149.0, 249.0], abs=3.5)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        pitch = np.abs(np.fft.rfft(excerpt * np.hanning(len(excerpt)))).argmax() / 2  # Hz, of a window of 2 s
        # The phase is 300 t + 5 t^2, so the pitch is 300 + 10 t; in the middle of the excerpt
        assert (pitch - 300) / 10 - 1 == pytest.approx(start, abs=3.0)


def test_durations_that_are_not_wanted(tmp_path):
    write_audio(tmp_path / "a.flac", noise(4, 16_000), 16_000, TAGS)
    assert decode_track(str(tmp_path / "a.flac"), BRIEF, (4.0, 4.0)).duration == 4.0
    for bounds, reason in [
        ((4.5, None), "shorter than --min-duration 4.5 (4 s)"),
        ((None, 3.0), "longer than --max-duration 3 (4 s)"),
    ]:
        with pytest.raises(UndecodableError) as caught:
            decode_track(str(tmp_path / "a.flac"), BRIEF, bounds)
        again = pickle.loads(pickle.dumps(caught.value))  # it crosses from a worker to the parent
        assert (again.reason, again.cause, again.duration) == (reason, Cause.RULE, 4.0)


def test_a_file_is_only_ever_read(tmp_path):
    path = tmp_path / "a.mp3"
    write_audio(path, noise(3, 16_000), 16_000, TAGS)
    path.chmod(0o444)
    os.utime(path, ns=(10**18, 10**18))
    before = path.stat(), hashlib.sha256(path.read_bytes()).digest()
    decode_track(str(path), BRIEF)
    after = path.stat(), hashlib.sha256(path.read_bytes()).digest()
    assert before[1] == after[1] and before[0].st_mtime_ns == after[0].st_mtime_ns
    assert os.listdir(tmp_path) == ["a.mp3"]


def test_names_that_a_decoder_would_misread(tmp_path, monkeypatch):
    """FFmpeg takes what stands before a colon for a protocol; and Linux allows names that are not UTF-8."""
    write_audio(tmp_path / "a.flac", noise(2, 16_000), 16_000, {})
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a.flac", "http:a.flac", "-i", "new\nline.flac", "café.flac", os.fsdecode(b"caf\xe9.flac")):
        os.rename("a.flac", name)
        assert decode_track(name, BRIEF).duration == 2.0
        os.rename(name, "a.flac")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RuntimeError("Could not allocate AVAudioFifo."), Cause.ENVIRONMENT),
        (RuntimeError("soxr_create: malloc failed"), Cause.ENVIRONMENT),
        (MemoryError(), Cause.ENVIRONMENT),
        (RuntimeError("Failed to get layout name: -22"), Cause.CONTENT),
        (av.error.InvalidDataError(1, "Invalid data found", "allocate.flac"), Cause.CONTENT),
        (av.error.BugError(1, "Internal bug", "allocate.flac"), Cause.CONTENT),
    ],
)
def test_a_lack_of_memory_is_no_verdict_whatever_it_is_called(track_files, monkeypatch, error, cause):
    def fail(run):
        raise error

    monkeypatch.setattr(FrameRun, "_decode", fail)
    with pytest.raises(UndecodableError) as caught:
        decode_track(str(track_files[0]), ExcerptConfig())
    assert caught.value.cause is cause
    if cause is Cause.ENVIRONMENT:
        assert str(caught.value) == "decoding needs more memory than the limit allows"


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg"])
def test_a_track_of_a_cue_sheet_is_heard_where_it_lies(tmp_path, suffix):
    write_audio(tmp_path / f"album.{suffix}", noise(40, 16_000), 16_000, TAGS | {"isrc": "GBAAA9700001"})
    (tmp_path / "album.cue").write_text(
        'FILE "album.wav" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n'
        "TRACK 02 AUDIO\nTITLE Middle\nINDEX 01 00:12:00\nTRACK 03 AUDIO\nINDEX 01 00:33:37\n"
        "TRACK 04 AUDIO\nINDEX 01 01:00:00\n",
    )
    for number, begin, end in ((1, 0, 12), (2, 12, 33 + 37 / 75), (3, 33 + 37 / 75, 40)):
        track = decode_track(str(tmp_path / f"album.cue/track000{number}"), BRIEF)
        assert track.duration == pytest.approx(end - begin, abs=0.2)
        assert track.starts[-1] + len(track.excerpts[-1]) / 16_000 <= track.duration + 0.2
        for excerpt, start in zip(track.excerpts, track.starts, strict=True):
            seconds, likeness = displacement(excerpt, begin + start, heard_noise(40))
            assert abs(seconds) < 0.1 and likeness > 0.8
        assert track.tags.title == ("Middle" if number == 2 else f"Track 0{number}")
        assert (track.tags.artist, track.tags.isrc, track.tags.track_number) == ("Someone", None, number)
    with pytest.raises(UndecodableError, match=r"begin at 60\.0 s, and its file ends at 40\.\d s"):
        decode_track(str(tmp_path / "album.cue/track0004"), BRIEF)
    with pytest.raises(UndecodableError, match=r"album\.cue names no such track any more") as caught:
        decode_track(str(tmp_path / "album.cue/track0005"), BRIEF)
    assert caught.value.cause is Cause.ENVIRONMENT  # the sheet was changed a moment ago
