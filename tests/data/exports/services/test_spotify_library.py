"""The library of Spotify's account data as it is read."""

import json

import pytest

from earshot.data.exports.listen_sources import find_sources
from earshot.data.exports.services.spotify_library import read_spotify_library
from earshot.data.tables.text_blocks import Member
from listen_exports import read, spotify

LIBRARY = {
    "tracks": [
        {"artist": "Air", "album": "Moon Safari", "track": "La femme d'argent", "uri": "spotify:track:2"},
        7,
        {"artist": "Me", "album": "", "track": "Demo", "uri": "spotify:local:Me::Demo:120"},
    ],
    "albums": [{"artist": "Radiohead", "album": "In Rainbows", "uri": "spotify:album:a"}],
    "shows": [], "episodes": [], "bannedTracks": [{"artist": "X", "track": "Y", "uri": "spotify:track:b"}],
    "artists": [], "bannedArtists": [], "other": [],
}  # fmt: skip


def test_likes_and_bans_are_opinions_without_a_time(tmp_path):
    (tmp_path / "YourLibrary.json").write_text(json.dumps(LIBRARY))
    assert read(tmp_path / "YourLibrary.json", "user", "artist", "title", "kind", "time_s") == (
        "spotify",
        [("me", "Air", "La femme d'argent", 1, None), ("me", "X", "Y", 2, None)],
        {"liked files of one's own": 1, "malformed": 1},
    )


def test_they_belong_to_the_history_beside_them(tmp_path):
    (tmp_path / "YourLibrary.json").write_text(json.dumps(LIBRARY, indent=2))
    short = {"endTime": "2009-05-04 23:08", "artistName": "Air", "trackName": "One", "msPlayed": 60_000}
    spotify(tmp_path / "StreamingHistory_music_0.json", short)
    (source,) = find_sources(tmp_path).sources
    assert [member.title for member in source.members] == ["StreamingHistory_music_0.json", "YourLibrary.json"]
    assert read(tmp_path, "title")[1] == [("One",), ("La femme d'argent",), ("Y",)]


def test_damage_is_told(tmp_path):
    (tmp_path / "x.json").write_text('{"tracks": [')
    with pytest.raises(ValueError, match=r"x\.json is not JSON"):
        list(read_spotify_library(Member(tmp_path / "x.json"), None))
