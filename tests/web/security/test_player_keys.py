"""Keys of players: kept in a private file, compared whole, gone when they are revoked."""

import hashlib
import json
import os
import stat

import pytest

from earshot.web.security.player_keys import MAX_KEYS, PlayerKeys, keys_file, make_key, read_keys, revoke_key


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return keys_file()


def token(password, salt):
    return hashlib.md5((password + salt).encode()).hexdigest()


def test_a_key_is_kept_as_a_hash_and_opens_for_its_listener(path):
    key = make_key(path, "phone", "ana")
    assert key not in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = PlayerKeys()
    assert keys.listener_of_key(key) == "ana"
    assert keys.listener_of_key(key[:-1]) is keys.listener_of_key("") is keys.listener_of_key("ÿ\ud800") is None
    assert not keys.knows_password("ana", key) and not keys.knows_token("ana", token(key, "salt"), "salt")


def test_a_password_opens_by_itself_and_by_the_hash_of_a_player(path):
    password = make_key(path, "car", "ben", with_password=True)
    make_key(path, "phone", "ben")
    keys = PlayerKeys()
    assert keys.knows_password("ben", password) and keys.knows_token("ben", token(password, "c19b2d").upper(), "c19b2d")
    assert (
        not keys.knows_password("ana", password)
        and not keys.knows_password("ben", "")
        and not keys.knows_token("ben", "", "")
    )
    assert not keys.knows_token("ben", token(password, "c19b2d"), "another")
    assert keys.listener_of_key(password) is None


@pytest.mark.parametrize("answer", [True, False])
def test_comparisons_in_constant_time_of_every_key_decide(path, monkeypatch, answer):
    key, _ = make_key(path, "phone", "ana"), make_key(path, "tablet", "ana")
    passwords = [make_key(path, name, "ben", with_password=True) for name in ("car", "desk")]
    keys, compared = PlayerKeys(), []
    monkeypatch.setattr("hmac.compare_digest", lambda known, given: compared.append((known, given)) or answer)
    assert keys.listener_of_key(key if not answer else "x") == ("ana" if answer else None)
    assert len(compared) == 4 and len({given for _, given in compared}) == 1
    compared.clear()
    given = "x" if answer else passwords[0]
    assert keys.knows_password("ben", given) == answer
    assert compared == [(one.encode(), given.encode()) for one in passwords]
    compared.clear()
    assert keys.knows_token("ben", token(given, "c19b2d"), "c19b2d") == answer
    assert compared == [(token(one, "c19b2d").encode(), token(given, "c19b2d").encode()) for one in passwords]


def test_keys_that_are_made_and_revoked_count_at_once(path):
    keys = PlayerKeys()
    assert keys.listener_of_key("any") is None
    first, second = make_key(path, "one", "ana"), make_key(path, "two", "ben")
    assert (keys.listener_of_key(first), keys.listener_of_key(second)) == ("ana", "ben")
    assert revoke_key(path, "one") and not revoke_key(path, "one")
    assert (keys.listener_of_key(first), keys.listener_of_key(second)) == (None, "ben")
    assert [(one.name, one.listener) for one in read_keys(path)] == [("two", "ben")]
    path.unlink()
    assert keys.listener_of_key(second) is None


def test_a_file_that_others_can_read_or_that_is_another_is_refused(path):
    key = make_key(path, "one", "ana")
    with pytest.raises(ValueError, match="there is a key 'one' already"):
        make_key(path, "one", "ben")
    os.chmod(path, 0o644)
    with pytest.raises(ValueError, match="can be read by others"):
        PlayerKeys().listener_of_key(key)
    os.chmod(path, 0o600)
    for text in (
        "{}x",
        '["a"]',
        '[{"name": 1, "listener": "a", "made": "", "key_hash": null, "password": null}]',
        "{" * 99,
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match="holds no keys of players"):
            read_keys(path)


def test_there_are_not_more_than_a_person_overlooks(path):
    make_key(path, "one", "ana")
    path.write_text(json.dumps([json.loads(path.read_text())[0] | {"name": str(n)} for n in range(MAX_KEYS)]))
    with pytest.raises(ValueError, match=f"there are {MAX_KEYS} keys"):
        make_key(path, "one more", "ana")
