"""Requests that may pass, and those that may not."""

import asyncio

import pytest

from earshot.web.security.session_check import SessionCheck
from earshot.web.security.sessions import Sessions


@pytest.fixture
def status_of():
    """The status of an answer to a request; 0 if the application below is asked. With the cookie, if not told else."""
    room = Sessions()
    cookie = room.open_by_token(room.new_token())

    def ask(method, path, *, with_cookie=True, **headers):
        sent = []

        async def app(scope, receive, send):
            sent.append({"status": 0})

        async def send(message):
            sent.append(message)

        given = {"host": "127.0.0.1:8765"} | {name.replace("_", "-"): text for name, text in headers.items()}
        if with_cookie:
            given["cookie"] = f"other=1; ours={cookie}"
        raw = [(name.encode(), text.encode()) for name, text in given.items()]
        check = SessionCheck(app, room, "ours", ("/sign-in", "/static/"), ("/rest/",))
        asyncio.run(check({"type": "http", "method": method, "path": path, "headers": raw}, None, send))
        return sent[0]["status"]

    return ask


def test_reading_needs_the_cookie(status_of):
    assert status_of("GET", "/library") == status_of("HEAD", "/library") == 0
    assert status_of("GET", "/library", with_cookie=False) == 401
    assert status_of("GET", "/library", with_cookie=False, cookie="ours=guessed") == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_changing_needs_the_cookie_and_our_own_page(status_of, method):
    assert status_of(method, "/thumbs", sec_fetch_site="same-origin") == 0
    assert status_of(method, "/thumbs", origin="http://127.0.0.1:8765") == 0
    assert status_of(method, "/thumbs") == 403
    assert status_of(method, "/thumbs", sec_fetch_site="same-origin", with_cookie=False) == 401
    assert status_of(method, "/thumbs", origin="http://127.0.0.1:8766") == 403
    assert status_of(method, "/thumbs", origin="http://127.0.0.1:8765", sec_fetch_site="cross-site") == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_pages_of_others_may_link_here_and_show_nothing_of_it(status_of, site):
    link = {"sec_fetch_site": site, "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert status_of("GET", "/library", **link) == 0
    for mode, kind in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("navigate", "object")):
        asked = link | {"sec_fetch_mode": mode, "sec_fetch_dest": kind}
        assert status_of("GET", "/names.json", **asked) == status_of("GET", "/static/x.js", **asked) == 403
        assert status_of("GET", "/library", **asked | {"sec_fetch_site": "same-origin"}) == 0


def test_open_paths_are_whole_names(status_of):
    assert status_of("GET", "/sign-in", with_cookie=False) == status_of("GET", "/static/x.js", with_cookie=False) == 0
    assert status_of("GET", "/sign-in/x", with_cookie=False) == status_of("GET", "/static", with_cookie=False) == 401


def test_players_have_keys_of_their_own(status_of):
    assert status_of("GET", "/rest/ping.view", with_cookie=False) == 0
    assert status_of("POST", "/rest/ping.view", with_cookie=False) == 0
    assert status_of("GET", "/restricted", with_cookie=False) == 401


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "get"])
def test_other_methods_are_refused(status_of, method):
    assert status_of(method, "/library") == 405
