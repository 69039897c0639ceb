"""Text of unknown encoding means the same whole, in pieces, and as UTF-8."""

import codecs
import io

import pytest

from earshot.data.tables import encodings
from earshot.data.tables.encodings import Utf8File, as_utf8, decoded

TEXT = "Björk, Sigur Rós\nJóga \U0001f3b5"
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_unicode_is_decoded_whole_and_in_pieces(monkeypatch, content):
    assert decoded(content) == TEXT
    for size in (3, 4, 5, 1_000):  # within a letter, too
        monkeypatch.setattr(encodings, "_PIECE_BYTES", size)
        file = io.BufferedReader(Utf8File(io.BytesIO(content)), 7)
        assert file.read().decode() == TEXT


def test_windows_1252_is_what_is_no_utf8():
    content = "Café “Björk”".encode("cp1252")
    assert decoded(content) == "Café “Björk”" and as_utf8(content) == "Café “Björk”".encode()
    assert io.BufferedReader(Utf8File(io.BytesIO(content))).read() == content  # blocks are converted one by one


def test_damaged_utf8_keeps_its_other_letters():
    content = "Björk Guðmundsdóttir\nMú".encode()[:-1]
    assert decoded(content) == "Björk Guðmundsdóttir\nM\ufffd"
    assert as_utf8(content).decode() == decoded(content)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_utf8_is_recognized_across_pieces(monkeypatch, size):
    monkeypatch.setattr(encodings, "_PIECE_BYTES", size)
    assert as_utf8(TEXT.encode()) == TEXT.encode()


def test_a_text_of_nothing_is_empty():
    assert decoded(b"") == decoded(codecs.BOM_UTF8) == decoded(codecs.BOM_UTF16_LE) == ""
    assert Utf8File(io.BytesIO(b"")).read() == b""
