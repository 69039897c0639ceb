"""Playlists of other programs, as those programs write them."""

import os

import pytest

from earshot.data.tables import playlists
from earshot.data.tables.playlists import find_playlists, read_history, read_playlist


def test_m3u8_with_comments_and_relative_paths(tmp_path):
    path = tmp_path / "lists" / "Évening.m3u8"
    path.parent.mkdir()
    path.write_text("\ufeff#EXTM3U\n#EXTINF:200,A - B\n../music/ä b.mp3\n\n/abs/c.flac\nhttp://radio/stream\n", "utf-8")
    playlist = read_playlist(str(path))
    assert playlist.name == "Évening"
    assert playlist.entries == [str(tmp_path / "music" / "ä b.mp3"), "/abs/c.flac"]
    assert playlist.n_elsewhere == 1


def test_m3u_of_an_old_windows_player(tmp_path):
    path = tmp_path / "old.m3u"
    path.write_bytes("Bj\xf6rk\\J\xf3ga.mp3\r\n".encode("cp1252"))
    assert read_playlist(str(path)).entries == [str(tmp_path / "Björk" / "Jóga.mp3")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("name", ["x.m3u", "x.m3u8", "x.pls"])
def test_a_playlist_in_any_encoding(tmp_path, name, encoding):
    text = "File1=Jóga.mp3\r\n" if name == "x.pls" else "#EXTM3U\r\nJóga.mp3\r\n"
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert read_playlist(str(tmp_path / name)).entries == [str(tmp_path / "Jóga.mp3")]


OLD = {"cp1251": "Кино/Группа крови", "koi8-r": "Кино/Звезда", "cp932": "夏川りみ/涙そうそう", "gbk": "周杰伦/青花瓷"}


@pytest.mark.parametrize("encoding", OLD)
@pytest.mark.parametrize(
    "text", ["#EXTM3U\r\n{0}.mp3\r\nRobyn/Bom.mp3\r\n", "File1={0}.mp3\r\nFile2=Robyn/Bom.mp3\r\n"]
)
def test_a_playlist_in_the_encoding_of_a_country(tmp_path, text, encoding):
    """Whatever is guessed, one of the readings is right."""
    path = tmp_path / ("x.pls" if text.startswith("File") else "x.m3u")
    path.write_bytes(text.format(OLD[encoding]).encode(encoding))
    playlist = read_playlist(str(path))
    first, second = playlist.entries
    assert str(tmp_path / f"{OLD[encoding]}.mp3") in (first, *playlist.other_names[first])
    assert os.fsencode(playlist.other_names[first][-1]) == bytes(tmp_path) + f"/{OLD[encoding]}.mp3".encode(encoding)
    assert second == str(tmp_path / "Robyn" / "Bom.mp3") and second not in playlist.other_names


def test_a_long_playlist_is_read_in_one_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr(playlists, "_READ_OFTEN_BYTES", 20)
    (tmp_path / "x.m3u").write_bytes("Кино/Группа крови\nКино/Звезда\n".encode("cp1251"))
    playlist = read_playlist(str(tmp_path / "x.m3u"))
    assert playlist.entries[1] == str(tmp_path / "Кино" / "Звезда") and not playlist.other_names


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_history_in_any_encoding(tmp_path, encoding):
    (tmp_path / "played.txt").write_bytes("# lately\r\n Jóga \r\n\r\n/music/é.mp3\r\n".encode(encoding))
    assert read_history(tmp_path / "played.txt") == ["Jóga", "/music/é.mp3"]
    (tmp_path / "x.m3u8").write_bytes("é.mp3\n".encode(encoding))
    assert read_history(tmp_path / "x.m3u8") == [str(tmp_path / "x.m3u8")], "which stands for its entries"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"# nothing\n\n", "names no track"), (b"ID3\3\0\0", "is no text")],
)
def test_a_history_of_nothing_or_of_no_text(tmp_path, content, words):
    (tmp_path / "played.txt").write_bytes(content)
    with pytest.raises(ValueError, match=rf"played\.txt {words}.\n\nGive a playlist, or a track per line"):
        read_history(tmp_path / "played.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.m3u", "a.mp3\n" * 11),
        ("x.pls", "".join(f"File{number}=a.mp3\n" for number in range(11))),
        (
            "x.xspf",
            '<playlist xmlns="http://xspf.org/ns/0/">' + "<track><location>a</location></track>" * 11 + "</playlist>",
        ),
    ],
)
def test_more_entries_than_any_playlist_has(tmp_path, monkeypatch, name, content):
    (tmp_path / name).write_text(content)
    assert len(read_playlist(str(tmp_path / name)).entries) == 11
    monkeypatch.setattr(playlists, "_MAX_ENTRIES", 10)
    with pytest.raises(ValueError, match=rf"{name} has more than 10 entries; no playlist has"):
        read_playlist(str(tmp_path / name))


