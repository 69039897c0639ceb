"""Answers of a real Music Player Daemon on its music, queue and stickers."""

import os
import shutil

import pytest

from earshot.index.library import Library
from mpd_server import make_library, running_server

from earshot.stages.playing.mpd_player import MpdPlayer, PlayerError, chosen_to_queue, queue_tracks  # isort: skip

IDS = "SELECT id FROM tracks WHERE status = 'embedded' ORDER BY id"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder of music, and its library."""
    folder = tmp_path_factory.mktemp("mpd")
    make_library(folder)
    return folder


@pytest.fixture(scope="module")
def server(world):
    with running_server(world / "server", world / "music") as server:
        yield server


@pytest.fixture
def player(server):
    player = MpdPlayer(server.socket)
    yield player
    with server.client() as client:
        client.clear()
    player.close()


@pytest.fixture
def library(world):
    with Library.open(world / "library") as library:
        yield library


def test_the_folder_is_told_by_the_socket_and_found_by_the_network(server, library, world):
    path = library.value("SELECT path FROM tracks WHERE status = 'embedded'")
    for arguments in ((server.socket,), ("127.0.0.1", server.port)):
        player = MpdPlayer(*arguments)
        assert player.music_folder(library) == str(world / "music")
        uri = player.uri_of(library, path)
        assert uri == os.path.relpath(path, world / "music") and player.path_of(library, uri) == path
        assert player.uri_of(library, "/elsewhere/x.mp3") is None and player.path_of(library, "http://radio/") is None
        player.close()


def test_a_folder_that_is_given_is_believed(server, library, tmp_path):
    player = MpdPlayer(server.socket, music_folder=str(tmp_path))
    assert player.music_folder(library) == str(tmp_path)
    player.close()


def test_tracks_are_queued_in_order_and_begin_to_play(player, library, tmp_path):
    assert player.look().song is None and (player.n_ahead(), player.n_queued()) == (0, 0)
    tracks = chosen_to_queue(library, [f"id:{one}" for one in library.column(f"{IDS} LIMIT 3")])
    assert queue_tracks(library, player, tracks) == []
    look = player.look()
    assert (look.uri, look.is_playing) == (player.uri_of(library, tracks[0].path), True)
    assert look.length_s == pytest.approx(4, abs=0.1) and (player.n_ahead(), player.n_queued()) == (2, 3)
    assert not player.add("no/such/song.mp3") and player.n_queued() == 3


def test_what_the_daemon_lacks_is_named(server, library, tmp_path):
    player = MpdPlayer(server.socket, music_folder=str(tmp_path))
    (track,) = chosen_to_queue(library, [f"id:{library.value(IDS)}"])
    assert queue_tracks(library, player, [track]) == [track] and player.n_queued() == 0
    player.close()


def test_stickers_are_opinions(server, player, library):
    uris = [
        player.uri_of(library, path)
        for path in library.column("SELECT path FROM tracks WHERE status = 'embedded' ORDER BY id LIMIT 6")
    ]
    told = [("like", 2), ("like", 0), ("like", 1), ("rating", 9), ("rating", 5), ("rating", 2)]
    with server.client() as client:
        for uri, (name, value) in zip(uris, told, strict=True):
            client.sticker_set("song", uri, name, value)
        client.sticker_set("song", uris[2], "rating", 10)  # `like` says neither
        client.sticker_set("song", uris[3], "rating", "nine")
        client.sticker_set("song", uris[3], "rating", 9)
    assert player.opinions() == {uris[0]: True, uris[1]: False, uris[3]: True, uris[5]: False}


def test_who_does_not_answer_is_named(tmp_path, library, world):
    with pytest.raises(
        PlayerError, match=r"MPD does not answer at .*nothing: No such file.*\n\nStart it, or give --host"
    ):
        MpdPlayer(str(tmp_path / "nothing"))
    (tmp_path / "music").mkdir()
    shutil.copy(world / "music" / "album 0" / "0.wav", tmp_path / "music" / "other.wav")
    with running_server(tmp_path / "server", tmp_path / "music", has_stickers=False) as server:
        player = MpdPlayer("127.0.0.1", server.port)
        with pytest.raises(PlayerError, match=r"MPD knows none of the tracks(.|\n)*by --music"):
            player.music_folder(library)
        with pytest.raises(PlayerError, match=r"sticker"):
            player.opinions()
        player.close()
