"""Files that are several files one after another: chained Ogg, and joined FLAC."""

import numpy as np
import pytest
import soundfile

from earshot.audio.config import ExcerptConfig
from earshot.audio.decoding.audible_excerpts import excerpt_starts
from earshot.audio.decoding.decode import decode_track
from earshot.audio.decoding.joined_files import FilePart, find_links, is_chained_ogg
from earshot.audio.decoding.music_file import MusicFile, UndecodableError
from known_sound import displacement, encode, heard_noise, noise


def link(path, kind, samples, sample_rate):
    """One file of a chain."""
    if kind == "opus":
        encode(path, "libopus", samples, sample_rate, format="ogg")
    elif kind == "flac in ogg":
        encode(path, "flac", samples, sample_rate, format="ogg")
    else:
        options = {"format": "OGG", "subtype": "VORBIS"} if kind == "vorbis" else {"format": "FLAC"}
        with soundfile.SoundFile(path, "w", sample_rate, len(samples), **options) as file:
            for begin in range(0, samples.shape[1], sample_rate):  # one long write overflows libsndfile's stack
                file.write(samples[:, begin : begin + sample_rate].T)
    return path.read_bytes()


def chain(tmp_path, kind, lengths, rates=(16_000,), channels=(1,)):
    """Noise in links of these lengths; return the path of all of them in one file."""
    contents, begin, suffix = [], 0, "flac" if kind == "flac" else "ogg"
    for number, seconds in enumerate(lengths):
        sample_rate = 48_000 if kind == "opus" else rates[number % len(rates)]
        samples = noise(sum(lengths), sample_rate)[:, begin * sample_rate : (begin + seconds) * sample_rate]
        samples = np.repeat(samples, channels[number % len(channels)], axis=0)
        contents.append(link(tmp_path / f"{number}.{suffix}", kind, samples, sample_rate))
        begin += seconds
    path = tmp_path / f"all.{suffix}"
    path.write_bytes(b"".join(contents))
    return path


KINDS = ["vorbis", "opus", "flac in ogg", "flac"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [(10, 60), (60, 10), (10, 20, 40), (20, 20)])
def test_a_chain_is_heard_to_its_end(tmp_path, kind, lengths):
    track = decode_track(str(chain(tmp_path, kind, lengths)), ExcerptConfig())
    total = sum(lengths)
    assert track.duration == pytest.approx(total, abs=0.1)
    assert track.note == f"{len(lengths)} recordings one after another in one file"
    assert track.starts == pytest.approx(excerpt_starts(total, ExcerptConfig()), abs=0.1)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        assert len(excerpt) == 80_000
        is_in_one_link = all(not start < end < start + 5 for end in np.cumsum(lengths))
        if is_in_one_link and kind != "flac in ogg":  # in which FFmpeg, after a seek, may be wrong by a page
            seconds, correlation = displacement(excerpt, start, heard_noise(total))
            assert abs(seconds) <= 0.06 and correlation > 0.9


@pytest.mark.parametrize("kind", ["vorbis", "flac"])
def test_each_link_has_its_rate_and_its_channels(tmp_path, kind):
    path = chain(tmp_path, kind, (20, 30, 10), (16_000, 44_100, 8_000), (2, 1, 1))
    track = decode_track(str(path), ExcerptConfig())
    assert track.duration == pytest.approx(60, abs=0.1) and (track.sample_rate, track.channels) == (16_000, 2)
    assert track.starts == pytest.approx([2.5, 12.5, 22.5, 32.5, 42.5, 52.5], abs=0.01)
    for excerpt, start in zip(track.excerpts, track.starts, strict=True):
        seconds, correlation = displacement(excerpt, start, heard_noise(60))
        assert abs(seconds) <= 0.001 and correlation > 0.9


def test_each_link_of_flac_in_ogg_has_its_rate(tmp_path):
    path = chain(tmp_path, "flac in ogg", (20, 30, 10), (16_000, 44_100, 8_000), (2, 1, 1))
    track = decode_track(str(path), ExcerptConfig())
    assert track.duration == pytest.approx(60, abs=0.1) and [len(excerpt) for excerpt in track.excerpts] == [80_000] * 6
    np.testing.assert_allclose([np.std(excerpt) for excerpt in track.excerpts], 0.1, rtol=0.1)


def test_a_link_that_is_repeated_counts_again(tmp_path):
    """The two have the same serial number, so only the bytes behind the declared end tell of the second."""
    path = chain(tmp_path, "vorbis", (20,))
    path.write_bytes(path.read_bytes() * 2)
    assert decode_track(str(path), ExcerptConfig()).duration == pytest.approx(40, abs=0.1)


def test_an_excerpt_goes_over_the_end_of_a_link(tmp_path):
    path = chain(tmp_path, "flac", (7, 8))
    track = decode_track(str(path), ExcerptConfig())
    assert track.starts == [0.0, 5.0, 10.0]
    np.testing.assert_allclose(np.concatenate(track.excerpts), heard_noise(15), atol=1 / 2**14)


def test_silence_and_bounds_are_those_of_the_whole_chain(tmp_path):
    for number, samples in enumerate([noise(20, 8_000), np.zeros((1, 800_000), dtype=np.float32)]):
        link(tmp_path / f"{number}.ogg", "flac in ogg", samples, 8_000)
    path = tmp_path / "all.ogg"
    path.write_bytes((tmp_path / "1.ogg").read_bytes() + (tmp_path / "0.ogg").read_bytes())
    track = decode_track(str(path), ExcerptConfig())
    assert track.duration == 120.0 and len(track.excerpts) == 3 and min(track.starts) >= 100
    with pytest.raises(UndecodableError, match=r"^longer than --max-duration 110 \(120 s\)$"):
        decode_track(str(path), ExcerptConfig(), (None, 110.0))


@pytest.mark.parametrize("damage", ["last link cut", "second link spoilt"])
def test_a_damaged_chain_is_heard_as_far_as_it_goes(tmp_path, damage):
    path = chain(tmp_path, "vorbis", (20, 20, 20))
    first, second, third = ((tmp_path / f"{number}.ogg").read_bytes() for number in range(3))
    if damage == "last link cut":
        path.write_bytes(first + second + third[: len(third) // 2])
    else:
        path.write_bytes(first + second[:200] + bytes(len(second) - 200) + third)
    track = decode_track(str(path), ExcerptConfig())
    assert track.duration == pytest.approx(50 if damage == "last link cut" else 40, abs=3)
    assert len(track.excerpts) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_an_ordinary_file_is_no_chain(tmp_path, kind):
    path = chain(tmp_path, kind, (20,))
    file = MusicFile(str(path))
    assert not is_chained_ogg(file) and file.tell() == 0
    file.seek(100)
    [part] = find_links(file)
    assert part.size == file.size and file.tell() == 100
    file.close()


def test_a_part_reads_as_a_file_of_its_own(tmp_path):
    (tmp_path / "a").write_bytes(b"0123456789")
    file = MusicFile(str(tmp_path / "a"))
    part = FilePart(file, 2, 6)
    assert (part.read(3), part.read(3), part.read(3), part.tell()) == (b"234", b"5", b"", 4)
    assert (part.seek(-2, 2), part.read(9), part.seek(1), part.seek(1, 1), part.read(1)) == (2, b"45", 1, 2, b"4")
    file.close()
