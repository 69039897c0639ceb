"""Sessions of browsers: opened by a one-time token or the password, kept in memory, and known by a cookie."""

import asyncio
import hashlib
import hmac
import secrets
from collections import Counter
from time import monotonic

from earshot.web.security.passwords import is_password

_MAX_SESSIONS = 64  # the one that was used least lately makes room
_IDLE_SECONDS = 30 * 24 * 3_600
_FAILURE_SECONDS = 1.0  # before another password is looked at
_MAX_WAITING = 16  # passwords; more of them would keep their owner, and in the end everybody, out for minutes
_MAX_WAITING_EACH = 2  # of one address


class TooManyGuessesError(Exception):
    """Passwords wait already to be looked at, one in a second."""


class Sessions:
    """The open sessions of one server. Only hashes of tokens and cookies are kept.

    Parameters
    ----------
    password_hash : of `passwords.hash_password`; None: no password opens a session
    """

    def __init__(self, password_hash: str | None = None) -> None:
        self._password_hash = password_hash
        self._token = b""  # no hash is empty
        self._last_used: dict[bytes, float] = {}  # by the hash of the cookie
        self._one_password_at_a_time = asyncio.Lock()
        self._waiting: Counter[str] = Counter()  # passwords by the address that sent them

    def new_token(self) -> str:
        """Make the token that opens the next session; an earlier one is forgotten."""
        token = secrets.token_urlsafe(24)
        self._token = _hash(token)
        return token

    def open_by_token(self, token: str) -> str | None:
        """Use up the token, and return the cookie of a new session; None for a wrong one."""
        if not hmac.compare_digest(_hash(token), self._token):
            return None
        self._token = b""
        return self._opened()

    async def open_by_password(self, password: str, address: str = "") -> str | None:
        """Return the cookie of a new session, or after a second, None: the password is wrong, or there is none.

        Raises
        ------
        TooManyGuessesError
            Others wait already, of this address or of all.
        """
        if self._waiting[address] >= _MAX_WAITING_EACH or self._waiting.total() >= _MAX_WAITING:
            raise TooManyGuessesError
        self._waiting[address] += 1
        try:
            async with self._one_password_at_a_time:
                known = self._password_hash
                if known is not None and await asyncio.to_thread(is_password, password, known):
                    return self._opened()
                await asyncio.sleep(_FAILURE_SECONDS)
                return None
        finally:
            self._waiting -= Counter([address])  # which forgets an address at none

    def is_open(self, cookie: str) -> bool:
        """Tell whether a cookie is that of an open session, which counts as a use of it."""
        key, now = _hash(cookie), monotonic()
        last_used = self._last_used.pop(key, None)
        if last_used is None or now - last_used > _IDLE_SECONDS:
            return False
        self._last_used[key] = now  # at the end: the first one was used least lately
        return True

    def close(self, cookie: str) -> None:
        """End a session."""
        self._last_used.pop(_hash(cookie), None)

    def _opened(self) -> str:
        cookie = secrets.token_urlsafe(32)
        while len(self._last_used) >= _MAX_SESSIONS:
            del self._last_used[next(iter(self._last_used))]
        self._last_used[_hash(cookie)] = monotonic()
        return cookie


def _hash(secret: str) -> bytes:
    """The key of a secret; looking up a hash tells nothing by its time."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
