"""Paths as text, for databases, people and shells. File names are bytes, and not all of them are UTF-8."""

import os
import re
import shlex

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MAX_NAME_BYTES = 255  # on most file systems


def path_columns(path: str) -> tuple[str, bytes | None]:
    r"""Encode a path for two columns of SQLite: readable text, and its bytes if they are not UTF-8.

    >>> path_columns("/music/Sigur Rós.mp3")
    ('/music/Sigur Rós.mp3', None)
    >>> path_columns(os.fsdecode(b"/music/caf\xe9.mp3"))
    ('/music/caf\\xe9.mp3', b'/music/caf\xe9.mp3')
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(path)
        return raw.decode("utf-8", "backslashreplace"), raw
    return path, None


def is_bare_name(name: object) -> bool:
    r"""Tell whether this is the name of a file in a folder, and not a path that leads elsewhere.

    >>> is_bare_name("towers-1f3a.pt")
    True
    >>> [is_bare_name(name) for name in ("../x", "/etc/passwd", "..", "", "a\0b", None)]
    [False, False, False, False, False, False]
    """
    if not isinstance(name, str) or name in ("", ".", ".."):
        return False
    leads_elsewhere = any(letter in "/\\:" or letter < " " for letter in name)
    return not leads_elsewhere and len(name.encode("utf-8", "replace")) <= _MAX_NAME_BYTES


def path_from_columns(text: str, raw: bytes | None) -> str:
    """Decode a path from the columns of `path_columns`."""
    return os.fsdecode(raw) if raw is not None else text


def expand_home(path: str) -> str:
    """Replace a leading ~ by the home folder, where no shell has done so.

    An existing path of that very name stays: an earlier version made folders called ~.
    """
    return path if os.path.lexists(path) else os.path.expanduser(path)


def shown_path(path: str) -> str:
    """Show a path in one line."""
    return escaped(path_columns(path)[0])


def escaped(text: str) -> str:
    r"""Replace control characters by escapes, so that text stays in its line.

    >>> print(escaped("one\nNext      rm"), escaped("東京\u3000事変"))
    one\nNext      rm 東京　事変
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def shell_word(path: str) -> str:
    r"""Quote a path for a shell.

    >>> print(shell_word("/music/don't.mp3"), shell_word(os.fsdecode(b"/music/caf\xe9.mp3")))
    '/music/don'"'"'t.mp3' $'/music/caf\xe9.mp3'
    """
    if path.isprintable():  # surrogates of other bytes are not
        return shlex.quote(path)
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b"'\\" else f"\\x{byte:02x}" for byte in os.fsencode(path)
    )
    return f"$'{escaped}'"
