"""Addresses of local files (RFC 8089), as players write them and desktops drop them."""

import re
from urllib.parse import unquote_to_bytes

_FILE_SCHEME = re.compile(r"file:", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)  # of two letters at least: C: is a drive
_DRIVE = re.compile(r"/+([A-Za-z])[:|](?=/|$)")
_ON_A_DRIVE = re.compile(r"[A-Za-z]:/")
_SHARE = re.compile(r"(?:smb|cifs|nfs|afp|sftp|davs?)://", re.IGNORECASE)  # folders of other computers
_NOT_PLAIN = re.compile(r"[\\%:]")


def percent_decoded(text: str) -> str:
    """Decode %20 and its like; bytes that are not UTF-8 become what Python calls a file of that name.

    >>> percent_decoded("Sigur%20R%C3%B3s")
    'Sigur Rós'
    """
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def is_address(text: str) -> bool:
    """Tell whether a text begins with the scheme of an address.

    >>> is_address("http://radio.example/live"), is_address("C:/Music/x.mp3"), is_address("Re: Stacks.mp3")
    (True, False, False)
    """
    scheme = _SCHEME.match(text)
    return scheme is not None and (text[scheme.end() :].startswith("/") or scheme[0].lower() == "file:")


def path_of_address(text: str) -> str | None:
    """The path of a file: address, percent-decoded; None for any other text.

    A folder of another computer keeps its name in front, as Windows writes it.

    >>> path_of_address("file:///music/Sigur%20R%C3%B3s/1.mp3"), path_of_address("file://localhost/C:/a.mp3")
    ('/music/Sigur Rós/1.mp3', 'C:/a.mp3')
    >>> path_of_address("file:/music/1.mp3"), path_of_address("file://nas/music/1.mp3"), path_of_address("1.mp3")
    ('/music/1.mp3', '//nas/music/1.mp3', None)
    """
    scheme = _FILE_SCHEME.match(text)
    if scheme is None:
        return None
    rest = text[scheme.end() :].replace("\\", "/")
    host, path = "", rest
    if rest.startswith("//") and not rest.startswith("///"):
        host, slash, path = rest[2:].partition("/")
        path = slash + path
    if len(host) == 2 and host[1] in ":|":  # file://C:/a.mp3
        host, path = "", f"/{host}{path}"
    path = "/" + path.lstrip("/") if path.startswith("/") else path
    path = _DRIVE.sub(r"\1:", path, count=1) if _DRIVE.match(path) else path
    is_here = host.casefold() in ("", "localhost", "127.0.0.1") or not path
    return percent_decoded(path if is_here else f"//{host}{path}")


def is_absolute(path: str) -> bool:
    """Tell whether a path with slashes begins at a root, here or on Windows."""
    return path.startswith("/") or _ON_A_DRIVE.match(path) is not None


def path_readings(text: str) -> list[str]:
    """The paths that a text may mean, as programs write them, the likeliest first; none for an address of no file.

    Not every program says whether %20 means a blank, or a backslash a folder.

    >>> path_readings("Air%20\\\\1.mp3"), path_readings("file:/m/1.mp3"), path_readings("http://radio/1.mp3")
    (['Air%20/1.mp3', 'Air%20\\\\1.mp3', 'Air /1.mp3', 'Air \\\\1.mp3'], ['/m/1.mp3'], [])
    """
    if not _NOT_PLAIN.search(text):  # nine of ten
        return [text]
    if (path := path_of_address(_SHARE.sub("file://", text, count=1))) is not None:
        return [path]
    if is_address(text):
        return []
    written = (text, percent_decoded(text))
    return list(dict.fromkeys(reading for path in written for reading in (path.replace("\\", "/"), path)))