def test_pls_in_the_order_of_its_numbers(tmp_path):
    path = tmp_path / "x.pls"
    path.write_text("[playlist]\nNumberOfEntries=3\nFile2=b.mp3\nTitle2=B\nfile1 = a.mp3\nFile10=file:///c%20d.mp3\n")
    assert read_playlist(str(path)).entries == [str(tmp_path / "a.mp3"), str(tmp_path / "b.mp3"), "/c d.mp3"]


def test_xspf_with_a_title(tmp_path):
    path = tmp_path / "x.xspf"
    path.write_text(
        '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Night</title><trackList>'
        "<track><location>file:///m/%C3%A9.ogg</location></track><track><title>no place</title></track>"
        "<track><location>sub/b.ogg</location></track></trackList></playlist>"
    )
    playlist = read_playlist(str(path))
    assert (playlist.name, playlist.entries) == ("Night", ["/m/é.ogg", str(tmp_path / "sub" / "b.ogg")])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.txt", b"a.mp3", "playlists end in .m3u"),
        ("x.xspf", b"<playlist", "is not XML"),
        ("x.xspf", b"<html/>", "not an XSPF playlist"),
    ],
)
def test_what_is_no_playlist_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_playlist(str(tmp_path / name))


def test_an_empty_playlist_is_empty(tmp_path):
    (tmp_path / "x.m3u").write_bytes(b"")
    assert read_playlist(str(tmp_path / "x.m3u")).entries == []


def test_playlists_are_found_in_folders_and_taken_as_given(tmp_path):
    names = ("b.m3u", "A.PLS", ".5 live/c.xspf", "song.mp3", ".hidden.m3u", ".trash/d.m3u", "@eaDir/e.m3u")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    given = [str(tmp_path), str(tmp_path / "song.mp3")]
    found = [path.removeprefix(f"{tmp_path}/") for path in find_playlists(given)]
    assert found == ["A.PLS", "b.m3u", ".5 live/c.xspf", "song.mp3"]


def test_an_entry_that_can_be_no_path_costs_only_itself(tmp_path):
    path = tmp_path / "x.m3u"
    path.write_bytes(b"a\0b.mp3\nfile://\0\nfile://%zz\nfile://[::1\nhttp://[bad\n" + b"x" * 5_000 + b".mp3\nc.mp3\n")
    playlist = read_playlist(str(path))
    assert playlist.entries == [str(tmp_path / "c.mp3")] and playlist.n_elsewhere == 6


def test_numbers_of_a_pls_without_end(tmp_path):
    path = tmp_path / "x.pls"
    path.write_text(f"[playlist]\nFile{'9' * 5_000}=a.mp3\nFile2=b.mp3\nFile²=c.mp3\n")
    assert read_playlist(str(path)).entries == [str(tmp_path / "b.mp3")]


