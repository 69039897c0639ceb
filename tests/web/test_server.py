"""The server as a process: the address that it prints opens it, and it ends when it is told to."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from earshot.stages.shared.reports import InputError, StageError
from earshot.web.app import ServerSettings
from earshot.web.server import is_loopback, serve
from played_files import library_of_files, write_noise


@contextmanager
def running(library, *options):
    """A server process, and the first address that it prints."""
    command = [sys.executable, "-m", "earshot.cli", "--library", str(library), "serve", "--port", "0", *options]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield process, re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_opens_by_its_address_and_ends_by_a_signal(heard_library, number):
    with running(heard_library) as (process, address):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"18 tracks" in opener.open(address, timeout=10).read()
        following = re.search(r"http://\S+", process.stdout.readline())[0]
        assert following != address, "for another browser"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address, timeout=10)
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert process.returncode == 0 and output == "" and errors.endswith("\nStopped.\n")
        assert f"{address.partition('/sign-in')[0]}, with a key of `cli keys`" in errors


def test_it_goes_on_when_nobody_reads_its_next_address(heard_library):
    with running(heard_library) as (process, address):
        process.stdout.close()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        assert b"18 tracks" in opener.open(address, timeout=10).read()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().endswith("\nStopped.\n")


def test_it_ends_at_once_while_somebody_listens(tmp_path):
    write_noise(tmp_path, "wav", seconds=60.0)
    write_noise(tmp_path, "aiff", seconds=60.0)
    library_of_files(tmp_path / "library", tmp_path / "noise.wav", tmp_path / "noise.aiff")
    with running(tmp_path / "library") as (process, address):
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        opener.open(address, timeout=10).read()
        place = address.partition("/sign-in")[0]
        paused = [opener.open(f"{place}/sound/{what}", timeout=10) for what in ("1", "2", "1?format=mp3")]
        assert all(len(answer.read(1_000)) == 1_000 for answer in paused)
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=10)[1]
        assert process.returncode == 0 and errors.endswith("\nStopped.\n")
        for answer in paused:
            answer.close()


def test_nothing_that_opens_a_door_is_written_anywhere(heard_library):
    with running(heard_library) as (process, address):
        place, port = urlsplit(address).hostname, urlsplit(address).port
        for text in (
            "GET /sign-in?token=SECRET HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /sound/1?apiKey=SECRET&p=SECRET HTTP/1.1\r\nHost: localhost\r\nCookie: earshot=SECRET\r\n\r\n",
            "GET /?token=SECRET HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
            "POST /sign-in HTTP/1.1\r\nHost: SECRET\r\nContent-Length: 15\r\n\r\npassword=SECRET",
            "GET /?SECRET HTTP/9.9 SECRET\r\n\r\n",
        ):
            with socket.create_connection((place, port), timeout=10) as connection:
                connection.sendall(text.encode())
                assert connection.recv(100).startswith(b"HTTP/1.1 4")
        process.terminate()
        output, errors = process.communicate(timeout=10)
    assert process.returncode == 0 and "SECRET" not in output + errors


def test_others_are_let_in_by_a_password_only(heard_library):
    with pytest.raises(InputError, match=r"Others can reach 0.0.0.0; a server there needs a password"):
        serve(heard_library, ServerSettings(host="0.0.0.0"), 0, print)
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("::") and not is_loopback("music.home")


def test_a_port_that_is_taken_and_an_address_that_is_none_are_told(heard_library):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StageError, match=f"127.0.0.1 cannot be listened at, port {port}: Address already in use"):
            serve(heard_library, ServerSettings(), port, print)
    with pytest.raises(StageError, match="There is no address 'not an address'"):
        serve(heard_library, ServerSettings(host="not an address", password_hash="x"), 0, print)
