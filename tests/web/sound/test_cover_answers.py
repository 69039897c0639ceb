"""Covers over HTTP: a picture where there is one, else a drawn one, of few sizes, and not made twice."""

import io
import xml.dom.minidom

import pytest
from PIL import Image

from earshot.web.app import create_app
from earshot.web.sound import cover_answers
from earshot.web.sound.cover_answers import CoverCache, drawn_cover
from played_files import library_of_files, write_noise
from web_client import signed_in


@pytest.fixture
def track(tmp_path):
    write_noise(tmp_path, "flac", seconds=2.0)
    (track_id,) = library_of_files(tmp_path / "library", tmp_path / "noise.flac", album="Sound & Vision")
    return tmp_path, track_id


def width_of(answer):
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as picture:
        return picture.width


def test_without_a_picture_one_is_drawn(track):
    with signed_in(create_app(track[0] / "library")) as client:
        answer = client.get(f"/cover/{track[1]}")
        assert client.get("/cover/999").status_code == 404
    assert answer.headers["content-type"].startswith("image/svg+xml") and ">SV</text>" in answer.text


def test_the_picture_of_the_folder_comes_in_few_sizes_and_from_memory(track):
    Image.new("RGB", (2_000, 1_000), "red").save(track[0] / "Cover.jpg")
    app = create_app(track[0] / "library")
    with signed_in(app) as client:
        address = f"/cover/{track[1]}"
        sizes = [width_of(client.get(f"{address}?size={size}")) for size in (1, 64, 65, 301, 10_000)]
        assert sizes == [64, 64, 160, 600, 1_200] and width_of(client.get(address)) == 300
        (track[0] / "Cover.jpg").unlink()
        again = client.get(address)
        assert width_of(again) == 300 and again.headers["cache-control"] == "private, max-age=3600"
        assert client.get(address, headers={"If-None-Match": again.headers["etag"]}).status_code == 304
        for size in ("x", "-1", "1000000"):
            assert client.get(f"{address}?size={size}").status_code == 400


def test_those_that_were_asked_for_least_lately_make_room():
    cache = CoverCache(max_bytes=10)
    cache.put(("a",), b"1234")
    cache.put(("b",), b"1234")
    assert cache.get(("a",)) == b"1234"
    cache.put(("c",), b"123456")
    assert (cache.get(("a",)), cache.get(("b",)), cache.get(("c",))) == (b"1234", None, b"123456")
    cache.put(("d",), b"far too much for it")
    assert cache.get(("d",)) is None and cache._n_bytes == 0


def test_a_picture_is_looked_for_again_after_an_hour(monkeypatch):
    now = 0.0
    monkeypatch.setattr(cover_answers, "monotonic", lambda: now)
    cache = CoverCache()
    cache.put(("a",), b"old")
    now = 3_600.0
    assert cache.get(("a",)) == b"old"
    now = 3_601.0
    assert cache.get(("a",)) is None
    cache.put(("a",), b"newer")
    assert cache.get(("a",)) == b"newer" and cache._n_bytes == 5


@pytest.mark.parametrize(
    ("album", "artist", "letters"),
    [("Sound & Vision", "x", "SV"), (None, "bjork", "B"), (None, None, "♪"), ("<b> 2x", None, "2"), ("!!!", None, "♪")],
)
def test_a_drawn_one_has_two_letters_and_is_well_formed(album, artist, letters):
    drawn = drawn_cover(album, artist)
    text = xml.dom.minidom.parseString(drawn).getElementsByTagName("text")[0]
    assert text.firstChild.data == letters and "style" not in drawn
