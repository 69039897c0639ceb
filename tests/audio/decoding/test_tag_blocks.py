"""Tags that FFmpeg passes over, in files that people have and in files that people make to do harm."""

import struct

import numpy as np
import pytest

from earshot.audio.decoding.music_file import reading
from earshot.audio.decoding.tag_blocks import read_blocks
from tag_bytes import apev2, id3v1, id3v2, riff_chunk, riff_info, synchsafe

SOUND = b"\xff\xfb\x90\0" * 500
MBID = b"8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
UFID = ("UFID", b"http://musicbrainz.org\0" + MBID)


@pytest.fixture
def blocks(tmp_path):
    def read(content):
        path = tmp_path / "a.mp3"
        path.write_bytes(content)
        with reading(str(path)) as file:
            found = read_blocks(file)
            assert file.tell() == 0
        return found

    return read


def test_the_recording_in_musicbrainz(blocks):
    other = ("UFID", b"http://www.id3.org/dummy\0abc")
    assert blocks(id3v2(other, UFID, other) + SOUND) == [{"musicbrainz_trackid": [MBID.decode()]}]
    picture = ("APIC", b"\0image/png\0\3\0" + bytes(3_000_000))  # before it, and far larger than what is read at once
    assert blocks(id3v2(picture, UFID) + SOUND) == [{"musicbrainz_trackid": [MBID.decode()]}]


def test_several_artists(blocks):
    assert blocks(id3v2(("TPE1", b"\3Anna\0Ben\0"), version=4) + SOUND) == [{"artist": ["Anna", "Ben"]}]
    twice = id3v2(("TPE1", b"\3Anna"), ("TPE1", b"\3Ben"), ("TPE2", b"\3All"), version=4)
    assert blocks(twice + SOUND) == [{"artist": ["Anna", "Ben"], "album_artist": ["All"]}]
    wide = id3v2(("TPE1", b"\1" + "Кино\0Чайф".encode("utf-16")), ("TIT2", b"\2" + "Ж".encode("utf-16-be")), version=4)
    assert blocks(wide + SOUND) == [{"artist": ["Кино", "Чайф"], "title": ["Ж"]}]


def test_bytes_that_are_called_latin_1_stay_bytes(blocks):
    (fields,) = blocks(id3v2(("TPE1", b"\0" + "Кино".encode("cp1251"))) + SOUND)
    assert fields["artist"][0].encode("ascii", "surrogateescape") == "Кино".encode("cp1251")


def test_versions_and_flags(blocks):
    assert blocks(id3v2(("TP1", b"\0Anna"), ("TT2", b"\0One"), version=2) + SOUND) == [
        {"artist": ["Anna"], "title": ["One"]}
    ]
    unsynchronised = id3v2(("TIT2", b"\1\xff\0\xfe" + "A".encode("utf-16-le")), flags=0x80)
    assert blocks(unsynchronised + SOUND) == [{"title": ["A"]}]
    for version, extended in ((3, b"\0\0\0\6" + bytes(6)), (4, synchsafe(6) + b"\1\0")):
        frame = id3v2(("TIT2", b"\3One"), version=version)[10:]
        tag = b"ID3" + bytes([version, 0, 0x40]) + synchsafe(len(extended + frame)) + extended + frame
        assert blocks(tag + SOUND) == [{"title": ["One"]}]
    assert blocks(id3v2(("TCON", b"\0(17)"), ("TIT2", b"\0A")) + SOUND) == [{"title": ["A"]}]  # FFmpeg knows the number


def test_apev2_of_an_mp3(blocks):
    tag = apev2(Title="A title of more than thirty letters", Artist="Anna\0Ben", Album_Artist="Various Artists")
    expected = {
        "title": ["A title of more than thirty letters"], "artist": ["Anna", "Ben"],
        "album artist": ["Various Artists"],
    }  # fmt: skip
    lyrics = b"LYRICSBEGIN" + b"INF00002" + b"10"
    lyrics += b"%06d" % len(lyrics) + b"LYRICS200"
    short = id3v1("A title of more than thirty letters", "Anna", "ascii")
    cut = {"title": ["A title of more than thirty le"], "artist": ["Anna"]}
    assert blocks(SOUND + tag) == [expected]
    for end in (short, lyrics + short):
        assert blocks(SOUND + tag + end) == [expected, cut]
    assert blocks(id3v2(("TIT2", b"\3Other")) + SOUND + tag + short) == [{"title": ["Other"]}, expected, cut]
    gain = apev2(replaygain_track_gain="-6.0 dB", MP3GAIN_MINMAX="1,2")  # as mp3gain writes
    assert "title" not in blocks(SOUND + gain)[0]


