"""Browsers of a test: a client of the application that is signed in, and one that is not."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from earshot.web.app import ServerSettings, create_app

ADDRESS = "http://127.0.0.1:8765"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": ADDRESS}


def stranger(library: Path | Starlette, settings: ServerSettings | None = None) -> TestClient:
    """A browser without a session; it follows no redirect. Use it in a `with` block."""
    app = library if isinstance(library, Starlette) else create_app(library, settings)
    return TestClient(app, base_url=ADDRESS, follow_redirects=False)


def signed_in(library: Path | Starlette, settings: ServerSettings | None = None) -> TestClient:
    """A browser with a session, whose requests come from our own pages."""
    client = stranger(library, settings)
    answer = client.get("/sign-in", params={"token": client.app.state.sessions.new_token()})  # type: ignore[attr-defined]
    assert answer.status_code == 303
    client.headers.update(OWN_PAGE)
    return client
