"""Covers: the picture within, else the one beside, small, and never anything that is no picture."""

import io
import os
import struct
import zlib

import pytest
from PIL import Image

from earshot.audio.playback.cover_art import MAX_SIZE, cover_picture
from known_sound import noise
from played_files import source_of_file, write_noise
from tag_bytes import id3v2, write_mp3

RED, BLUE = (200, 0, 0), (0, 0, 200)


def picture(color, form="PNG", size=(400, 200), mode="RGB"):
    written = io.BytesIO()
    Image.new(mode, size, color).save(written, form)
    return written.getvalue()


def color_of(content):
    """The color in the middle of a JPEG, and its size."""
    with Image.open(io.BytesIO(content)) as opened:
        assert opened.format == "JPEG" and opened.mode == "RGB"
        pixel = opened.getpixel((opened.width // 2, opened.height // 2))
        return tuple(round(value / 100) * 100 for value in pixel), opened.size


@pytest.fixture
def track(tmp_path):
    write_noise(tmp_path, "flac", seconds=1.0)
    return source_of_file(tmp_path / "noise.flac", 1.0)


@pytest.fixture
def track_with_picture(tmp_path):
    """An mp3 with a picture in its tag, as a tagger writes it."""
    tag = id3v2(("APIC", b"\0image/png\0\3\0" + picture(RED)))
    write_mp3(tmp_path / "pictured.mp3", noise(1.0, 44_100)[0], 44_100, before=tag)
    return source_of_file(tmp_path / "pictured.mp3", 1.0)


def test_the_picture_within_comes_first(track_with_picture, tmp_path):
    (tmp_path / "cover.png").write_bytes(picture(BLUE))
    assert color_of(cover_picture(track_with_picture, 100)) == (RED, (100, 50))
    os.utime(track_with_picture.path, ns=(0, 0))
    assert color_of(cover_picture(track_with_picture, 100))[0] == BLUE, "of a file that changed nothing is believed"


@pytest.mark.parametrize("name", ["cover.jpg", "Folder.JPG", "FRONT.png", "album.webp", "AlbumArt.gif"])
def test_the_picture_beside_is_found_in_any_case(track, tmp_path, name):
    (tmp_path / "booklet.png").write_bytes(picture(RED))
    form = {"jpg": "JPEG"}.get(name[-3:].lower(), name.rpartition(".")[2].upper())
    (tmp_path / name).write_bytes(picture(BLUE, form))
    assert color_of(cover_picture(track, 100)) == (BLUE, (100, 50))


def test_the_best_name_wins_and_what_cannot_be_read_is_passed_over(track, tmp_path):
    (tmp_path / "folder.jpg").write_bytes(picture(BLUE))
    (tmp_path / "front.jpg").write_bytes(picture(RED))
    os.mkfifo(tmp_path / "cover.jpg")
    (tmp_path / "cover.jpeg").write_bytes(b"no picture")
    (tmp_path / "cover.png").write_bytes(picture(BLUE)[:-60])
    (tmp_path / "cover.gif").mkdir()
    assert color_of(cover_picture(track, 100))[0] == RED


@pytest.mark.parametrize(("asked", "size"), [(0, (1, 1)), (10**9, (400, 200)), (200, (200, 100))])
def test_it_is_as_small_as_asked_and_never_larger_than_it_was(track, tmp_path, asked, size):
    (tmp_path / "cover.png").write_bytes(picture(RED))
    assert color_of(cover_picture(track, asked))[1] == size
    (tmp_path / "cover.png").write_bytes(picture(RED, size=(2_000, 2_000)))
    assert color_of(cover_picture(track, 10**9))[1] == (MAX_SIZE, MAX_SIZE)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK"])
def test_pictures_of_all_modes_become_plain(track, tmp_path, mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    (tmp_path / ("cover.jpg" if form == "JPEG" else "cover.png")).write_bytes(picture(0, form, mode=mode))
    assert color_of(cover_picture(track, 100))[1] == (100, 50)


def test_a_bomb_is_not_unpacked(track, tmp_path):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10**6), 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    (tmp_path / "cover.png").write_bytes(bomb)
    assert cover_picture(track, 100) is None
    (tmp_path / "cover.png").write_bytes(picture(0, size=(7_000, 6_000), mode="1"))
    assert cover_picture(track, 100) is None, "whole, and three hundred megabytes in colors"


def test_formats_that_no_cover_has_are_not_tried(track, tmp_path):
    (tmp_path / "cover.jpg").write_bytes(picture(RED, "TIFF"))
    (tmp_path / "cover.png").write_bytes(picture(RED, "PPM"))
    assert cover_picture(track, 100) is None


def test_without_a_picture_there_is_none(track):
    assert cover_picture(track, 100) is None