def test_a_playlist_of_gigabytes_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.tables.playlists._MAX_BYTES", 10)
    (tmp_path / "x.m3u").write_bytes(b"x" * 11)
    with pytest.raises(ValueError, match=r"x\.m3u is larger than"):
        read_playlist(str(tmp_path / "x.m3u"))
    with pytest.raises(ValueError, match=r"played\.txt is larger than"):
        read_history((tmp_path / "x.m3u").rename(tmp_path / "played.txt"))


def test_a_pipe_is_no_playlist(tmp_path):
    os.mkfifo(tmp_path / "x.m3u")
    with pytest.raises(ValueError, match=r"x\.m3u is a named pipe, not a regular file"):
        read_playlist(str(tmp_path / "x.m3u"))


def test_percent_signs_are_read_as_written_and_decoded(tmp_path):
    (tmp_path / "x.m3u").write_text("100%25 %231.mp3\nplain.mp3\nfile:/m/a%20b.mp3\nFile://localhost/m/c%23.mp3\n")
    playlist = read_playlist(str(tmp_path / "x.m3u"))
    written = str(tmp_path / "100%25 %231.mp3")
    assert playlist.entries == [written, str(tmp_path / "plain.mp3"), "/m/a b.mp3", "/m/c#.mp3"]
    assert playlist.other_names == {written: (str(tmp_path / "100% #1.mp3"),)}


def test_xspf_is_always_decoded_and_names_what_has_no_place(tmp_path):
    tracks = [
        "<location>../100%25%20%231.mp3</location>",
        "<creator>Air</creator><title> Sexy Boy </title>",
        "<location>http://radio/1</location><creator>Air</creator><title>Talisman</title>",
        "<location>x.mp3</location><creator>Air</creator><title>Remember</title>",
        "<title>no artist</title>",
        "<location>http://radio/2</location>",
    ]
    text = "".join(f"<track>{track}</track>" for track in tracks)
    for opening in ('<playlist xmlns="http://xspf.org/ns/0/">', "<playlist>", '<playlist xmlns="urn:other">'):
        (tmp_path / "x.xspf").write_text(f"{opening}<title>Moon</title><trackList>{text}</trackList></playlist>")
        playlist = read_playlist(str(tmp_path / "x.xspf"))
        place = str(tmp_path / "x.mp3")
        assert playlist.entries == [str(tmp_path.parent / "100% #1.mp3"), "Air - Sexy Boy", "Air - Talisman", place]
        assert playlist.other_names == {place: ("Air - Remember",)}
        assert (playlist.name, playlist.n_elsewhere) == ("Moon", 2)


@pytest.mark.parametrize(
    ("named", "encoding"), [("windows-1251", "cp1251"), ("Shift_JIS", "shift_jis"), ("GBK", "gbk")]
)
def test_the_encoding_that_a_playlist_names(tmp_path, named, encoding):
    title = "東京" if encoding != "cp1251" else "Кино"
    (tmp_path / "x.m3u").write_bytes(f"#EXTM3U\r\n#EXTENC: {named}\r\n{title}.mp3\r\n".encode(encoding))
    assert read_playlist(str(tmp_path / "x.m3u")).entries == [str(tmp_path / f"{title}.mp3")]


def test_an_encoding_that_is_none_is_ignored(tmp_path):
    for name in ("no-such", "hex", "idna"):
        (tmp_path / "x.m3u").write_text(f"#EXTENC: {name}\né.mp3\n", encoding="utf-8")
        assert read_playlist(str(tmp_path / "x.m3u")).entries == [str(tmp_path / "é.mp3")]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_ends_of_lines(tmp_path, end):
    (tmp_path / "x.m3u").write_bytes(f"#EXTM3U{end}a.mp3{end}b.mp3".encode())
    (tmp_path / "x.pls").write_bytes(f"[playlist]{end}File1=a.mp3{end}File2 = b.mp3{end}Title1=File3=c".encode())
    for name in ("x.m3u", "x.pls"):
        assert read_playlist(str(tmp_path / name)).entries == [str(tmp_path / "a.mp3"), str(tmp_path / "b.mp3")]
