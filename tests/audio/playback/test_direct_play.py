"""Files that a browser plays as they are, by what they hold and not by what they are called."""

import os
import shutil

import pytest
import soundfile

from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.music_file import UndecodableError
from earshot.audio.playback.direct_play import media_type, open_direct
from earshot.audio.playback.sound_source import SoundSource
from known_sound import BRIEF, encode, noise
from played_files import source_of_file, write_noise

TYPES = {
    "mp3": "audio/mpeg", "flac": "audio/flac", "opus": "audio/ogg", "ogg": "audio/ogg", "wav": "audio/wav",
    "m4a": "audio/mp4", "alac.m4a": None, "aiff": None, "wma": None, "wv": None, "tta": None, "ac3": None,
    "au": None, "caf": None, "mp2": None,
}  # fmt: skip


def opened_as(path, *, is_raw=False, duration=4.0):
    """The type with which a file is sent as it is; None if it is not."""
    codec = decode_track(str(path), BRIEF).codec
    opened = open_direct(source_of_file(path, duration, codec), is_raw=is_raw)
    if opened is not None:
        assert opened[0].seek(0) == 0 and opened[0].read() == path.read_bytes()
        opened[0].close()
    return opened and opened[1]


@pytest.mark.parametrize("suffix", TYPES)
def test_the_codec_decides(tmp_path, suffix):
    write_noise(tmp_path, suffix)
    path = tmp_path / f"noise.{suffix}"
    assert opened_as(path) == TYPES[suffix]
    assert opened_as(path, is_raw=True) == (TYPES[suffix] or "application/octet-stream")
    lying = shutil.copy2(path, tmp_path / "noise.bin.mp3")
    assert opened_as(tmp_path / lying) == TYPES[suffix], "whatever it is called"


@pytest.mark.parametrize(
    ("subtype", "kind"), [("PCM_24", "audio/wav"), ("FLOAT", "audio/wav"), ("PCM_32", None), ("ULAW", None)]
)
def test_wav_files_play_by_their_samples(tmp_path, subtype, kind):
    soundfile.write(tmp_path / "noise.wav", noise(4.0, 44_100).T, 44_100, subtype=subtype)
    assert opened_as(tmp_path / "noise.wav") == kind


@pytest.mark.parametrize(("form", "kind"), [("webm", "audio/webm"), ("matroska", "audio/x-matroska")])
def test_matroska_and_its_sister(tmp_path, form, kind):
    encode(tmp_path / "noise.mka", "libopus", noise(4.0, 48_000), 48_000, format=form)
    assert opened_as(tmp_path / "noise.mka") == kind


def test_several_files_in_one_need_to_be_joined(tmp_path):
    for form, subtype in (("FLAC", "PCM_16"), ("OGG", "VORBIS")):
        soundfile.write(tmp_path / "one", noise(3.0, 44_100).T, 44_100, format=form, subtype=subtype)
        soundfile.write(tmp_path / "two", noise(2.0, 44_100).T, 44_100, format=form, subtype=subtype)
        path = tmp_path / f"all.{form.lower()}"
        path.write_bytes((tmp_path / "one").read_bytes() + (tmp_path / "two").read_bytes())
        assert opened_as(path, duration=5.0) is None
        assert opened_as(path, duration=5.0, is_raw=True) is not None


def test_a_part_of_a_file_and_a_file_without_music_are_never_sent(tmp_path):
    write_noise(tmp_path, "flac")
    whole = source_of_file(tmp_path / "noise.flac", 4.0, "flac")
    part = SoundSource(whole.path, whole.stamp, 2.0, "flac", begin=1.0)
    assert open_direct(part, is_raw=True) is None
    (tmp_path / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    for codec in ("mp3", "flac", "vorbis", "pcm_s16le", None):
        assert open_direct(source_of_file(tmp_path / "passwd", 4.0, codec), is_raw=True) is None


def test_a_file_that_changed_or_went_away_since_is_refused(tmp_path):
    write_noise(tmp_path, "flac")
    path = tmp_path / "noise.flac"
    source = source_of_file(path, 4.0, "flac")
    os.utime(path, ns=(0, 0))
    with pytest.raises(UndecodableError, match="changed"):
        open_direct(source, is_raw=False)
    path.unlink()
    with pytest.raises(UndecodableError, match="No such file"):
        open_direct(source, is_raw=True)
    os.mkfifo(path)
    with pytest.raises(UndecodableError, match="a named pipe"):
        open_direct(source, is_raw=True)


@pytest.mark.parametrize("head", [b"", b"\xff", b"RIFF", b"ID3", b"\0" * 64])
def test_a_short_or_unknown_head_has_no_type(head):
    assert media_type(head, "flac") is None and media_type(head, None) is None
