"""Paths as text. A file name is bytes; most are UTF-8 and some are not."""

import os


def path_columns(path: str) -> tuple[str, bytes | None]:
    r"""A path as SQLite and people take it: text, and the bytes where the text is not the whole truth.

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


def path_from_columns(text: str, raw: bytes | None) -> str:
    """The path that the operating system knows."""
    return os.fsdecode(raw) if raw is not None else text
