"""Signing in by a password, where there is one."""

import pytest
from starlette.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from earshot.web.app import ServerSettings, create_app
from earshot.web.security import sessions
from earshot.web.security.passwords import hash_password
from web_client import ADDRESS, OWN_PAGE, stranger

PASSWORD = "correct horse"


@pytest.fixture
def browser(heard_library, monkeypatch):
    monkeypatch.setattr(sessions, "_FAILURE_SECONDS", 0.01)
    with stranger(heard_library, ServerSettings(password_hash=hash_password(PASSWORD))) as client:
        client.headers.update(OWN_PAGE)
        yield client


def test_the_password_opens_a_session(browser):
    assert 'type="password"' in browser.get("/sign-in").text
    wrong = browser.post("/sign-in", data={"password": "wrong horse"})
    assert wrong.status_code == 403 and "set-cookie" not in wrong.headers
    assert browser.post("/sign-in", data={"password": PASSWORD}).status_code == 303
    assert browser.get("/library").status_code == 200


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(heard_library, monkeypatch):
    app = ProxyHeadersMiddleware(create_app(heard_library), trusted_hosts="testclient")
    tokens = app.app.state.sessions
    with TestClient(app, base_url=ADDRESS, follow_redirects=False) as client:
        for scheme, is_secure in (("https", True), ("http", False)):
            address = f"/sign-in?token={tokens.new_token()}"
            answer = client.get(address, headers={"X-Forwarded-Proto": scheme})
            assert ("secure" in answer.headers["set-cookie"].lower()) is is_secure


def test_a_password_is_not_taken_from_an_address_or_another_site(browser):
    assert browser.post(f"/sign-in?password={PASSWORD}").status_code == 403
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    assert browser.post("/sign-in", data={"password": PASSWORD}, headers=elsewhere).status_code == 403
    assert browser.get("/library").status_code == 401


def test_without_a_password_no_form_is_shown_and_none_opens(heard_library, monkeypatch):
    monkeypatch.setattr(sessions, "_FAILURE_SECONDS", 0.01)
    with stranger(heard_library) as client:
        assert "<input" not in client.get("/sign-in").text
        assert client.post("/sign-in", data={"password": ""}, headers=OWN_PAGE).status_code == 403


def test_a_used_address_says_so(heard_library):
    with stranger(heard_library) as client:
        answer = client.get("/sign-in?token=guessed")
    assert answer.status_code == 403 and "used before" in answer.text
