"""Requests of players: their parameters, of the address and of a form, and the listener whose key they bring."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request

from earshot.web.library_access import LibraryAccess, library_of
from earshot.web.security.player_keys import PlayerKeys
from earshot.web.security.request_limits import read_form
from earshot.web.subsonic.subsonic_answers import (
    CLIENT_TOO_OLD,
    CONFLICTING,
    GENERIC,
    MISSING,
    NOT_FOUND,
    SERVER_TOO_OLD,
    WRONG_KEY,
    WRONG_PASSWORD,
    SubsonicError,
)

if TYPE_CHECKING:
    from earshot.web.subsonic.player_state import PlayerState

TRACK, ALBUM, NAMELESS, ARTIST, PLAYLIST = "tr", "al", "an", "ar", "pl"  # `an`: an artist's songs without an album
MAX_COUNT = 500  # of one list
_MAX_ID = 2**53
_FAILURE_SECONDS = 1.0  # for players that try again at once
FAILURES_AT_ONCE = 4  # more are answered at once: nobody guesses 123 random bits, and places are for other requests


@dataclass(frozen=True)
class Parameters:
    """The parameters of a request."""

    values: ImmutableMultiDict[str, str]

    def text(self, name: str) -> str | None:
        """A parameter; None without one."""
        return self.values.get(name)

    def needed(self, name: str) -> str:
        """A parameter that has to be there."""
        value = self.values.get(name)
        if value is None:
            raise SubsonicError(MISSING, f"The parameter {name} is missing.")
        return value

    def all(self, name: str) -> list[str]:
        """All values of a parameter that may be given several times."""
        return self.values.getlist(name)

    def number(self, name: str, otherwise: int, low: int = 0, high: int = 2**53) -> int:
        """A whole number, brought into its range."""
        value = self.values.get(name, "")
        return otherwise if value == "" else min(max(whole_number(name, value), low), high)

    def count(self, name: str, otherwise: int) -> int:
        """The length of a list."""
        return self.number(name, otherwise, 0, MAX_COUNT)

    def flag(self, name: str, otherwise: bool) -> bool:
        """A parameter that is `true` or `false`."""
        value = self.values.get(name, "").lower()
        return value in ("true", "1") if value else otherwise


@dataclass(frozen=True)
class PlayerRequest(Parameters):
    """A request of a player that was let in."""

    request: Request
    listener: str  # whose key it is
    client: str  # as the player calls itself

    @property
    def library(self) -> LibraryAccess:
        """The library that is asked."""
        return library_of(self.request)

    @property
    def state(self) -> "PlayerState":
        """The memory of the server on its players."""
        state: PlayerState = self.request.app.state.players
        return state


async def read_parameters(request: Request) -> Parameters:
    """Read the parameters of the address, and of the form in the body."""
    values = list(request.query_params.multi_items())
    if request.method == "POST":
        values += (await read_form(request)).multi_items()
    return Parameters(ImmutableMultiDict(values))


async def listener_of(keys: PlayerKeys, asked: Parameters, failures: asyncio.Semaphore) -> str:
    """The listener whose key or password a request brings; `failures` has `FAILURES_AT_ONCE` places.

    Raises
    ------
    SubsonicError
        It brings none, several, or a wrong one; this takes a second, if not too many wait already. Or the keys cannot
        be read.
    """
    _require_version(asked.needed("v"))
    key, password, token = (asked.text(name) for name in ("apiKey", "p", "t"))
    if sum(one is not None for one in (key, password, token)) > 1 or (key is not None and asked.text("u") is not None):
        raise SubsonicError(CONFLICTING, "Sign in by a key alone, by a password, or by a token.")
    try:
        keys.read()
    except (ValueError, OSError):
        raise SubsonicError(GENERIC, "The keys of players cannot be read; `cli keys` says why.") from None
    if key is not None:
        listener = keys.listener_of_key(key)
        if listener is None:
            await _let_wait(failures)
            raise SubsonicError(WRONG_KEY, "There is no such key; `cli keys PLAYER` makes one.")
        return listener
    listener = asked.needed("u")
    if token is not None:
        is_right = keys.knows_token(listener, token, asked.needed("s"))
    else:
        is_right = keys.knows_password(listener, _plain(asked.needed("p")))
    if not is_right:
        await _let_wait(failures)
        raise SubsonicError(WRONG_PASSWORD, "Wrong name or password; `cli keys PLAYER --password` makes one.")
    return listener


async def _let_wait(failures: asyncio.Semaphore) -> None:
    if failures.locked():
        return
    async with failures:
        await asyncio.sleep(_FAILURE_SECONDS)


def _plain(password: str) -> str:
    """A password as it is, or in hexadecimal digits after `enc:`."""
    if not password.startswith("enc:"):
        return password
    try:
        return bytes.fromhex(password[4:]).decode("utf-8", "replace")
    except ValueError:
        return ""


def _require_version(text: str) -> None:
    """Refuse players of another major version, or a later minor one, of the API."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise SubsonicError(GENERIC, f"The version v is {text[:20]!r}; it is a number such as 1.16.1.")
    major, minor = int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    if (major, minor) > (1, 16):
        raise SubsonicError(SERVER_TOO_OLD, f"This server speaks version 1.16.1, and not {text[:20]}.")
    if major < 1:
        raise SubsonicError(CLIENT_TOO_OLD, f"Version {text[:20]} is too old.")


def whole_number(name: str, text: str) -> int:
    """The number that a parameter says, as far as it is one."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise SubsonicError(GENERIC, f"{name} is {text[:20]!r}; it is a whole number.")
    return int(text)


def id_text(kind: str, number: int) -> str:
    """An id as players get it: a durable one of the library, and its kind.

    >>> id_text("tr", 12), album_id_text(-8), album_key_of("an-7")
    ('tr-12', 'an-7', -8)
    """
    return f"{kind}-{number}"


def kind_of(text: str) -> tuple[str, int]:
    """The kind and the number of an id."""
    kind, _, digits = text.partition("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16) or int(digits) > _MAX_ID:
        raise SubsonicError(NOT_FOUND, f"There is nothing with the id {text[:40]!r}.")
    return kind, int(digits)


def number_of(text: str, kind: str) -> int:
    """The number of an id that has to be of a kind."""
    found, number = kind_of(text)
    if found != kind:
        raise SubsonicError(NOT_FOUND, f"The id {text[:40]!r} is of another kind than {kind}-{number}.")
    return number


def numbers_of(texts: Sequence[str], kind: str) -> list[int]:
    """The numbers of ids that have to be of a kind."""
    return [number_of(text, kind) for text in texts]


def album_id_text(key: int) -> str:
    """The id of an album by its key, which is negative for an artist's songs without an album."""
    return id_text(ALBUM, key) if key > 0 else id_text(NAMELESS, -1 - key)


def album_key_of(text: str) -> int:
    """The key of an album by its id."""
    kind, number = kind_of(text)
    if kind not in (ALBUM, NAMELESS):
        raise SubsonicError(NOT_FOUND, f"There is no album with the id {text[:40]!r}.")
    return number if kind == ALBUM else -1 - number
