"""Playlists as they are written, and as our own readers read them back."""

import json
import os
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import pytest

from earshot.data.playlists.playlist import ListedTrack
from earshot.data.playlists.playlist_reader import read_playlists
from earshot.data.playlists.playlist_writer import playlist_text, write_playlist_file, written_suffix

TRACK = ListedTrack("/joga.mp3", "Jóga", "Björk", "Homogenic", 304.6)
MBID = "5e0a4a1a-0c9a-4f0e-9d2b-0d2b6c8c1b11"
FORMATS = (".m3u8", ".xspf", ".jspf")


def entries(path):
    return read_playlists(str(path))[0].entries


def locations(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#EXT")]


def test_an_m3u(tmp_path):
    path = tmp_path / "mix.m3u8"
    tracks = [TRACK, replace(TRACK, path="/music/x.mp3", title="A\nB", artist=None, duration=60.4)]
    assert write_playlist_file(path, tracks) == 2
    assert path.read_text(encoding="utf-8").splitlines() == [
        *("#EXTM3U", "#EXTINF:305,Björk - Jóga", "/joga.mp3", "#EXTINF:60,A B", "/music/x.mp3")
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_an_xspf(tmp_path):
    path = tmp_path / "R & B.xspf"
    write_playlist_file(path, [replace(TRACK, title="<Jóga>", mbid=MBID)])
    assert path.read_text(encoding="utf-8").splitlines() == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/" xmlns:vlc="http://www.videolan.org/vlc/">',
        "  <title>R &amp; B</title>",
        "  <trackList>",
        "    <track><location>file:///joga.mp3</location>"
        f"<identifier>https://musicbrainz.org/recording/{MBID}</identifier><title>&lt;Jóga&gt;</title>"
        "<creator>Björk</creator><album>Homogenic</album><duration>304600</duration></track>",
        "  </trackList>",
        "</playlist>",
    ]


def test_a_jspf(tmp_path):
    path = tmp_path / "mix.jspf"
    write_playlist_file(path, [TRACK, ListedTrack(None, "Roads", mbid=MBID)])
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "playlist": {
            "title": "mix",
            "track": [
                {
                    "location": ["file:///joga.mp3"],
                    "title": "Jóga",
                    "creator": "Björk",
                    "album": "Homogenic",
                    "duration": 304_600,
                },
                {"identifier": [f"https://musicbrainz.org/recording/{MBID}"], "title": "Roads"},
            ],
        }
    }


NAMES = [
    *(b"Air/1.mp3", b"#1.mp3", b" x.mp3", b"Air/ x.mp3", b"http:/x.mp3", b"100%25 & <b>.mp3", b"q?a=b#c.mp3"),
    *(b"two\nlines.mp3", b"two\rlines.mp3", b"caf\xe9 100%.mp3", b"\xf0\x9f\x8e\xb5;.mp3", b"tab\t.mp3"),
]


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("suffix", FORMATS)
def test_every_name_comes_back(tmp_path, suffix, relative):
    music = os.fsencode(tmp_path) + b"/music"
    tracks = [replace(TRACK, path=os.fsdecode(music + b"/" + name)) for name in NAMES]
    path = tmp_path / f"mix{suffix}"
    assert write_playlist_file(path, tracks, relative) == len(NAMES)
    for track, entry in zip(tracks, entries(path), strict=True):
        assert track.path in entry.paths
        assert (entry.artist, entry.title) == ("Björk", "Jóga")
    if suffix != ".m3u8":  # whose readers have to guess what % means
        assert [entry.paths for entry in entries(path)] == [(track.path,) for track in tracks]


@pytest.mark.parametrize("suffix", [".xspf", ".jspf"])
def test_a_backslash_is_no_folder(tmp_path, suffix):
    track = replace(TRACK, path=str(tmp_path / "a\\b.mp3"))
    write_playlist_file(tmp_path / f"mix{suffix}", [track], relative=True)
    assert entries(tmp_path / f"mix{suffix}")[0].paths == (track.path,)


@pytest.mark.parametrize("suffix", FORMATS)
def test_names_from_outside_break_nothing(tmp_path, suffix):
    odd = "]]>&amp;<track>\x00\x1b[31m\u202e\ud800\ufffe\n#EXTM3U"
    write_playlist_file(tmp_path / f"mix{suffix}", [ListedTrack("/a.mp3", odd, odd, odd, float(3)), TRACK])
    assert [entry.paths for entry in entries(tmp_path / f"mix{suffix}")] == [("/a.mp3",), ("/joga.mp3",)]


@pytest.mark.parametrize("suffix", [".xspf", ".jspf"])
def test_tracks_without_a_file_keep_their_names(tmp_path, suffix):
    unheard = ListedTrack(None, "Roads", "Portishead", "Dummy", mbid=MBID)
    assert write_playlist_file(tmp_path / f"mix{suffix}", [TRACK, unheard]) == 2
    known, named = entries(tmp_path / f"mix{suffix}")
    assert known.paths and named.paths == ()
    assert (named.artist, named.title, named.album, named.mbid) == ("Portishead", "Roads", "Dummy", MBID)
    assert write_playlist_file(tmp_path / "mix.m3u8", [TRACK, unheard]) == 1, "where a track is a line with a place"


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_playlist_of_nothing(tmp_path, suffix):
    assert write_playlist_file(tmp_path / f"mix{suffix}", []) == 0
    assert entries(tmp_path / f"mix{suffix}") == []


