"""Read the play counts of iTunes or Apple's Music: ``Library.xml``, or ``iTunes Music Library.xml``."""

import plistlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BufferedReader
from typing import cast
from xml.parsers.expat import ExpatError

from earshot.data.events.interactions import LIKE
from earshot.data.exports.entry_rows import Facts, entry_batches, json_object
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.text_blocks import Member
from earshot.data.tables.xml_files import refuse_unsafe_xml

_MARKS = ("<plist", "<key>Tracks</key>")
_OTHER = ("Podcast", "Movie", "TV Show", "Music Video", "Has Video", "Audiobook")  # true of what is no song
_LOVED = ("Loved", "Favorited")
_MAX_ELEMENTS = 50_000_000  # of a million tracks


def _is_library(head: Head) -> bool:
    return head.text.startswith("<") and all(mark in head.text for mark in _MARKS)


def read_itunes_library(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read one event for each track that was played: how often, at the time of the last play. Loved tracks are likes.

    Raises
    ------
    ValueError
        The file is no property list, or declares anything.
    """
    with member.open() as raw:
        file = cast(BufferedReader, raw)
        refuse_unsafe_xml(file, member.title, max_elements=_MAX_ELEMENTS)
        try:
            library = json_object(plistlib.load(file, fmt=plistlib.FMT_XML))
        except (plistlib.InvalidFileException, ExpatError, ValueError, AttributeError, KeyError, IndexError) as error:
            raise ValueError(f"{member.title} is no property list: {error}") from None
    tracks = [json_object(track) for track in json_object(library.get("Tracks")).values()]
    loved = [
        {"Name": track.get("Name"), "Artist": track.get("Artist"), "kind": LIKE} for track in tracks if _is_loved(track)
    ]
    yield from entry_batches([tracks, loved], _facts, listener, needed=("title",))


def _is_loved(track: Facts) -> bool:
    return any(track.get(name) is True for name in _LOVED) and not any(track.get(name) for name in _OTHER)


def _facts(track: Facts) -> Facts | str:
    names = {"artist": track.get("Artist") or track.get("Album Artist"), "title": track.get("Name")}
    if "kind" in track:
        return names | {"kind": track["kind"]}
    if any(track.get(name) for name in _OTHER):
        return "podcasts, audiobooks and films"
    plays, last = track.get("Play Count"), track.get("Play Date UTC")
    if not isinstance(plays, int) or plays < 1:
        return "tracks that were never played"
    time = int(last.replace(tzinfo=UTC).timestamp()) if isinstance(last, datetime) else None
    return names | {"album": track.get("Album"), "plays": plays, "time": time}


ITUNES_LIBRARY = Reader(
    "itunes-library",
    _is_library,
    lambda members, options: OpenedSource(read_itunes_library(members[0], options.listener)),
    is_whole=True,
)
