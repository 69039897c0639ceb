"""`cli mpd` as a user types it, beside a real Music Player Daemon."""

import shutil
import signal
import subprocess
import sys
from itertools import product

import pytest

from commands_typed import invoke, rows_of
from earshot.data.playlists.playlist_writer import write_playlist_file
from earshot.index.library import Library
from earshot.index.listens.made_playlists import create_playlist
from earshot.index.tracks.track_lookup import track_rows
from mpd_server import make_library, running_server
from web_client import signed_in


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpd")
    make_library(folder)
    return folder


@pytest.fixture
def server(world, tmp_path):
    with running_server(tmp_path / "server", world / "music") as server:
        yield server


def test_a_playlist_and_what_is_similar_are_queued(world, server, tmp_path):
    playlist = tmp_path / "evening.m3u"
    playlist.write_text("".join(f"{world}/music/album {n % 2}/{n}.wav\n" for n in (3, 1)))
    words = ("--host", server.socket, "--queue", playlist, "--similar", "Noise 4", "-k", 2)
    assert invoke(world / "library", "mpd", *words).stdout == "4 tracks queued\n"
    with server.client() as client:
        files = [song["file"] for song in client.playlistinfo()]
        assert files[:2] == ["album 1/3.wav", "album 1/1.wav"]
        assert sorted(files[2:]) == ["album 1/3.wav", "album 1/5.wav"], "those beside Noise 4"
        assert client.status()["state"] == "play"


def test_a_playlist_that_the_page_saves_is_opened(server, world, tmp_path):
    folder = shutil.copytree(world / "library", tmp_path / "library")
    with Library.open_to_write(folder) as library:
        rows = library.db.execute("SELECT id, path FROM tracks ORDER BY id DESC LIMIT 3").fetchall()
        playlist_id = create_playlist(library, "Three", [track_id for track_id, _ in rows])
    with signed_in(folder) as page:
        (tmp_path / "saved.m3u8").write_bytes(page.get(f"/playlists/{playlist_id}.m3u8").content)
    with server.client() as client:
        client.load(str(tmp_path / "saved.m3u8"))
        assert [f"{world}/music/{song['file']}" for song in client.playlistinfo()] == [path for _, path in rows]


def test_playlists_are_opened_from_any_folder(server, world):
    """As M3U: of XSPF the daemon (0.23) takes percent signs for letters, though addresses have them."""
    with Library.open(world / "library") as library:
        tracks = track_rows(library, library.column("SELECT id FROM tracks")).values()
    with server.client() as client:
        for name, relative in product(("mix", "album 0/mix", "ü & 100%20/#1/mix"), (True, False)):
            path = world / "music" / f"{name} {relative}.m3u8"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_playlist_file(path, [row.listed for row in tracks], relative)
            client.clear()
            client.load(f"{name} {relative}.m3u8")
            found = [f"{world}/music/{song['file']}" for song in client.playlistinfo()]
            assert found == [row.path for row in tracks] and len(found) == 6, path


def test_a_radio_plays_until_it_is_interrupted(world, server):
    command = [sys.executable, "-m", "earshot.cli", "--library", str(world / "library"), "mpd", "--listener", "eve"]
    words = ["--radio", "Noise 3", "--host", "127.0.0.1", "--port", str(server.port)]
    process = subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("next: Band ")
        with server.client() as client:
            assert client.status()["state"] == "play"
            client.seekcur(58)
        assert any(line.startswith("played ") or line.startswith("skipped ") for line in process.stdout)
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and "Following MPD" in errors and "Traceback" not in errors
    assert rows_of(world / "library", "SELECT origin FROM listens")[0][0].startswith("played here by eve, 2")


def test_what_goes_wrong_is_said(world, server, tmp_path):
    nothing = invoke(world / "library", "mpd", "--host", tmp_path / "nothing", code=1)
    assert "MPD does not answer at" in nothing.stderr and "--host" in nothing.stderr
    words = ("--host", server.socket, "--music", tmp_path, "--queue", "Noise 1")
    lacking = invoke(world / "library", "mpd", *words, code=1)
    assert "not known to MPD" in lacking.stderr and "mpc update" in lacking.stderr
    assert "answers to 'Nobody'" in invoke(world / "library", "mpd", *words[:2], "--queue", "Nobody", code=1).stderr
