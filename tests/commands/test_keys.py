"""`cli keys`: made once and shown once, listed, revoked."""

import pytest

from commands_typed import invoke
from earshot.web.security.player_keys import PlayerKeys


@pytest.fixture(autouse=True)
def own_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def typed(tmp_path, *arguments, code=0):
    return invoke(tmp_path / "library", "keys", *arguments, code=code)


def test_a_key_is_made_listed_and_revoked(tmp_path):
    assert "There are no keys" in typed(tmp_path).stderr
    result = typed(tmp_path, "phone", "--listener", "ana")
    assert result.stdout.startswith("API key  ")
    key = result.stdout.split()[-1]
    assert PlayerKeys().listener_of_key(key) == "ana"
    shown = typed(tmp_path)
    assert "phone" in shown.stdout and "ana" in shown.stdout and key not in shown.stdout
    assert typed(tmp_path, "phone", "--revoke").stdout == "phone is let in no more\n"
    assert PlayerKeys().listener_of_key(key) is None
    assert not (tmp_path / "library").exists(), "it needs no library"


def test_a_password_is_for_a_listener(tmp_path):
    lines = typed(tmp_path, "car", "--password").stdout.splitlines()
    assert lines[0].split() == ["user", "me"]
    assert PlayerKeys().knows_password("me", lines[1].split()[1])


def test_what_cannot_be_is_refused(tmp_path):
    typed(tmp_path, "phone")
    assert "there is a key 'phone' already" in typed(tmp_path, "phone", code=1).stderr
    assert "There is no key 'tablet'" in typed(tmp_path, "tablet", "--revoke", code=1).stderr
    for arguments in (("--revoke",), ("--password",), (" ",), ("tablet", "--json")):
        typed(tmp_path, *arguments, code=2)
