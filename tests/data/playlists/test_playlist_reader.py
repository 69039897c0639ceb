"""Playlists of all formats, found in folders, read and refused."""

import os

import pytest

from earshot.data.playlists import playlist
from earshot.data.playlists.playlist_reader import find_playlists, read_history, read_playlists


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_history_in_any_encoding(tmp_path, encoding):
    (tmp_path / "played.txt").write_bytes("# lately\r\n Jóga \r\n\r\n/music/é.mp3\r\n".encode(encoding))
    assert read_history(tmp_path / "played.txt") == ["Jóga", "/music/é.mp3"]
    (tmp_path / "x.m3u8").write_bytes("é.mp3\n".encode(encoding))
    assert read_history(tmp_path / "x.m3u8") == [str(tmp_path / "x.m3u8")], "which stands for its entries"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("plays.csv", b"Title,Artist,Plays\nOne,Air,3\n", "a table of listens"),
        ("Streaming_History.json", b'[\n  {"ts": "2024-01-01T00:00:00Z"}]', "JSON"),
        ("listens.jsonl", b'{"listened_at": 1}', "JSON"),
        ("watch-history.html", b"<html>", "markup"),
        ("navidrome.db", b"SQLite format 3\0\1", "a database"),
        ("my_data.zip", b"PK\3\4\0\0", "an archive"),
    ],
)
def test_an_export_is_no_history(tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is {kind}, and no list of tracks\.\n\n.* Run `cli import-listens`"):
        read_history(tmp_path / name)


def test_a_history_keeps_its_lines_as_they_are(tmp_path):
    played = tmp_path / "played.txt"
    played.write_text("# a set\n#1 Air – Sexy Boy\n[3:15] A - One w/ B - Two\n7 w/ 8\n", encoding="utf-8")
    assert read_history(played) == ["#1 Air – Sexy Boy", "[3:15] A - One", "B - Two", "7 w/ 8"]


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
    assert len(read_playlists(str(tmp_path / name))[0].entries) == 11
    monkeypatch.setattr(playlist, "MAX_ENTRIES", 10)
    with pytest.raises(ValueError, match=rf"{name} has more than 10 entries; no playlist has"):
        read_playlists(str(tmp_path / name))[0]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.doc", b"a.mp3", "playlists end in .m3u"),
        ("x.txt", b"a.mp3", "x.txt is no playlist that iTunes, Music or rekordbox exported as text"),
        ("x.xspf", b"<playlist", "is not XML"),
        ("x.xspf", b"<html/>", "not an XSPF playlist"),
    ],
)
def test_what_is_no_playlist_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_playlists(str(tmp_path / name))[0]


def test_an_empty_playlist_is_empty(tmp_path):
    (tmp_path / "x.m3u").write_bytes(b"")
    assert read_playlists(str(tmp_path / "x.m3u"))[0].entries == []


def test_playlists_are_found_in_folders_and_taken_as_given(tmp_path):
    names = ("b.m3u", "A.PLS", ".5 live/c.xspf", "song.mp3", ".hidden.m3u", ".trash/d.m3u", "@eaDir/e.m3u", "d.jspf")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "likes.csv").write_text("Track Name,Artist Name(s)\n")
    (tmp_path / "plays.csv").write_text("track,artist,user\n")
    (tmp_path / "money.csv").write_text("date,sum\n")
    given = [str(tmp_path), str(tmp_path / "song.mp3")]
    found = [path.removeprefix(f"{tmp_path}/") for path in find_playlists(given)]
    assert found == ["A.PLS", "b.m3u", "d.jspf", "likes.csv", ".5 live/c.xspf", "song.mp3"]


def test_an_entry_that_can_be_no_path_costs_only_itself(tmp_path):
    path = tmp_path / "x.m3u"
    path.write_bytes(b"a\0b.mp3\nfile://\0\nfile://%zz\nfile://[::1\nhttp://[bad\n" + b"x" * 5_000 + b".mp3\nc.mp3\n")
    playlist = read_playlists(str(path))[0]
    assert [entry.text for entry in playlist.entries] == [str(tmp_path / "c.mp3")] and playlist.n_elsewhere == 6


def test_a_playlist_of_gigabytes_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr("earshot.data.playlists.playlist_reader._MAX_BYTES", 10)
    (tmp_path / "x.m3u").write_bytes(b"x" * 11)
    with pytest.raises(ValueError, match=r"x\.m3u is larger than"):
        read_playlists(str(tmp_path / "x.m3u"))[0]
    with pytest.raises(ValueError, match=r"played\.txt is larger than"):
        read_history((tmp_path / "x.m3u").rename(tmp_path / "played.txt"))


def test_a_pipe_is_no_playlist(tmp_path):
    os.mkfifo(tmp_path / "x.m3u")
    with pytest.raises(ValueError, match=r"x\.m3u is a named pipe, not a regular file"):
        read_playlists(str(tmp_path / "x.m3u"))[0]
