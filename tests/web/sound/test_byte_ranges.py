"""Ranges of bytes, as browsers and players ask for them."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from earshot.web.sound.byte_ranges import BrokenOffError, UnsatisfiableRangeError, range_answer, requested_range

CONTENT = bytes(range(256)) * 2_000
SIZE = len(CONTENT)


class Source:
    """Bytes in memory, which count how often they were closed, and may end too soon."""

    size, media_type, etag = SIZE, "audio/wav", '"one"'

    def __init__(self, end=SIZE):
        self.end, self.n_closed, self.n_read = end, 0, 0

    async def read(self, start, n):
        content = CONTENT[start : min(start + n, self.end)]
        self.n_read += len(content)
        return content

    def close(self):
        self.n_closed += 1


@pytest.fixture
def ask():
    def answer(method="GET", **headers):
        source = Source()

        async def route(request):
            return await range_answer(request, source)

        with TestClient(Starlette(routes=[Route("/", route)])) as client:
            given = {name.replace("_", "-"): text for name, text in headers.items()}
            got = client.request(method, "/", headers=given)
        assert source.n_closed == 1
        return got, source

    return answer


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)), ("bytes=5-", (5, 10)), ("bytes=5-100", (5, 10)), ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)), ("bytes= 2 - 4 ", (2, 5)), (None, None), ("", None), ("bytes=-", None),
        ("bytes=4-2", None), ("items=0-1", None), ("bytes=0-1,4-5", None), ("bytes=a-b", None), ("bytes=٣-٤", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)  # fmt: skip
def test_what_is_asked_for(header, expected):
    assert requested_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=11-12", "bytes=-0"])
def test_what_is_not_there(header):
    with pytest.raises(UnsatisfiableRangeError):
        requested_range(header, 10)


def test_the_whole_says_that_ranges_may_be_asked_for(ask):
    answer, _ = ask()
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["accept-ranges"] == "bytes" and answer.headers["content-length"] == str(len(CONTENT))


def test_a_range_is_that_range(ask):
    answer, source = ask(Range="bytes=1000-300999")
    assert (answer.status_code, answer.content) == (206, CONTENT[1_000:301_000])
    assert answer.headers["content-range"] == f"bytes 1000-300999/{len(CONTENT)}"
    assert source.n_read == 300_000


def test_a_range_that_is_not_there_is_416(ask):
    answer, source = ask(Range=f"bytes={len(CONTENT)}-")
    assert answer.status_code == 416 and answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
    assert source.n_read == 0


def test_a_head_reads_nothing(ask):
    for headers, status, length in (({}, 200, len(CONTENT)), ({"Range": "bytes=0-9"}, 206, 10)):
        answer, source = ask("HEAD", **headers)
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer.headers["content-length"] == str(length) and source.n_read == 0


def test_a_range_of_another_version_is_the_whole(ask):
    assert ask(Range="bytes=0-9", If_Range='"one"')[0].status_code == 206
    assert ask(Range="bytes=0-9", If_Range='"two"')[0].status_code == 200
    assert ask(Range="bytes=0-9", If_Range="Fri, 01 Jan 2021 00:00:00 GMT")[0].status_code == 200


def test_what_a_browser_has_is_not_sent_again(ask):
    answer, source = ask(If_None_Match='"zero", "one"')
    assert answer.status_code == 304 and source.n_read == 0 and answer.content == b""


def test_what_ends_too_soon_breaks_off_and_is_closed():
    source = Source(end=200_000)

    async def route(request):
        return await range_answer(request, source)

    with TestClient(Starlette(routes=[Route("/", route)])) as client, pytest.raises(BrokenOffError, match="shorter"):
        client.get("/")
    assert source.n_closed == 1


def test_a_player_that_leaves_ends_the_reading():
    source = Source()

    async def leave():
        sent = asyncio.Event()

        async def send(message):
            sent.set()
            await asyncio.sleep(0)

        async def receive():
            await sent.wait()
            return {"type": "http.disconnect"}

        async def app(scope, receive, send):
            from starlette.requests import Request

            await (await range_answer(Request(scope), source))(scope, receive, send)

        scope = {"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.3"}}
        await app(scope, receive, send)

    asyncio.run(leave())
    assert source.n_closed == 1 and source.n_read < len(CONTENT)
