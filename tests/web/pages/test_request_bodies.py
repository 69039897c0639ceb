"""Bodies of changes: JSON objects or forms, and nothing else."""

import asyncio
import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from earshot.web.pages.request_bodies import json_of, text_of, values_of, wants_json


def sent(body, kind="application/json", accept="*/*"):
    headers = [(b"content-type", kind.encode()), (b"accept", accept.encode())]

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}, receive)


def test_an_object_is_read():
    assert asyncio.run(json_of(sent(json.dumps({"a": [1]}).encode()))) == {"a": [1]}
    assert asyncio.run(values_of(sent(b'{"a": 1}'))) == {"a": 1}
    assert asyncio.run(values_of(sent(b"a=1&b=%C3%A9", "application/x-www-form-urlencoded"))) == {"a": "1", "b": "é"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 100_000, b'{"a": NaN}', rb'{"a": "\ud800"}'])
def test_no_object_is_refused(body):
    with pytest.raises(HTTPException) as refused:
        asyncio.run(json_of(sent(body)))
    assert refused.value.status_code == 400


def test_other_types_are_refused():
    with pytest.raises(HTTPException) as refused:
        asyncio.run(json_of(sent(b"{}", "text/plain")))
    assert refused.value.status_code == 415


def test_a_text_has_letters_and_an_end():
    assert text_of({"name": "  Late \n night "}, "name") == "Late night"
    for values in ({}, {"name": ""}, {"name": " \n"}, {"name": 5}, {"name": "x" * 201}):
        with pytest.raises(HTTPException, match="name has to be a text of 1 to 200 letters"):
            text_of(values, "name")


def test_a_script_says_that_it_reads_json():
    assert wants_json(sent(b"", accept="application/json")) and not wants_json(sent(b"", accept="text/html"))