@pytest.mark.parametrize("name", [b"/music/two\nlines.mp3", b"/music/two\rlines.mp3", b"/music/caf\xe9 100%.mp3"])
def test_a_path_that_no_line_can_hold(tmp_path, name):
    """It becomes an address, which players resolve; a line break in it would be a second entry."""
    write_playlist_file(tmp_path / "mix.m3u8", [replace(TRACK, path=os.fsdecode(name))])
    first, info, address = (tmp_path / "mix.m3u8").read_text(encoding="utf-8").splitlines()
    assert (first, info[:8]) == ("#EXTM3U", "#EXTINF:")
    assert address.startswith("file:///music/")
    assert unquote_to_bytes(address.removeprefix("file://")) == name


def test_a_playlist_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "mix.m3u8"
    write_playlist_file(path, [TRACK])
    before = path.read_text()

    def tracks():
        yield TRACK
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_playlist_file(path, tracks())
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_playlist_travels_with_the_music_that_lies_below_it(tmp_path):
    names = ["Air/1.mp3", "#1.mp3", " x.mp3", "Air/ x.mp3", "http:/x.mp3"]
    tracks = [replace(TRACK, path=str(tmp_path / "m" / name)) for name in names]
    (tmp_path / "m").mkdir()
    mix = tmp_path / "m" / "mix.m3u8"
    write_playlist_file(mix, tracks)
    assert locations(mix) == ["Air/1.mp3", "./#1.mp3", "./ x.mp3", "Air/ x.mp3", "./http:/x.mp3"]
    write_playlist_file(tmp_path / "mix.m3u8", tracks[:1])
    assert locations(tmp_path / "mix.m3u8") == ["m/Air/1.mp3"]
    write_playlist_file(mix, [*tracks, TRACK])
    assert locations(mix) == [*(track.path for track in tracks), "/joga.mp3"], "not all below"
    write_playlist_file(mix, tracks[:1], relative=False)
    assert locations(mix) == [tracks[0].path]
    write_playlist_file(tmp_path / "m" / "mix.xspf", tracks[:1])
    assert "<location>Air/1.mp3</location>" in (tmp_path / "m" / "mix.xspf").read_text()


def test_from_a_link_the_system_goes_up_from_where_it_leads(tmp_path):
    (tmp_path / "lists" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "lists" / "deep")
    tracks = [replace(TRACK, path=str(tmp_path / "m" / "1.mp3"))]
    for folder in ("lists/deep", "link"):
        write_playlist_file(tmp_path / folder / "mix.m3u8", tracks, relative=True)
        assert locations(tmp_path / folder / "mix.m3u8") == ["../../m/1.mp3"]


def test_players_find_a_track_of_a_cue_sheet_by_its_seconds(tmp_path):
    (tmp_path / "a.flac").touch()
    cue = 'FILE "a.flac" WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nINDEX 01 01:00:00\n'
    (tmp_path / "a.cue").write_text(cue)
    tracks = [replace(TRACK, path=str(tmp_path / f"a.cue/track000{number}")) for number in (2, 1)]
    write_playlist_file(tmp_path / "mix.m3u8", tracks)
    times = ["#EXTVLCOPT:start-time=60.000"], ["#EXTVLCOPT:start-time=0.000", "#EXTVLCOPT:stop-time=60.000"]
    lines = (tmp_path / "mix.m3u8").read_text().splitlines()
    assert [line for line in lines if "Björk" not in line] == ["#EXTM3U", *times[0], "a.flac", *times[1], "a.flac"]
    for suffix in FORMATS:
        write_playlist_file(tmp_path / f"mix{suffix}", tracks)
        assert [entry.paths[0] for entry in entries(tmp_path / f"mix{suffix}")] == [track.path for track in tracks]
    (tmp_path / "a.cue").unlink()  # an entry without its sheet keeps its name
    write_playlist_file(tmp_path / "mix.m3u8", tracks[:1])
    assert (tmp_path / "mix.m3u8").read_text().splitlines()[2:] == ["a.cue/track0002"]


def test_the_format_is_that_of_the_suffix(tmp_path):
    names = ["a.m3u", "a.M3U8", "a.xspf", "a.JSPF", "a", "a.txt", "a.b"]
    assert [written_suffix(tmp_path / name) for name in names] == [
        *(".m3u8", ".m3u8", ".xspf", ".jspf", ".m3u8", ".m3u8", ".m3u8")
    ]
    for name in ("a.pls", "a.WPL", "a.csv"):
        with pytest.raises(ValueError, match=r"written as \.m3u8, \.xspf or \.jspf, not as"):
            write_playlist_file(tmp_path / name, [TRACK])
    assert list(tmp_path.iterdir()) == []


def test_a_text_without_a_file(tmp_path):
    assert playlist_text([TRACK], tmp_path).splitlines()[-1] == "/joga.mp3"
    assert playlist_text([TRACK], tmp_path, suffix=".xspf").count("<title>") == 1, "no name, no title of the list"
