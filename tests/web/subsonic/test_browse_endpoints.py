"""Browsing: from the music folder to songs, and what does not exist."""

import pytest


def test_folders_lead_to_every_song(player):
    songs = set()
    for artist in player.ask("getMusicDirectory", id="1")["directory"]["child"]:
        for album in player.ask("getMusicDirectory", id=artist["id"])["directory"]["child"]:
            directory = player.ask("getMusicDirectory", id=album["id"])["directory"]
            songs |= {song["id"] for song in directory["child"]}
            assert directory["name"] == album["title"]
    assert songs == {f"tr-{n}" for n in range(1, 9)}, "9 has no artist"


def test_songs_without_an_album_have_one_of_their_artist(player):
    album = player.ask("getAlbum", id=player.ask("getSong", id="tr-5")["song"]["albumId"])["album"]
    assert (album["name"], album["artist"], [song["id"] for song in album["song"]]) == (
        "[Unknown Album]",
        "Björk",
        ["tr-5"],
    )
    assert player.ask("getAlbum", id="an-0")["album"]["song"][0]["id"] == "tr-9"


def test_indexes_are_not_told_twice(player):
    indexes = player.ask("getIndexes")["indexes"]
    assert [one["name"] for one in indexes["index"]] == ["A", "B", "C"]
    assert player.ask("getIndexes", ifModifiedSince=indexes["lastModified"])["indexes"]["index"] == []


@pytest.mark.parametrize("name", ["getArtist", "getAlbum", "getSong", "getMusicDirectory", "getAlbumInfo2"])
@pytest.mark.parametrize("text", ["ar-99", "al-99", "an-99", "tr-99", "pl-1", "7", "", "tr-1'--"])
def test_what_does_not_exist_is_not_found(player, name, text):
    assert player.error(name, id=text)[0] == 70


def test_an_id_is_needed(player):
    assert player.error("getAlbum") == (10, "The parameter id is missing.")
