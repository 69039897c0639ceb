"""Connections that say nothing, or take nothing, are dropped."""

import asyncio
import contextlib
import socket

import pytest
from uvicorn import Config, Server

from earshot.web.security import timed_connection
from earshot.web.security.timed_connection import TimedConnection


@pytest.fixture
def drop_quickly(monkeypatch):
    monkeypatch.setattr(timed_connection, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(timed_connection, "SEND_SECONDS", 0.3)


async def endless(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while scope["path"] == "/endless":
        await send({"type": "http.response.body", "body": b"x" * 2**16, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"done"})


def with_server(talk):
    """Run `talk(reader, writer, server)` on a connection to a server of the application above."""

    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        config = Config(endless, http=TimedConnection, ws="none", lifespan="off", log_config=None)
        server = Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            async with asyncio.timeout(10):
                return await talk(reader, writer, server)
        finally:
            writer.close()
            server.should_exit = server.force_exit = True
            await serving

    return asyncio.run(run())


def test_a_head_that_drips_is_dropped(drop_quickly):
    async def talk(reader, writer, server):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(100):
            writer.write(b"X-Drip: 1\r\n")
            await asyncio.sleep(0.02)
            if reader.at_eof() or reader.exception() is not None:  # closed, or reset since it still wrote
                return True
        return False

    assert with_server(talk)


def test_one_address_does_not_take_all_places(monkeypatch):
    monkeypatch.setattr(timed_connection, "MAX_OF_ADDRESS", 2)

    async def talk(reader, writer, server):
        others = [await asyncio.open_connection(*writer.get_extra_info("peername")) for _ in range(2)]
        with contextlib.suppress(ConnectionError):
            assert await others[1][0].read() == b"", "the third is dropped"
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"done" in await reader.readuntil(b"done\r\n0\r\n\r\n"), "and the first is answered"
        assert len(server.server_state.connections) == 2
        for _, other in others:
            other.close()

    with_server(talk)


def test_a_connection_that_says_nothing_is_dropped(drop_quickly):
    async def talk(reader, writer, server):
        return await reader.read()

    assert with_server(talk) == b""


def test_whole_requests_are_answered_however_many_on_one_connection(drop_quickly):
    async def talk(reader, writer, server):
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"done" in await reader.readuntil(b"done\r\n0\r\n\r\n")
            await asyncio.sleep(0.15)
        return True

    assert with_server(talk)


def test_a_reader_that_takes_nothing_is_dropped(drop_quickly):
    async def talk(reader, writer, server):
        writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.2)
        assert server.server_state.connections
        for _ in range(100):
            if not server.server_state.connections:
                return True
            await asyncio.sleep(0.05)
        return False

    assert with_server(talk)
