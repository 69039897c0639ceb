"""The hash of a password, and the file of this computer's user that keeps it.

It lies outside of libraries: these are copied and given away, and one from somebody else must not bring its password.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from earshot.web.security.private_files import read_private, write_private

MIN_LETTERS = 8
_N, _R, _P = 2**15, 8, 1  # 32 MB and about 0.1 s
_MAX_MEMORY = 64 * 2**20  # bytes
_HASH = re.compile(r"scrypt\$([0-9a-f]{32})\$([0-9a-f]{64})")
_MAX_BYTES = 1_000


def hash_password(password: str) -> str:
    """Hash a password by scrypt, with a salt of its own.

    Raises
    ------
    ValueError
        It has fewer than eight letters.
    """
    if len(password) < MIN_LETTERS:
        raise ValueError(f"a password of {len(password)} letters; it has at least {MIN_LETTERS}")
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def is_password(password: str, known: str) -> bool:
    """Compare a password with a hash of `hash_password`, in a time that does not tell how much of it fits."""
    found = _HASH.fullmatch(known)
    if found is None:
        return False
    salt, digest = map(bytes.fromhex, found.groups())
    return hmac.compare_digest(_scrypt(password, salt), digest)


def _scrypt(password: str, salt: bytes) -> bytes:
    text = password.encode("utf-8", "surrogateescape")
    return hashlib.scrypt(text, salt=salt, n=_N, r=_R, p=_P, maxmem=_MAX_MEMORY, dklen=32)


def password_file() -> Path:
    """The file that keeps the hash: of `XDG_CONFIG_HOME`, or ~/.config."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(folder, "earshot", "password")


def read_hash(path: Path) -> str | None:
    """Read the hash that `store_hash` wrote; None if there is no such file.

    Raises
    ------
    ValueError
        Others can read the file, or it holds something else.
    OSError
        It cannot be read.
    """
    content = read_private(path, _MAX_BYTES)
    if content is None:
        return None
    text = content.decode("ascii", "replace").strip()
    if not _HASH.fullmatch(text):
        raise ValueError(f"{path} holds no hash of a password; remove it, and give the password anew")
    return text


def store_hash(path: Path, hashed: str) -> None:
    """Write a hash to a file that only this user can read."""
    write_private(path, f"{hashed}\n")
