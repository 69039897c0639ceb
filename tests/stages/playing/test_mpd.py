"""A real Music Player Daemon is followed: its plays and stickers become listens, and a radio fills its queue."""

import gc
import shutil
import threading
import time
from contextlib import contextmanager

import pytest

from earshot.data.events.interactions import LISTEN
from earshot.index.library import Library
from earshot.stages.playing.feedback import opinions, recent_feedback
from earshot.stages.radio import start_radio
from earshot.stages.shared.reports import Note
from mpd_server import make_library, running_server

from earshot.stages.playing.mpd import Heard, Queued, Told, follow_mpd  # isort: skip
from earshot.stages.playing.mpd_player import MpdPlayer, chosen_to_queue, queue_tracks  # isort: skip


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
def folder(world, tmp_path):
    return shutil.copytree(world / "library", tmp_path / "library")


@pytest.fixture
def player(server):
    player = MpdPlayer(server.socket)
    yield player
    with server.client() as client:
        client.clear()
    player.close()


class Followed:
    """A player that is followed in another thread, looked at ten times a second."""

    def __init__(self, folder, server, radio=None):
        self.reports, self._is_ended = [], False
        player = MpdPlayer(server.socket)
        found = follow_mpd(folder, player, "ana", radio, is_ended=lambda: self._is_ended, look_s=0.1)
        self._thread = threading.Thread(target=lambda: (self.reports.extend(found), player.close()))
        self._thread.start()

    def of(self, kind):
        return [report for report in list(self.reports) if isinstance(report, kind)]

    def wait_for(self, kind, n=1, seconds=20):
        until = time.monotonic() + seconds
        while len(self.of(kind)) < n:
            assert time.monotonic() < until, self.reports
            time.sleep(0.05)
        return self.of(kind)[n - 1]

    def end(self):
        self._is_ended = True
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()


@contextmanager
def followed(*arguments):
    following = Followed(*arguments)
    try:
        yield following
    finally:
        following.end()


def queued(folder, player, n):
    with Library.open(folder) as library:
        ids = library.column("SELECT id FROM tracks WHERE status = 'embedded' ORDER BY id LIMIT ?", [n])
        tracks = chosen_to_queue(library, [f"id:{one}" for one in ids])
        assert queue_tracks(library, player, tracks) == []
    return tracks


def test_plays_and_skips_are_kept(server, folder, player):
    began = time.time()
    first, second, third = queued(folder, player, 3)
    with followed(folder, server) as following, server.client() as client:
        heard = following.wait_for(Heard)  # the first song to its end
        assert heard.name == first.name and heard.played_s == pytest.approx(4, abs=1) and not heard.is_skip
        time.sleep(1.5)
        client.next()
        skipped = following.wait_for(Heard, 2)
        assert (skipped.name, skipped.is_skip, skipped.is_news) == (second.name, True, True)
        assert 1 < skipped.played_s < 20
        time.sleep(1.5)
    assert [report.name for report in following.of(Heard)] == [first.name, second.name], following.reports
    with Library.open(folder) as library:
        later, earlier = recent_feedback(library, "ana", 9)
        assert (earlier.track_id, earlier.kind, later.track_id) == (first.id, LISTEN, second.id)
        assert earlier.ratio == pytest.approx(1, abs=0.25) and abs(earlier.time_s - began) < 4
    assert third.id not in {earlier.track_id, later.track_id}


def test_a_song_of_which_half_was_heard_at_the_end_is_kept(server, folder, player):
    _, track = queued(folder, player, 2)
    with server.client() as client:
        client.seek(1, 40)  # of a minute: whoever comes now takes it that the beginning was heard
        time.sleep(0.3)
        with followed(folder, server):
            time.sleep(1.0)
    with Library.open(folder) as library:
        (event,) = recent_feedback(library, "ana", 9)
    assert event.track_id == track.id and 40_000 < event.played_ms < 50_000


def test_a_sticker_is_a_like_and_draws_the_radio_near(server, folder, player):
    (track,) = queued(folder, player, 1)
    with Library.open(folder) as library:
        uri = player.uri_of(library, track.path)
        radio = start_radio(library, [f"id:{track.id}"], variety=0.0)
    with server.client() as client:
        client.sticker_set("song", uri, "like", 2)
        with followed(folder, server, radio) as following:
            told = following.wait_for(Told)
            assert (told.name, told.is_like) == (track.name, True) and radio.state.events[0][0] == "like"
        with followed(folder, server) as again:
            time.sleep(0.6)
        assert again.of(Told) == [], "the listener likes it already"
        client.sticker_delete("song", uri)
    with Library.open(folder) as library:
        assert [(one.track_id, one.is_like) for one in opinions(library, "ana")] == [(track.id, True)]


def test_a_radio_begins_to_play_and_keeps_a_song_ahead(server, folder, player):
    with Library.open(folder) as library:
        seed = library.value("SELECT min(id) FROM tracks WHERE status = 'embedded'")
        radio = start_radio(library, [f"id:{seed}"], variety=0.0, listener="ana")
    with followed(folder, server, radio) as following, server.client() as client:
        following.wait_for(Queued, 2)
        assert client.status()["state"] == "play"
        for n_queued in (3, 4):
            time.sleep(1.5)
            client.next()
            assert following.wait_for(Heard, n_queued - 2).is_skip
            following.wait_for(Queued, n_queued)
            assert player.n_queued() == n_queued and player.n_ahead() == 1
        files = [song["file"] for song in client.playlistinfo()]
        assert len(set(files)) == 4
        client.stop()
        time.sleep(0.5)
        assert client.status()["state"] == "stop", "who stops it wants it stopped"
    assert [what for what, _ in radio.state.events].count("skip") >= 2


def test_plays_wait_while_another_process_writes(server, folder, player):
    queued(folder, player, 2)
    with followed(folder, server) as following, server.client() as client:
        with Library.open_to_write(folder):
            time.sleep(1.6)
            client.next()
            time.sleep(1.5)
            assert following.of(Heard) == []
        assert following.wait_for(Heard).is_news


# python-mpd2 forgets the socket of a daemon that is gone, which the garbage collector then closes with a warning.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_daemon_that_is_started_again_is_followed_on(server, folder, player):
    queued(folder, player, 2)
    with followed(folder, server) as following:
        time.sleep(0.5)
        server.stop()
        assert "waiting" in str(following.wait_for(Note))
        server.start()
        assert "answers again" in str(following.wait_for(Note, 2))
    player.connect()
    gc.collect()
