"""M3U and PLS, as players write them."""

import os

import pytest

from earshot.data.playlists import line_playlists
from earshot.data.playlists.playlist_reader import read_playlists


def texts(playlist):
    return [entry.text for entry in playlist.entries]


def places(path):
    return texts(read_playlists(str(path))[0])


def test_m3u8_with_comments_and_relative_paths(tmp_path):
    path = tmp_path / "lists" / "Évening.m3u8"
    path.parent.mkdir()
    path.write_text("\ufeff#EXTM3U\n#EXTINF:200,A - B\n../music/ä b.mp3\n\n/abs/c.flac\nhttp://radio/stream\n", "utf-8")
    playlist = read_playlists(str(path))[0]
    assert playlist.name == "Évening"
    assert texts(playlist) == [str(tmp_path / "music" / "ä b.mp3"), "/abs/c.flac"]
    assert playlist.n_elsewhere == 1


def test_m3u_of_an_old_windows_player(tmp_path):
    path = tmp_path / "old.m3u"
    path.write_bytes("Bj\xf6rk\\J\xf3ga.mp3\r\n".encode("cp1252"))
    assert places(path) == [str(tmp_path / "Björk" / "Jóga.mp3")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("name", ["x.m3u", "x.m3u8", "x.pls"])
def test_a_playlist_in_any_encoding(tmp_path, name, encoding):
    text = "File1=Jóga.mp3\r\n" if name == "x.pls" else "#EXTM3U\r\nJóga.mp3\r\n"
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert places(tmp_path / name) == [str(tmp_path / "Jóga.mp3")]


OLD = {"cp1251": "Кино/Группа крови", "koi8-r": "Кино/Звезда", "cp932": "夏川りみ/涙そうそう", "gbk": "周杰伦/青花瓷"}


@pytest.mark.parametrize("encoding", OLD)
@pytest.mark.parametrize(
    "text", ["#EXTM3U\r\n{0}.mp3\r\nRobyn/Bom.mp3\r\n", "File1={0}.mp3\r\nFile2=Robyn/Bom.mp3\r\n"]
)
def test_a_playlist_in_the_encoding_of_a_country(tmp_path, text, encoding):
    """Whatever is guessed, one of the readings is right."""
    path = tmp_path / ("x.pls" if text.startswith("File") else "x.m3u")
    path.write_bytes(text.format(OLD[encoding]).encode(encoding))
    playlist = read_playlists(str(path))[0]
    first, second = [entry.paths for entry in playlist.entries]
    assert str(tmp_path / f"{OLD[encoding]}.mp3") in first
    assert f"{tmp_path}/{OLD[encoding]}.mp3".encode(encoding) in map(os.fsencode, first)
    assert second == (str(tmp_path / "Robyn" / "Bom.mp3"),)


def test_a_long_playlist_is_read_in_one_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr(line_playlists, "_READ_OFTEN_BYTES", 20)
    (tmp_path / "x.m3u").write_bytes("Кино/Группа крови\nКино/Звезда\n".encode("cp1251"))
    playlist = read_playlists(str(tmp_path / "x.m3u"))[0]
    assert playlist.entries[1].paths == (str(tmp_path / "Кино" / "Звезда"),)


def test_pls_in_the_order_of_its_numbers(tmp_path):
    path = tmp_path / "x.pls"
    path.write_text("[playlist]\nNumberOfEntries=3\nFile2=b.mp3\nTitle2=B\nfile1 = a.mp3\nFile10=file:///c%20d.mp3\n")
    assert places(path) == [str(tmp_path / "a.mp3"), str(tmp_path / "b.mp3"), "/c d.mp3"]


def test_numbers_of_a_pls_without_end(tmp_path):
    path = tmp_path / "x.pls"
    path.write_text(f"[playlist]\nFile{'9' * 5_000}=a.mp3\nFile2=b.mp3\nFile²=c.mp3\n")
    assert places(path) == [str(tmp_path / "b.mp3")]


def test_percent_signs_are_read_as_written_and_decoded(tmp_path):
    (tmp_path / "x.m3u").write_text("100%25 %231.mp3\nplain.mp3\nfile:/m/a%20b.mp3\nFile://localhost/m/c%23.mp3\n")
    playlist = read_playlists(str(tmp_path / "x.m3u"))[0]
    written = str(tmp_path / "100%25 %231.mp3")
    assert texts(playlist) == [written, str(tmp_path / "plain.mp3"), "/m/a b.mp3", "/m/c#.mp3"]
    assert playlist.entries[0].paths == (written, str(tmp_path / "100% #1.mp3"))


@pytest.mark.parametrize(
    ("named", "encoding"), [("windows-1251", "cp1251"), ("Shift_JIS", "shift_jis"), ("GBK", "gbk")]
)
def test_the_encoding_that_a_playlist_names(tmp_path, named, encoding):
    title = "東京" if encoding != "cp1251" else "Кино"
    (tmp_path / "x.m3u").write_bytes(f"#EXTM3U\r\n#EXTENC: {named}\r\n{title}.mp3\r\n".encode(encoding))
    assert places(tmp_path / "x.m3u") == [str(tmp_path / f"{title}.mp3")]


def test_an_encoding_that_is_none_is_ignored(tmp_path):
    for name in ("no-such", "hex", "idna"):
        (tmp_path / "x.m3u").write_text(f"#EXTENC: {name}\né.mp3\n", encoding="utf-8")
        assert places(tmp_path / "x.m3u") == [str(tmp_path / "é.mp3")]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_ends_of_lines(tmp_path, end):
    (tmp_path / "x.m3u").write_bytes(f"#EXTM3U{end}a.mp3{end}b.mp3".encode())
    (tmp_path / "x.pls").write_bytes(f"[playlist]{end}File1=a.mp3{end}File2 = b.mp3{end}Title1=File3=c".encode())
    for name in ("x.m3u", "x.pls"):
        assert places(tmp_path / name) == [str(tmp_path / "a.mp3"), str(tmp_path / "b.mp3")]


def test_the_names_that_an_m3u_says(tmp_path):
    (tmp_path / "x.m3u").write_text(
        '#EXTM3U\n#EXTINF:298,Air - Sexy - Boy\n/m/1.mp3\n/m/2.mp3\n#EXTINF:-1 tvg-id="a",BBC - Radio 1\nhttp://radio/1\n'
        "#EXTINF:120,Air - Talisman\nhttps://music.example/watch?v=1\n#EXTINF:0,Talisman\n/m/3.mp3\n"
        "#EXTINF:-1,Air - Remember\nsmb://nas/m/4.mp3\n"
    )
    playlist = read_playlists(str(tmp_path / "x.m3u"))[0]
    assert texts(playlist) == ["/m/1.mp3", "/m/2.mp3", "Air - Talisman", "/m/3.mp3", "//nas/m/4.mp3"]
    names = ["Air - Sexy - Boy", None, "Air - Talisman", None, "Air - Remember"]
    assert [entry.name for entry in playlist.entries] == names and playlist.n_elsewhere == 1


def test_a_history_of_virtualdj_names_its_tracks(tmp_path):
    fact = "#EXTVDJ:<time>21:02</time><lastplaytime>1791300000</lastplaytime>"
    (tmp_path / "2026-10-06.m3u").write_text(
        f"#EXTM3U\n{fact}<artist>Simon &amp; Garfunkel</artist><title>Mrs. Robinson</title>\nD:\\x1.mp3\n"
        f"{fact}<artist>Bicep</artist><title>Opal</title><remix>Four Tet Remix</remix>\nnetsearch://dz187\n/m/2.mp3\n",
        encoding="utf-8",
    )
    entries = read_playlists(str(tmp_path / "2026-10-06.m3u"))[0].entries
    assert [entry.name for entry in entries] == [
        "Simon & Garfunkel - Mrs. Robinson",
        "Bicep - Opal (Four Tet Remix)",
        None,
    ]
