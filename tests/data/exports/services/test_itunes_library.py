"""The library of iTunes or Music as it is read."""

import plistlib
from datetime import datetime

import pytest

from earshot.data.exports.listen_sources import find_sources
from listen_exports import SECOND, read


def written(path, *tracks):
    library = {
        "Major Version": 1, "Application Version": "12.13.2.3", "Library Persistent ID": "94F463D4E31BA10A",
        "Tracks": {str(number): {"Track ID": number} | track for number, track in enumerate(tracks, start=101)},
        "Playlists": [{"Name": "Library", "Playlist Items": [{"Track ID": 101}]}],
    }  # fmt: skip
    path.write_bytes(plistlib.dumps(library, sort_keys=False))
    return path


def test_play_counts_are_totals_at_the_time_of_the_last_play(tmp_path):
    path = written(
        tmp_path / "Library.xml",
        {
            "Name": "Sexy Boy", "Artist": "Air", "Album": "Moon Safari", "Play Count": 12, "Play Date": 3_324_323_337,
            "Play Date UTC": datetime(2009, 5, 4, 23, 8, 57), "Loved": True, "Track Type": "File",
            "Location": "file:///Users/me/Music/Air/02%20Sexy%20Boy.mp3",
        },
        {"Name": "One", "Album Artist": "Air", "Play Count": 2},
        {"Name": "Two", "Artist": "Air", "Play Count": 0, "Favorited": True},
        {"Name": "Talk", "Artist": "KEXP", "Play Count": 9, "Podcast": True, "Loved": True},
    )  # fmt: skip
    name, events, left_out = read(path, "user", "artist", "title", "time_s", "plays", "kind")
    assert name == "itunes-library"
    assert events == [
        ("me", "Air", "Sexy Boy", SECOND, 12, 0), ("me", "Air", "One", None, 2, 0),
        ("me", "Air", "Sexy Boy", None, 1, 1), ("me", "Air", "Two", None, 1, 1),
    ]  # fmt: skip
    assert left_out == {"tracks that were never played": 1, "podcasts, audiobooks and films": 1}
    assert read(path, "user", listener="ana")[1] == [("ana",)] * 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<plist><dict><key>Tracks</key>", "Library.xml is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><plist><key>Tracks</key></plist>', "Library.xml declares XML entities"),
        ("<plist><nonsense><key>Tracks</key></nonsense></plist>", "Library.xml is no property list"),
        ("<plist><dict><key>Tracks</key><integer>x</integer></dict></plist>", "Library.xml is no property list"),
    ],
)
def test_damage_is_told(tmp_path, text, words):
    (tmp_path / "Library.xml").write_text(text)
    (source,) = find_sources(tmp_path / "Library.xml").sources
    with pytest.raises(ValueError, match=words):
        list(source.open().batches)


def test_a_file_without_tags_is_known_by_its_place(tmp_path):
    place = "file://localhost/C:/Music/Air/02%20Sexy%20Boy.mp3"
    path = written(
        tmp_path / "x.xml", {"Name": "02 Sexy Boy", "Play Count": 2, "Location": place},
        {"Name": "One", "Artist": "Air", "Play Count": 2, "Location": place},
    )  # fmt: skip
    assert read(path, "title", "path")[1] == [("02 Sexy Boy", place), ("One", None)]
