"""Parameters, ids and keys of requests, each with the code of its failure."""

import asyncio

import pytest
from starlette.datastructures import ImmutableMultiDict

from earshot.web.security.player_keys import PlayerKeys, keys_file, make_key
from earshot.web.subsonic.player_requests import Parameters, album_key_of, kind_of, listener_of, number_of
from earshot.web.subsonic.subsonic_answers import SubsonicError


def let_in(monkeypatch, **values):
    """The listener of a request, or the code of its failure."""
    monkeypatch.setattr("earshot.web.subsonic.player_requests._FAILURE_SECONDS", 0)
    asked = Parameters(ImmutableMultiDict({"v": "1.16.1", "c": "test"} | values))
    try:
        return asyncio.run(listener_of(PlayerKeys(), asked, asyncio.Semaphore(1)))
    except SubsonicError as error:
        return error.code


def test_who_may_come_in(own_keys, monkeypatch):
    key, password = make_key(keys_file(), "a", "ana"), make_key(keys_file(), "b", "ben", with_password=True)
    hexadecimal = f"enc:{password.encode().hex()}"
    assert let_in(monkeypatch, apiKey=key) == "ana"
    assert let_in(monkeypatch, u="ben", p=password) == let_in(monkeypatch, u="ben", p=hexadecimal) == "ben"
    assert let_in(monkeypatch, apiKey="x") == 44
    assert let_in(monkeypatch, u="ana", p=password) == let_in(monkeypatch, u="ben", p="enc:zz") == 40
    assert let_in(monkeypatch, u="ben", t="0" * 32, s="salt") == 40
    assert let_in(monkeypatch, apiKey=key, u="ana") == let_in(monkeypatch, u="ben", p=password, t="x", s="y") == 43
    assert let_in(monkeypatch) == let_in(monkeypatch, u="ben") == let_in(monkeypatch, u="ben", t="x") == 10


def test_a_flood_of_wrong_keys_waits_for_nobody(own_keys, monkeypatch):
    monkeypatch.setattr("earshot.web.subsonic.player_requests._FAILURE_SECONDS", 0.2)
    key, asked = make_key(keys_file(), "a", "ana"), Parameters(ImmutableMultiDict({"v": "1.16.1", "apiKey": "x"}))

    async def flood():
        failures, keys = asyncio.Semaphore(2), PlayerKeys()
        began = asyncio.get_running_loop().time()
        refused = await asyncio.gather(*(listener_of(keys, asked, failures) for _ in range(50)), return_exceptions=True)
        assert asyncio.get_running_loop().time() - began < 2
        return refused

    assert {error.code for error in asyncio.run(flood())} == {44}
    assert let_in(monkeypatch, apiKey=key) == "ana"


def test_keys_that_others_can_read_let_nobody_in(own_keys, monkeypatch):
    key = make_key(keys_file(), "a", "ana")
    keys_file().chmod(0o644)
    assert let_in(monkeypatch, apiKey=key) == let_in(monkeypatch, u="ana", p="x") == 0


def test_versions_that_cannot_talk_to_this_one(own_keys, monkeypatch):
    key = make_key(keys_file(), "a", "ana")
    for version, code in (("1.17", 30), ("2.0.0", 30), ("0.9", 20), ("one", 0), ("1.2.3.4", 0), ("1.8", "ana")):
        assert let_in(monkeypatch, apiKey=key, v=version) == code, version


def test_numbers_have_ranges_and_nothing_else_is_one():
    asked = Parameters(ImmutableMultiDict({"n": "700", "low": "-3", "word": "many", "yes": "true", "empty": ""}))
    assert (asked.count("n", 10), asked.number("low", 1), asked.count("none", 10), asked.number("empty", 4)) == (
        500,
        0,
        10,
        4,
    )
    assert asked.flag("yes", False) and not asked.flag("n", True) and asked.flag("none", True)
    for text in ("word", "n" * 30):
        with pytest.raises(SubsonicError, match=f"n is '{'many' if text == 'word' else '9' * 20}'"):
            Parameters(ImmutableMultiDict({"n": "many" if text == "word" else "9" * 30})).number("n", 1)
    with pytest.raises(SubsonicError, match="The parameter id is missing"):
        asked.needed("id")


@pytest.mark.parametrize("text", ["", "tr", "tr-", "tr--1", "tr-1e3", "tr-٣", "tr-9999999999999999", "/m/1.flac"])
def test_what_is_no_id_is_nothing(text):
    with pytest.raises(SubsonicError, match="There is nothing with the id") as failure:
        kind_of(text)
    assert failure.value.code == 70


def test_ids_have_kinds():
    assert (kind_of("tr-12"), number_of("ar-3", "ar"), album_key_of("al-5"), album_key_of("an-0")) == (
        ("tr", 12),
        3,
        5,
        -1,
    )
    for wrong in (lambda: number_of("al-3", "tr"), lambda: album_key_of("tr-3")):
        with pytest.raises(SubsonicError) as failure:
            wrong()
        assert failure.value.code == 70
