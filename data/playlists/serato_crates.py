"""Read the crates of Serato: ``_Serato_/Subcrates/NAME.crate``, a row of tags with their lengths."""

import os
import struct
from collections.abc import Iterator

from earshot.data.playlists.playlist import Contents, Entry

_VERSION, _TRACK, _PATH = b"vrsn", b"otrk", b"ptrk"
_HEADER = struct.Struct(">4sI")  # a tag, and the number of bytes behind it
_HOME = "_Serato_"  # the folder of crates, at the root of a disk or in that of music


def read_crate(data: bytes, folder: str, name: str) -> Contents:
    """Read the tracks of a crate, whose paths begin at the root of its disk.

    Raises
    ------
    ValueError
        It is no crate, or ends within a tag.
    """
    if not data.startswith(_VERSION):
        raise ValueError(f"{name} is no crate of Serato's")
    head, home, _ = folder.partition(f"/{_HOME}")
    root = head if home else ""
    paths = [
        inner.decode("utf-16-be", "replace")
        for tag, body in _tags(data, name)
        if tag == _TRACK
        for kind, inner in _tags(body, name)
        if kind == _PATH
    ]
    title = os.path.splitext(os.path.basename(name))[0].rpartition("%%")[2]  # behind the crates around it
    return title, (_entry(path.strip("\0"), root) for path in paths)


def _tags(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(data):
        if place + _HEADER.size > len(data):
            raise ValueError(f"{name} ends within a tag")
        tag, n_bytes = _HEADER.unpack_from(data, place)
        place += _HEADER.size + n_bytes
        if place > len(data):
            raise ValueError(f"{name} ends within a tag")
        yield tag, data[place - n_bytes : place]


def _entry(text: str, root: str) -> Entry | None:
    path = text.replace("\\", "/").lstrip("/")
    if not path or "\0" in path:
        return None
    on_disk = path if path[1:2] == ":" else f"/{path}"
    return Entry(tuple(dict.fromkeys((on_disk, f"{root}/{path}"))) if root and on_disk != path else (on_disk,))
