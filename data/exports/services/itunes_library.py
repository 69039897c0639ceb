"""Read the play counts of iTunes or Apple's Music: ``Library.xml``, or ``iTunes Music Library.xml``."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, cast

from earshot.data.events.interactions import LIKE
from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.playlists.apple_playlists import LIBRARY_MARKS, is_song
from earshot.data.tables.text_blocks import Member, json_object
from earshot.data.tables.xml_files import property_list

_LOVED = ("Loved", "Favorited")


def _is_library(head: Head) -> bool:
    return head.text.startswith("<") and all(mark in head.text for mark in LIBRARY_MARKS)


def read_itunes_library(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read one event for each track that was played: how often, at the time of the last play. Loved tracks are likes.

    Raises
    ------
    ValueError
        The file is no property list, or declares anything.
    """
    with member.open() as file:
        library = property_list(cast(BinaryIO, file), member.title)
    tracks = [json_object(track) for track in json_object(library.get("Tracks")).values()]
    loved = [
        {"Name": track.get("Name"), "Artist": track.get("Artist"), "kind": LIKE} for track in tracks if _is_loved(track)
    ]
    yield from entry_batches([tracks, loved], _facts, listener, needed=("title",))


def _is_loved(track: Facts) -> bool:
    return any(track.get(name) is True for name in _LOVED) and is_song(track)


def _facts(track: Facts) -> Facts | str:
    names = {"artist": track.get("Artist") or track.get("Album Artist"), "title": track.get("Name")}
    if "kind" in track:
        return names | {"kind": track["kind"]}
    if not is_song(track):
        return "podcasts, audiobooks and films"
    plays, last = track.get("Play Count"), track.get("Play Date UTC")
    if not isinstance(plays, int) or plays < 1:
        return "tracks that were never played"
    time = int(last.replace(tzinfo=UTC).timestamp()) if isinstance(last, datetime) else None
    return names | {"album": track.get("Album"), "path": track.get("Location"), "plays": plays, "time": time}


ITUNES_LIBRARY = Reader(
    "itunes-library",
    _is_library,
    lambda members, options: OpenedSource(read_itunes_library(members[0], options.listener)),
    is_whole=True,
)
