"""Keys of music players: each opens the library for one listener, and is kept in a file that only this user can read.

A player sends an API key, of which a hash is kept, or the name of the listener with a password. Of such a password it
sends a hash with a salt of its own, which can be checked by whoever knows the password alone: so it is kept as it is,
and therefore made here, and no one's own.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from earshot.web.security.passwords import password_file
from earshot.web.security.private_files import read_private, write_private

MAX_KEYS = 100
_MAX_BYTES = 100_000
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_GROUPS, _GROUP = 5, 5  # 25 letters are 123 bits: nobody guesses one, nor finds it from a hash


@dataclass(frozen=True)
class PlayerKey:
    """The key of one player, as it is kept."""

    name: str  # of the player, such as "phone"
    listener: str  # whose plays it tells
    made: str  # ISO 8601, UTC
    key_hash: str | None  # SHA-256 of an API key
    password: str | None  # instead of a key, for players that know none


def keys_file() -> Path:
    """The file that keeps the keys, beside that of the password of the pages."""
    return password_file().with_name("players.json")


def read_keys(path: Path) -> list[PlayerKey]:
    """Read the keys that were made; none if there is no file.

    Raises
    ------
    ValueError
        Others can read the file, or it holds something else.
    OSError
        It cannot be read.
    """
    content = read_private(path, _MAX_BYTES)
    if content is None:
        return []
    try:
        keys = [PlayerKey(**one) for one in json.loads(content)]
        if not all(isinstance(one.name, str) and isinstance(one.listener, str) for one in keys):
            raise TypeError
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"{path} holds no keys of players; remove it, and make them anew") from None
    return keys


def make_key(path: Path, name: str, listener: str, *, with_password: bool = False) -> str:
    """Make the key of a player, and return it, or with a password that; it is shown once.

    Raises
    ------
    ValueError
        There is one of that name, or there are too many. Errors of `read_keys`, too.
    """
    keys = read_keys(path)
    if any(one.name == name for one in keys):
        raise ValueError(f"there is a key {name!r} already; revoke it first, or give another name")
    if len(keys) >= MAX_KEYS:
        raise ValueError(f"there are {MAX_KEYS} keys, and no more; revoke one first")
    secret = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    made = datetime.now(UTC).isoformat(timespec="seconds")
    secrets_of = (None, secret) if with_password else (_hash(secret), None)
    _store(path, [*keys, PlayerKey(name, listener, made, *secrets_of)])
    return secret


def revoke_key(path: Path, name: str) -> bool:
    """Forget the key of a player; tell whether there was one. Errors as of `read_keys`."""
    keys = read_keys(path)
    left = [one for one in keys if one.name != name]
    if len(left) < len(keys):
        _store(path, left)
    return len(left) < len(keys)


class PlayerKeys:
    """The keys of a file as a server asks for them; one that is made or revoked counts from the next request on.

    Every key is compared whole, so that the time of an answer tells nothing of them.
    """

    def __init__(self, path: Callable[[], Path] = keys_file) -> None:
        self._path = path
        self._state: tuple[int, ...] | None = None
        self._keys: list[PlayerKey] = []

    def read(self) -> None:
        """Read the keys, if others were made; errors as of `read_keys`."""
        self._current()

    def listener_of_key(self, key: str) -> str | None:
        """The listener of an API key; None for a wrong one."""
        digest = _hash(key)
        fitting = [one.listener for one in self._current() if _is_same(one.key_hash or "", digest)]
        return fitting[0] if fitting else None

    def knows_password(self, listener: str, password: str) -> bool:
        """Tell whether a listener has this password."""
        return any([_is_same(known, password) for known in self._passwords(listener)])

    def knows_token(self, listener: str, token: str, salt: str) -> bool:
        """Tell whether a token is the MD5 of a password of a listener and a salt, as players make it."""
        return any([_is_same(_token(known, salt), token.lower()) for known in self._passwords(listener)])

    def _passwords(self, listener: str) -> list[str]:
        return [one.password for one in self._current() if one.password and one.listener == listener]

    def _current(self) -> list[PlayerKey]:
        path = self._path()
        try:
            status = os.stat(path)
        except OSError:  # no player is let in
            return []
        state = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)
        if state != self._state:
            self._keys, self._state = read_keys(path), state
        return self._keys


def _is_same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode("utf-8", "replace"))


def _hash(key: str) -> str:
    """The hash of a key that was made here: with so many random letters it needs no salt, and no slow one."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _token(password: str, salt: str) -> str:
    return hashlib.md5((password + salt).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _store(path: Path, keys: list[PlayerKey]) -> None:
    write_private(path, json.dumps([asdict(one) for one in keys], indent=1))
