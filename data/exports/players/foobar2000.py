"""Read the play counts of foobar2000: what its Playback Statistics export as XML. Tracks are named by their files."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, text_number
from earshot.data.listens.listen_reader import OpenedSource, Reader
from earshot.data.tables.text_blocks import Member, read_at_most
from earshot.data.tables.xml_files import xml_tree

_MARK = "<PlaybackStatistics"
_MAX_BYTES = 256 * 1024 * 1024  # of half a million tracks
_TICKS = 10_000_000  # a second, of Windows's time
_YEAR_1970_S = 11_644_473_600  # since 1601, where that begins


def read_foobar2000(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read how often each file was played, at the time of the last play.

    Raises
    ------
    ValueError
        The file is damaged, or far too large.
    """
    with member.open() as file:
        entries = xml_tree(read_at_most(file, _MAX_BYTES, member.title), member.title).iter("Entry")
    rows = [{**entry.attrib, "path": _path(entry)} for entry in entries]
    yield from entry_batches([rows], _facts, listener, needed=("title",))


def windows_seconds(ticks: int) -> int:
    """Seconds since 1970 of a time as Windows counts it, from 1601 on."""
    return ticks // _TICKS - _YEAR_1970_S


def _path(entry: Element) -> str | None:
    """The file of an entry, or its track in the cue sheet, as the library names it."""
    item = entry.find("Item")
    if item is None:
        return None
    path, number = item.get("Path", ""), item.get("Subsong", "")
    track = text_number(number) if path.lower().endswith(".cue") else None
    return path if track is None else f"{path}/track{track:04}"


def _facts(entry: Facts) -> Facts | str:
    if not entry.get("path"):
        return "tracks whose file is not told"
    plays, last = text_number(entry.get("Count", "0")), text_number(entry.get("LastPlayed", ""))
    if plays == 0:
        return "tracks that were never played"
    return {"title": entry["path"], "plays": plays, "time": windows_seconds(last) if last else None}


FOOBAR2000 = Reader(
    "foobar2000",
    lambda head: _MARK in head.text,
    lambda members, options: OpenedSource(read_foobar2000(members[0], options.listener)),
    is_whole=True,
)