def test_id3v1_beside_an_id3v2_that_says_little(blocks):
    """FFmpeg would read the first only."""
    encoder = id3v2(("TSSE", b"\0LAME"), ("TXXX", b"\0replaygain_track_gain\0-6 dB"))
    (fields,) = blocks(encoder + SOUND + id3v1("Песня", "Кино", "cp1251", "Ночь"))
    assert [text.encode("ascii", "surrogateescape").decode("cp1251") for text in fields["artist"]] == ["Кино"]
    assert set(fields) == {"title", "artist", "album"}


def test_id3v2_in_a_chunk(blocks):
    tag = id3v2(UFID, ("TPE1", b"\3Anna\0Ben"), version=4)
    body = b"WAVE" + riff_chunk(b"fmt ", bytes(16)) + riff_chunk(b"data", SOUND) + riff_info(IART=b"Anna")
    body += riff_chunk(b"id3 ", tag)
    expected = [{"musicbrainz_trackid": [MBID.decode()], "artist": ["Anna", "Ben"]}]
    assert blocks(riff_chunk(b"RIFF", body)) == expected
    chunks = b"AIFF" + b"SSND" + struct.pack(">I", len(SOUND)) + SOUND + b"ID3 " + struct.pack(">I", len(tag)) + tag
    assert blocks(b"FORM" + struct.pack(">I", len(chunks)) + chunks) == expected
    dsf = b"DSD " + struct.pack("<QQQ", 28, 28 + len(SOUND) + len(tag), 28 + len(SOUND)) + SOUND + tag
    assert blocks(dsf) == expected


def atom(name, *content):
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


def test_artists_of_mp4(blocks):
    def data(text):
        return atom(b"data", b"\0\0\0\1\0\0\0\0", text)

    tags = atom(
        b"ilst", atom(b"\xa9ART", data(b"Anna"), data("Bén".encode())), atom(b"aART", data(b"All")), atom(b"covr")
    )
    moov = atom(b"moov", atom(b"mvhd", bytes(100)), atom(b"udta", atom(b"meta", bytes(4), atom(b"hdlr"), tags)))
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + len(SOUND)) + SOUND
    expected = [{"artist": ["Anna", "Bén"], "album_artist": ["All"]}]
    for content in (moov + large, large + moov):
        assert blocks(atom(b"ftyp", b"M4A ") + content) == expected
    assert blocks(atom(b"ftyp", b"M4A ") + moov[:-20]) == []
    assert blocks(atom(b"ftyp", b"M4A ") + b"\xff\xff\xff\xffmoov") == []


def test_what_other_formats_have_is_left_to_ffmpeg(blocks):
    tag = apev2(Title="One")
    assert (
        blocks(b"OggS" + SOUND + tag)
        == blocks(b"fLaC" + SOUND + tag)
        == blocks(b"\0\0\0\x20ftypM4A " + SOUND + tag)
        == []
    )
    assert blocks(b"") == blocks(b"ID3") == blocks(b"TAG") == blocks(b"APETAGEX") == []


def test_lengths_that_lie(blocks):
    assert blocks(b"ID3\3\0\0\x7f\x7f\x7f\x7fTIT2\xff\xff\xff\xff\0\0\0A") == []
    assert blocks(id3v2(*[("TXXX", b"\0")] * 5_000, ("TIT2", b"\0A")) + SOUND) == []  # a bounded number of frames
    footer = b"APETAGEX" + struct.pack("<IIII", 2000, 2**32 - 1, 2**32 - 1, 0) + bytes(8)
    assert blocks(SOUND + footer) == []
    endless = riff_chunk(b"RIFF", b"WAVE" + (b"junk" + bytes(4)) * 10_000)
    assert blocks(endless) == []


@pytest.mark.parametrize("seed", range(8))
def test_damaged_tags_raise_nothing(blocks, seed):
    rng = np.random.default_rng(seed)
    whole = bytearray(id3v2(UFID, ("TPE1", b"\1" + "Кино".encode("utf-16")), version=3 + seed % 2) + SOUND[:64])
    whole += apev2(Title="One", Artist="Two") + (id3v1("One", "Two", "ascii") if seed % 3 else b"")
    for _ in range(200):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(damaged), 3):
            damaged[place] = rng.integers(256)
        for fields in blocks(bytes(damaged[: rng.integers(len(damaged)) or None])):
            assert all(isinstance(text, str) for texts in fields.values() for text in texts)
