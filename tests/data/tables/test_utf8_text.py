"""Text of unknown encoding means the same whole, in pieces, and as UTF-8."""

import codecs
import io

import pytest

from earshot.data.tables import utf8_text
from earshot.data.tables.utf8_text import Utf8File, as_utf8, decoded, encoding_of_text

TEXT = "Björk, Sigur Rós\nJóga \U0001f3b5"
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little end first": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16 without a mark, little end first": TEXT.encode("utf-16-le"),
    "UTF-16 without a mark, big end first": TEXT.encode("utf-16-be"),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_unicode_is_decoded_whole_and_in_pieces(monkeypatch, content):
    assert decoded(content) == TEXT
    for size in (3, 4, 5, 1_000):  # within a letter, too
        monkeypatch.setattr(utf8_text, "_PIECE_BYTES", size)
        file = io.BufferedReader(Utf8File(io.BytesIO(content)), 7)
        assert file.read().decode() == TEXT


def test_windows_1252_is_what_is_no_utf8():
    content = "Café “Björk”".encode("cp1252")
    assert decoded(content) == "Café “Björk”" and as_utf8(content) == "Café “Björk”".encode()
    assert io.BufferedReader(Utf8File(io.BytesIO(content))).read() == content  # blocks are converted one by one


def test_letters_that_were_lost_before_speak_against_no_utf8():
    text = "Bj\ufffdrk, J\ufffdga"
    assert decoded(text.encode()) == text and encoding_of_text(text.encode()) is None


def test_damaged_utf8_keeps_its_other_letters():
    content = "Björk Guðmundsdóttir\nMú".encode()[:-1]
    assert decoded(content) == "Björk Guðmundsdóttir\nM\ufffd"
    assert as_utf8(content).decode() == decoded(content)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_utf8_is_recognized_across_pieces(monkeypatch, size):
    monkeypatch.setattr(utf8_text, "_PIECE_BYTES", size)
    assert as_utf8(TEXT.encode()) == TEXT.encode()


def test_a_text_of_nothing_is_empty():
    assert decoded(b"") == decoded(codecs.BOM_UTF8) == decoded(codecs.BOM_UTF16_LE) == ""
    assert Utf8File(io.BytesIO(b"")).read() == b""


NAMES = {
    "cp1251": ["Кино,Группа крови", "Сплин,Выхода нет"],
    "koi8-r": ["Кино,Группа крови", "Сплин,Выхода нет"],
    "cp1250": ["Jaromír Nohavica,Když mě brali za vojáka", "Kabát,Pohoda"],
    "shift_jis": ["宇多田ヒカル,First Love", "椎名林檎,丸の内サディスティック"],
    "gbk": ["周杰伦,青花瓷", "王菲,红豆"],
    "euc_kr": ["아이유,좋은 날", "방탄소년단,봄날"],
    "cp1252": ["Björk,Jóga", "Sigur Rós,Hoppípolla"],
}


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("n", [1, 2])
def test_the_encodings_of_countries(encoding, n):
    text = "user,artist,track\n" + "".join(f"ana,{name}\n" for name in NAMES[encoding][:n])
    content = text.encode(encoding)
    assert as_utf8(content).decode() == text and as_utf8(content, encoding).decode() == text
    assert encoding_of_text(content) is not None and encoding_of_text(text.encode()) is None


def test_a_file_of_a_given_encoding_becomes_utf8():
    content = "Кино\r\nСплин".encode("koi8-r")
    assert Utf8File(io.BytesIO(content), "koi8-r").read().decode() == "Кино\r\nСплин"
    assert Utf8File(io.BytesIO(b"Kino\rSplin")).read() == b"Kino\nSplin"
