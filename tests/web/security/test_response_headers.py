"""Headers that keep what a browser shows to our own files."""

import asyncio

from earshot.web.security.response_headers import ResponseHeaders


def headers_of(*given):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": list(given)})

    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(ResponseHeaders(app)({"type": "http"}, None, send))
    return dict(sent[0]["headers"])


def test_all_are_added():
    headers = headers_of()
    assert headers[b"x-frame-options"] == b"DENY" and b"frame-ancestors 'none'" in headers[b"content-security-policy"]
    assert headers[b"cache-control"] == b"no-cache"


def test_an_answer_may_be_kept_longer_but_not_be_laxer():
    headers = headers_of((b"cache-control", b"max-age=60"), (b"content-security-policy", b"default-src *"))
    assert headers[b"cache-control"] == b"max-age=60" and b"*" not in headers[b"content-security-policy"]
