"""The playlists in the library of iTunes or Music."""

import plistlib

import pytest

from earshot.data.playlists.apple_playlists import is_apple_library
from earshot.data.playlists.playlist import Entry
from earshot.data.playlists.playlist_reader import find_playlists, read_playlists


def written(path, *playlists):
    tracks = {
        "101": {"Track ID": 101, "Name": "Sexy Boy", "Artist": "Air", "Album": "Moon Safari",
                "Location": "file:///Users/me/Music/Air/02%20Sexy%20Boy.mp3"},
        "103": {"Track ID": 103, "Name": "Intro", "Album Artist": "M83"},
        "105": {"Track ID": 105, "Name": "Talk", "Artist": "KEXP", "Podcast": True},
    }  # fmt: skip
    path.write_bytes(plistlib.dumps({"Tracks": tracks, "Playlists": [*playlists]}, sort_keys=False))
    return path


def listed(name, *tracks, **facts):
    return {"Name": name, "Playlist Items": [{"Track ID": number} for number in tracks], **facts}


def test_the_playlists_of_a_person(tmp_path):
    path = written(
        tmp_path / "Library.xml",
        listed("Library", 101, 103, Master=True),
        listed("Downloaded", 101, **{"Distinguished Kind": 65}),
        listed("Music", 101, **{"Distinguished Kind": 4, "Smart Info": b"x"}),
        listed("Recently Played", 101, **{"Smart Info": b"x"}),
        listed("All of mine", 101, Folder=True),
        listed("Mix", 103, 101, 105, 107),
        listed("Mix", 101),
        {"Name": "Empty"},
    )
    told = []
    mix, other, empty = read_playlists(str(path), told.append)
    boy = Entry(("/Users/me/Music/Air/02 Sexy Boy.mp3",), "Air", "Sexy Boy", "Moon Safari")
    assert (mix.path, mix.name, mix.entries) == (f"{path}/Mix", "Mix", [Entry(artist="M83", title="Intro"), boy])
    assert mix.n_elsewhere == 2, "a podcast, and a track that is not there"
    assert (other.path, other.entries, empty.entries) == (f"{path}/Mix_2", [boy], [])
    assert told == [
        "Library.xml: 3 playlists that the program makes of everything (Library, Downloaded, Music)",
        "Library.xml: 1 playlists that it chooses by rules (Recently Played)",
        "Library.xml: 1 playlists that are folders (All of mine)",
    ]
    assert list(find_playlists([str(tmp_path)])) == [str(path)]


def test_one_that_was_exported_alone_may_be_chosen_by_rules(tmp_path):
    told = []
    (playlist,) = read_playlists(
        str(written(tmp_path / "x.xml", listed("Hits", 101, **{"Smart Info": b"x"}))), told.append
    )
    assert (playlist.name, len(playlist.entries), told) == ("Hits", 1, [])


def test_what_is_no_library(tmp_path):
    with pytest.raises(ValueError, match=r"Library\.xml holds no playlist that a person made"):
        read_playlists(str(written(tmp_path / "Library.xml", listed("Library", 101, Master=True))))
    (tmp_path / "x.xml").write_text("<plist><dict><key>Tracks</key><dict>")
    assert is_apple_library(str(tmp_path / "x.xml"))
    with pytest.raises(ValueError, match=r"x\.xml is not XML"):
        read_playlists(str(tmp_path / "x.xml"))
    (tmp_path / "x.xml").write_text("<opml/>")
    assert not is_apple_library(str(tmp_path / "x.xml")) and not is_apple_library(str(tmp_path / "none.xml"))
