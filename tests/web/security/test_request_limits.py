"""Paths of requests, short; their bodies: short, in time, and forms of letters only."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from earshot.web.security.request_limits import MAX_BODY_BYTES, MAX_PATH_LETTERS, RequestLimits, read_form


async def form(request):
    return JSONResponse((await read_form(request)).multi_items())


@pytest.fixture
def client():
    routes = [Route("/", form, methods=["POST"]), Route("/{id:int}", form)]
    app = Starlette(routes=routes, middleware=[Middleware(RequestLimits)])
    with TestClient(app) as client:
        yield client


def test_a_form_keeps_its_order_and_blanks(client):
    answer = client.post("/", content="id=2&id=1&name=%C3%A9+x&empty=", headers={"Content-Type": ""})
    assert answer.json() == [["id", "2"], ["id", "1"], ["name", "é x"], ["empty", ""]]


def test_uploads_and_floods_of_fields_are_refused(client):
    assert client.post("/", files={"x": b"y"}).status_code == 415
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/", content="a&" * 20_001, headers=kind).status_code == 413


def test_a_body_is_short_by_what_it_says_and_by_what_comes(client):
    assert client.post("/", content=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413
    assert client.post("/", content=(b"x" * 2**16 for _ in range(17))).status_code == 413
    assert client.post("/", content=b"", headers={"Content-Length": "-1"}).status_code == 413


def test_an_id_has_an_end(client):
    assert client.get(f"/{'9' * (MAX_PATH_LETTERS - 1)}", headers={"Content-Type": ""}).status_code == 200
    assert client.get(f"/{'9' * 5_000}").status_code == 414, "Python reads no number of so many digits"


def test_a_body_that_does_not_end_is_given_up():
    async def app(scope, receive, send):
        while (await receive())["more_body"]:
            pass

    async def drip():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    with pytest.raises(HTTPException, match="did not end in time"):
        asyncio.run(RequestLimits(app, seconds=0.1)({"type": "http", "path": "/", "headers": []}, drip, None))
