"""Playlists of ListenBrainz, Exportify, Soundiiz and TuneMyMusic, in the form in which those write them."""

import json

import pytest

from earshot.data.playlists.named_playlists import is_playlist_table
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import read_playlist

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
EXPORTIFY = (
    '"Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","ISRC","Added By","Added At"\n'
    '"spotify:track:1","Sexy Boy","spotify:artist:1","Air;Beth Hirsch","spotify:album:1","Moon Safari","FRZ119800020",'
    '"u","2024-05-06T18:39:36Z"\n'
)


@pytest.fixture
def read(tmp_path):
    def read_text(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_playlist(str(tmp_path / name))

    return read_text


def test_jspf_of_listenbrainz(read):
    address = f"https://musicbrainz.org/recording/{MBID}"
    facts = {"title": "Talisman", "creator": "Air", "album": "Moon Safari"}
    tracks = [facts | {"identifier": [address]}, facts | {"identifier": address}, {"location": ["file:///m/a%20b.mp3"]}]
    tracks += [{"title": "no artist"}, {"title": 3, "creator": ["\ud800"], "location": [None]}, None]
    playlist = read("x.jspf", json.dumps({"playlist": {"title": "Weekly", "track": tracks}}))
    named = Entry(artist="Air", title="Talisman", album="Moon Safari", mbid=MBID)
    assert playlist.entries == [named, named, Entry(("/m/a b.mp3",))]
    assert (playlist.name, playlist.n_elsewhere) == ("Weekly", 2)


@pytest.mark.parametrize("text", ["[1]", "{", '{"playlist": []}', '{"track": []}'])
def test_what_is_no_jspf(read, text):
    with pytest.raises(ValueError, match=r"x\.jspf is no JSPF playlist"):
        read("x.jspf", text)


def test_a_table_of_exportify(read, tmp_path):
    playlist = read("Liked.csv", EXPORTIFY)
    air = Entry(artist="Air;Beth Hirsch", title="Sexy Boy", album="Moon Safari", isrc="FRZ119800020")
    assert (playlist.name, playlist.entries) == ("Liked", [air])
    assert is_playlist_table(str(tmp_path / "Liked.csv"))


def test_tables_of_soundiiz_and_tunemymusic(read):
    entries = [Entry(artist="Air", title="Talisman", album="Moon Safari"), Entry(artist="M83", title="Intro")]
    assert read("x.csv", "title;artist;album;isrc\nTalisman;Air;Moon Safari;\nIntro;M83;;\n").entries == entries
    header = "Track name,Artist name,Album,Playlist name,Type,ISRC,Spotify - id\n"
    playlist = read("x.csv", f"{header}Talisman,Air,Moon Safari,Mix,Playlist,,\nIntro,M83,,Mix,Playlist,,\n")
    assert (playlist.name, playlist.entries) == ("Mix", entries)
    with pytest.raises(ValueError, match=r"x\.csv holds 2 playlists; give each a file of its own"):
        read("x.csv", f"{header}A,B,,Mix,,,\nC,D,,Other,,,\n")


def test_tables_that_are_no_playlists(read, tmp_path):
    with pytest.raises(ValueError, match=r"x\.csv has neither columns of titles and artists nor one of paths; it"):
        read("x.csv", "a,b\n1,2\n")
    for header in ("a,b", "path", "track,artist,played_at", "Title,Artist,User ID"):
        (tmp_path / "x.csv").write_text(f"{header}\n")
        assert not is_playlist_table(str(tmp_path / "x.csv"))
