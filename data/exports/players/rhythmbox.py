"""Read the play counts of Rhythmbox: ``rhythmdb.xml``."""

import re
from collections.abc import Iterator
from typing import IO, BinaryIO, cast
from xml.etree.ElementTree import Element, iterparse

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.exports.players.player_database import called_by_file, kind_of_stars
from earshot.data.listens.event_batch import Batch, text_number
from earshot.data.listens.listen_reader import OpenedSource, Reader
from earshot.data.placeholder_names import is_unknown
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.xml_files import refuse_unsafe_xml

_ROOT = re.compile(r"<rhythmdb\s+version=[\"'](\d+)(\.\d+)?[\"']")
_LATEST = 2  # of its formats, the first number
_MAX_ELEMENTS = 50_000_000  # of a million songs
_HEAD_BYTES = 4_096
_ROWS_AT_ONCE = 20_000


def read_rhythmbox(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each song was played, at the time of the last play; four stars are a like, one is a dislike.

    Raises
    ------
    ValueError
        The file is damaged, or of a later format.
    """
    with member.open() as opened:
        file = cast(BinaryIO, opened)
        version = _ROOT.search(file.read(_HEAD_BYTES).decode("utf-8", "replace"))
        if version is None or int(version[1]) > _LATEST:
            known = version and f"{version[1]}{version[2] or ''}"
            raise ValueError(
                f"{member.title} is of Rhythmbox's format {known or 'unknown'}; those up to {_LATEST} are known here"
            )
        refuse_unsafe_xml(file, member.title, max_elements=_MAX_ELEMENTS)
        yield from entry_batches(_entries(file), _facts, listener, needed=("title",))


def _entries(file: IO[bytes]) -> Iterator[list[Facts]]:
    """Yield the entries, and those with an opinion once more, some at a time."""
    rows: list[Facts] = []
    root: Element | None = None
    for event, element in iterparse(file, ("start", "end")):
        root = element if root is None else root
        if event == "end" and element.tag == "entry":
            song: Facts = {child.tag: child.text or "" for child in element} | {"type": element.get("type")}
            kind = kind_of_stars(song.get("rating")) if song["type"] == "song" else None
            rows += [song] if kind is None else [song, song | {"kind": kind}]
            root.clear()
        if len(rows) >= _ROWS_AT_ONCE:
            yield rows
            rows = []
    yield rows


def _facts(song: Facts) -> Facts | str:
    artist = song.get("artist", "")
    names = called_by_file(
        {
            "artist": None if is_unknown(artist) else artist, "title": song.get("title"), "album": song.get("album"),
            "mbid": song.get("mb-trackid"), "path": song.get("location"),
        }
    )  # fmt: skip
    if "kind" in song:
        return names | {"kind": song["kind"]}
    if song["type"] != "song":
        return "podcasts, radio stations and files that are no songs"
    plays = text_number(song.get("play-count", "0"))
    if plays == 0:
        return "tracks that were never played"
    last = song.get("last-played", "")
    return names | {"plays": plays, "time": last if last not in ("", "0") else None}


RHYTHMBOX = Reader(
    "rhythmbox",
    lambda head: head.text.startswith("<") and _ROOT.search(head.text) is not None,
    lambda members, options: OpenedSource(read_rhythmbox(members[0], options.listener)),
    is_whole=True,
)
