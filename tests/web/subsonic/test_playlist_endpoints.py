"""Playlists that are made, changed and deleted by their owner, and queues."""

import pytest

from earshot.data.playlists.playlist import Entry, Playlist
from earshot.index.library import Library
from earshot.index.listens.playlist_store import import_playlists
from players import Player


@pytest.fixture
def made(player):
    return player.ask("createPlaylist", name="Evening", songId=["tr-1", "tr-2", "tr-1"])["playlist"]


def entries(player, text):
    return [song["id"] for song in player.ask("getPlaylist", id=text)["playlist"]["entry"]]


def changed(player, work):
    with Library.open_to_write(player.client.app.state.library.folder) as library:
        work(library)


def test_a_playlist_is_made_and_filled_anew(player, made):
    assert (made["songCount"], made["duration"], made["owner"], made["readonly"]) == (3, 540, "ana", False)
    (listed,) = player.ask("getPlaylists")["playlists"]["playlist"]
    assert listed == {name: value for name, value in made.items() if name != "entry"}
    player.ask("createPlaylist", playlistId=made["id"], songId=["tr-5"])
    assert entries(player, made["id"]) == ["tr-5"]


def test_places_count_what_a_player_sees(player, made):
    changed(player, lambda library: library.db.execute("UPDATE tracks SET status = 'missing' WHERE id = 2"))
    assert entries(player, made["id"]) == ["tr-1", "tr-1"]
    player.ask("updatePlaylist", playlistId=made["id"], songIndexToRemove=1, songIdToAdd=["tr-4"])
    assert player.error("updatePlaylist", playlistId=made["id"], songIndexToRemove=2)[0] == 70
    changed(player, lambda library: library.db.execute("UPDATE tracks SET status = 'embedded' WHERE id = 2"))
    assert entries(player, made["id"]) == ["tr-1", "tr-2", "tr-4"], "a file that was away is still on it"


def test_a_wrong_song_changes_nothing(player, made):
    assert player.error("updatePlaylist", playlistId=made["id"], name="New", songIdToAdd=["tr-3", "tr-99"])[0] == 70
    assert player.error("createPlaylist", playlistId=made["id"], songId=["tr-99"])[0] == 70
    assert player.error("createPlaylist", name="Other", songId=["tr-99"])[0] == 70
    assert player.error("createPlaylist", name=" ")[0] == player.error("createPlaylist")[0] == 10
    (listed,) = player.ask("getPlaylists")["playlists"]["playlist"]
    assert listed["name"] == "Evening" and listed["songCount"] == 3


def test_only_its_owner_changes_a_playlist(player, made):
    with Player(player.client.app.state.library.folder, listener="ben") as other:
        assert entries(other, made["id"]) == ["tr-1", "tr-2", "tr-1"]
        for name, by in (("updatePlaylist", "playlistId"), ("createPlaylist", "playlistId"), ("deletePlaylist", "id")):
            assert other.error(name, **{by: made["id"]}) == (50, "The playlist 'Evening' belongs to ana.")
        assert other.ask("getPlaylists")["playlists"]["playlist"][0]["readonly"] is True
    player.ask("deletePlaylist", id=made["id"])
    for name, by in (("getPlaylist", "id"), ("updatePlaylist", "playlistId"), ("deletePlaylist", "id")):
        assert player.error(name, **{by: made["id"]}) == (70, "There is no playlist pl-1.")


def test_an_imported_playlist_stays_as_its_file_is(player):
    entry = Entry(("/m/3.flac",))
    changed(player, lambda library: import_playlists(library, [Playlist("/m/list.m3u", "List", [entry], 0)]))
    (listed,) = player.ask("getPlaylists")["playlists"]["playlist"]
    assert listed["readonly"] and entries(player, listed["id"]) == ["tr-3"]
    assert player.error("deletePlaylist", id=listed["id"])[0] == 50


def test_a_queue_goes_on_at_another_player(player):
    assert "playQueue" not in player.ask("getPlayQueue") and "playQueueByIndex" not in player.ask("getPlayQueueByIndex")
    player.ask("savePlayQueue", id=["tr-3", "tr-1"], current="tr-1", position=4_000)
    queue = player.ask("getPlayQueue")["playQueue"]
    assert (queue["current"], queue["position"], queue["username"], queue["changedBy"]) == (
        "tr-1",
        4_000,
        "ana",
        "test",
    )
    player.ask("savePlayQueueByIndex", id=["tr-3", "tr-3"], currentIndex=1)
    assert player.ask("getPlayQueueByIndex")["playQueueByIndex"]["currentIndex"] == 1
    assert player.error("savePlayQueueByIndex", id=["tr-3"], currentIndex=1)[0] == 10
    assert player.error("savePlayQueueByIndex", id=["tr-3"])[0] == 10
    assert player.error("savePlayQueue", id=["tr-3"], current="tr-1")[0] == 70
    assert player.error("savePlayQueue", id=["tr-3", "tr-99"])[0] == 70
    assert len(player.ask("getPlayQueue")["playQueue"]["entry"]) == 2
    player.ask("savePlayQueue")
    assert player.ask("getPlayQueue")["playQueue"]["entry"] == []
