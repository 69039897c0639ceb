"""Sessions: each token once, no more of them than there is room, none for ever."""

import asyncio
import hashlib

import pytest

from earshot.web.security import sessions
from earshot.web.security.passwords import hash_password
from earshot.web.security.sessions import Sessions, TooManyGuessesError


def test_a_token_opens_one_session():
    room = Sessions()
    assert room.open_by_token("") is None
    first, second = room.new_token(), room.new_token()
    assert room.open_by_token(first) is None, "a newer one was made"
    cookie = room.open_by_token(second)
    assert room.is_open(cookie) and not room.is_open(cookie[:-1]) and not room.is_open("")
    assert room.open_by_token(second) is None
    room.close(cookie)
    assert not room.is_open(cookie)


def test_a_comparison_in_constant_time_decides(monkeypatch):
    room, compared = Sessions(), []
    token = room.new_token()
    monkeypatch.setattr("hmac.compare_digest", lambda *both: compared.append(both) or len(compared) == 2)
    assert room.open_by_token(token) is None and room.open_by_token("x") is not None
    assert compared == [(hashlib.sha256(one.encode()).digest(), compared[0][0]) for one in (token, "x")]


def test_the_one_that_was_used_least_lately_makes_room(monkeypatch):
    monkeypatch.setattr(sessions, "_MAX_SESSIONS", 2)
    room = Sessions()
    one, two = (room.open_by_token(room.new_token()) for _ in range(2))
    assert room.is_open(one)
    three = room.open_by_token(room.new_token())
    assert (room.is_open(one), room.is_open(two), room.is_open(three)) == (True, False, True)


def test_an_idle_one_ends(monkeypatch):
    now = 0.0
    monkeypatch.setattr(sessions, "monotonic", lambda: now)
    room = Sessions()
    cookie = room.open_by_token(room.new_token())
    now = 29 * 24 * 3_600
    assert room.is_open(cookie)
    now += 31 * 24 * 3_600
    assert not room.is_open(cookie) and not room.is_open(cookie)


def test_passwords_are_tried_one_at_a_time_and_a_wrong_one_costs_time(monkeypatch):
    monkeypatch.setattr(sessions, "_FAILURE_SECONDS", 0.05)
    room = Sessions(hash_password("correct horse"))

    async def guess():
        began = asyncio.get_running_loop().time()
        opened = await asyncio.gather(*(room.open_by_password(f"wrong horse {n}", f"10.0.0.{n}") for n in range(3)))
        return opened, asyncio.get_running_loop().time() - began

    opened, seconds = asyncio.run(guess())
    assert opened == [None] * 3 and seconds > 0.15
    assert room.is_open(asyncio.run(Sessions.open_by_password(room, "correct horse")) or "")


def test_who_guesses_much_keeps_nobody_else_out(monkeypatch):
    monkeypatch.setattr(sessions, "_FAILURE_SECONDS", 0.01)
    room = Sessions(hash_password("correct horse"))

    def ask(guesses):
        return asyncio.gather(*(room.open_by_password(*one) for one in guesses), return_exceptions=True)

    async def guess():
        first = await ask([*[("wrong horse", "10.0.0.1")] * 9, ("correct horse", "10.0.0.2")])
        many = await ask([("wrong horse", f"10.0.0.{n}") for n in range(20)])
        return first, many, await ask([("correct horse", "10.0.0.1")])

    (*guessed, owner), many, (later,) = asyncio.run(guess())
    assert guessed[:2] == [None, None] and {type(one) for one in guessed[2:]} == {TooManyGuessesError}
    assert room.is_open(owner)
    assert many[:16] == [None] * 16 and {type(one) for one in many[16:]} == {TooManyGuessesError}
    assert room.is_open(later), "who guessed may try again"


@pytest.mark.parametrize("guess", ["", "x"])
def test_without_a_password_none_fits(guess, monkeypatch):
    monkeypatch.setattr(sessions, "_FAILURE_SECONDS", 0.0)
    assert asyncio.run(Sessions(None).open_by_password(guess)) is None
