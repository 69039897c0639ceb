"""Names under which the server answers."""

import asyncio
import socket

import pytest

from earshot.web.security.host_check import HostCheck


def status_for(*hosts, names=()):
    """The status of an answer; 0 if the application below is asked."""
    sent = []

    async def app(scope, receive, send):
        sent.append({"status": 0})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": [(b"host", host.encode("latin-1")) for host in hosts]}
    asyncio.run(HostCheck(app, names)(scope, None, send))
    return sent[0]["status"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.:80", "127.0.0.1:8765", "192.168.1.5", "[fe80::1]:80", socket.gethostname()]
)
def test_ours(host):
    assert status_for(host) == 0


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "1.2.3", "@", "[::1]x", "::1", "[::1"],
)
def test_foreign(host):
    assert status_for(host) == 421


def test_none_or_two_are_refused_and_a_given_one_is_ours():
    assert status_for() == status_for("localhost", "evil.example") == 421
    assert status_for("Music.Home:8765", names=("music.home",)) == 0
