"""Entries of playlists as several programs write them, and the tracks that they mean."""

import pytest

from earshot.data.playlists.playlist import Entry, Playlist
from earshot.data.playlists.playlist_reader import read_playlists
from earshot.index.tracks.name_resolution import UNKNOWN
from earshot.index.tracks.playlist_entries import match_entries
from library_world import add, at, by_hand, heard, open_library

NAMES = ["Sigur Rós/01 - Svefn-g-englar.flac", "100% #1 (live) [2].flac", "100%25.flac"]
NAMES.append("Air/Moon Safari/Sexy Boy.flac")


@pytest.fixture
def library(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        tracks = [heard(str(tmp_path / "m" / name), at(0), title=f"T{n}", artist="A") for n, name in enumerate(NAMES)]
        add(library, head, tracks)
        yield library


def matched(library, path, text, encoding="utf-8"):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding=encoding)
    return match_entries(library, read_playlists(str(path)))[0]


@pytest.mark.parametrize(
    ("entry", "track"),
    [
        ("../m/Sigur%20R%C3%B3s/01%20-%20Svefn-g-englar.flac", 1),
        ("../m/100%25%20%231%20%28live%29%20%5B2%5D.flac", 2),
        ("../m/100% #1 (live) [2].flac", 2),
        ("../m/100%25.flac", 3),  # a file of this very name, rather than 100%.flac
        ("../M/AIR/moon safari/SEXY BOY.FLAC", 4),
        ("C:\\Music\\Air\\Moon Safari\\Sexy Boy.flac", 4),
        ("\\\\nas\\music\\Moon%20Safari\\Sexy%20Boy.flac", 4),
        ("file:///D:/Music/Moon%20Safari/Sexy%20Boy.flac", 4),
        ("Sexy Boy.flac", UNKNOWN),
        ("../m/100%2525.flac", 3),
        ("../m/gone%20away.flac", UNKNOWN),
    ],
)
def test_m3u(library, tmp_path, entry, track):
    assert matched(library, tmp_path / "p" / "x.m3u", f"#EXTM3U\n{entry}\n") == [track]
    assert matched(library, tmp_path / "p" / "x.pls", f"[playlist]\nFile1={entry}\n") == [track]


def test_xspf(library, tmp_path):
    tracks = [
        "<location>../m/100%2525.flac</location>",
        "<location>gone.flac</location><creator>a</creator><title>t3</title>",
        "<creator>A</creator><title>T0</title>",
        "<creator>A</creator><title>T9</title>",
    ]
    text = f"<playlist><trackList>{''.join(f'<track>{track}</track>' for track in tracks)}</trackList></playlist>"
    assert matched(library, tmp_path / "p" / "x.xspf", text) == [3, 4, 1, UNKNOWN]


def test_names_that_differ_in_case_alone_are_kept_apart(tmp_path):
    library, head = open_library(tmp_path / "library")
    with library:
        add(library, head, [heard(f"/m/{name}/1.mp3", at(0)) for name in ("a", "A")])
        assert matched(library, tmp_path / "x.m3u", "/m/A/1.mp3\n/M/a/1.MP3\n/m/a/1.mp3\n") == [2, UNKNOWN, 1]


def test_tracks_by_names_and_codes(tmp_path):
    """1 to 5: the live take on one album before the song on two others, a catalog track with codes, a name alone."""
    library, head = open_library(tmp_path / "library")
    with library:
        songs = [("Lithium (Live)", "Live!"), ("Lithium", "Best of"), ("Lithium", "Nevermind")]
        facts = [{"artist": "Nirvana", "title": title, "album": album} for title, album in songs]
        add(library, head, [heard(f"/m/{place}.mp3", at(0), **names) for place, names in enumerate(facts)])
        by_hand(
            library,
            "INSERT INTO tracks (title, isrc, mbid, status) VALUES ('Other', 'FRZ119800020', 'ab', 'catalog')",
            "INSERT INTO tracks (title, status) VALUES ('Air - Talisman', 'catalog')",
        )
        entries = {
            Entry(artist="nirvana", title="Lithium - Remastered", album="Nevermind"): 3,
            Entry(artist="Nirvana", title="Lithium", album="Unplugged"): 2,
            Entry(artist="Nirvana, Meat Puppets", title="Lithium"): 2,
            Entry(artist="Nirvana", title="Lithium (live)"): 1,
            Entry(artist="Nirvana", title="Polly"): UNKNOWN,
            Entry(artist="A", title="B", isrc="fr-z11-98-00020"): 4,
            Entry(artist="A", title="B", mbid="AB"): 4,
            Entry(artist="air", title="talisman"): 5,
            Entry(("/m/gone.mp3",), "Nirvana", "Lithium"): 2,
            Entry(("/m/0.mp3",), "Nirvana", "Lithium"): 1,
        }
        assert match_entries(library, [Playlist("/x", "x", list(entries), 0)]) == [list(entries.values())]
