"""The application as a browser meets it: what it lets in, and with what it answers."""

import pytest
from starlette.routing import Route

from earshot.web.app import cookie_name, create_app
from earshot.web.security.request_limits import MAX_BODY_BYTES
from web_client import ADDRESS, OWN_PAGE, signed_in, stranger


@pytest.fixture
def app(heard_library):
    return create_app(heard_library)


def paths_of(app):
    return [route.path for route in app.routes if isinstance(route, Route)]


def test_without_a_session_nothing_is_shown(app):
    with stranger(app) as client:
        for path in ("/", "/library", "/nothing-there"):
            assert client.get(path).status_code == 401
        answer = client.get("/library", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert client.get("/sign-in").status_code == 200 and client.get("/static/style.css").status_code == 200


def test_every_route_but_the_door_needs_a_session(app):
    with stranger(app) as client:
        client.headers.update(OWN_PAGE)
        for path in paths_of(app):
            if path not in ("/sign-in", "/rest/{name}"):  # where each request of a player brings its key
                assert {client.get(path).status_code, client.post(path).status_code} == {401}, path


def test_the_token_opens_once(app):
    with stranger(app) as client:
        address = f"/sign-in?token={app.state.sessions.new_token()}"
        assert client.head(address).status_code == 200  # a preview of the link uses up nothing
        answer = client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert client.get("/library").status_code == 200
    with stranger(app) as other:
        assert other.get(address).status_code == 403
        assert other.get("/library").status_code == 401


def test_signing_out_ends_the_session(app):
    with signed_in(app) as client:
        cookie = client.cookies[app.state.cookie]
        assert client.post("/sign-out").status_code == 303
        assert client.get("/library", headers={"Cookie": f"{app.state.cookie}={cookie}"}).status_code == 401


def test_a_foreign_name_is_not_answered(app):
    with signed_in(app) as client:
        for host, status in (("evil.example", 421), ("evil.example:8765", 421), ("localhost:1", 200), ("[::1]", 200)):
            assert client.get("/library", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": ADDRESS}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9000"}, 403),
        ({"Sec-Fetch-Site": "none", "Origin": ""}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:9000"}, 403),
    ],
)
def test_a_change_comes_from_our_own_page(app, headers, status):
    with signed_in(app) as client:
        assert client.post("/sign-out", headers=headers).status_code == status


def test_a_change_without_any_origin_is_refused(app):
    with signed_in(app) as client:
        del client.headers["Sec-Fetch-Site"], client.headers["Origin"]
        assert client.post("/sign-out").status_code == 403
        assert client.request("TRACE", "/sign-out").status_code == 405


def test_every_answer_keeps_the_browser_to_our_own_files(app):
    with signed_in(app) as client:
        answers = [client.get(path) for path in ("/library", "/nothing-there", "/static/style.css")]
        answers += [client.get("/library", headers={"Host": "evil.example"}), client.post("/sign-in", headers={})]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self';") and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_no_route_takes_more_than_a_page_sends(app):
    with signed_in(app) as client:
        assert client.post("/playlists", content=b"x" * (MAX_BODY_BYTES + 1)).status_code == 413
        assert client.get(f"/track/{'9' * 5_000}").status_code == 414


def test_another_origin_learns_nothing_by_cors(app):
    with signed_in(app) as client:
        headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        answer = client.options("/library", headers=headers)
        assert answer.status_code == 405 and "access-control-allow-origin" not in answer.headers


def test_each_library_has_a_cookie_of_its_own(tmp_path):
    assert cookie_name(tmp_path / "one") != cookie_name(tmp_path / "two")
