"""Read a backup of Maloja, ``maloja_export_*.json``, or an answer of its API."""

from collections.abc import Iterator

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_number, json_text
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_object

_LISTS = ("scrobbles", "list")
_MARKS = ('"artists"', '"track"')
_OWN_MARKS = ('"maloja"', '"origin"')  # one of these: the backup's head, and a fact of each scrobble


def _is_maloja(head: Head) -> bool:
    is_own = all(mark in head.text for mark in _MARKS) and any(mark in head.text for mark in _OWN_MARKS)
    return head.text[:1] == "{" and is_own and _list(head.text) is not None


def _list(text: str) -> str | None:
    return next((name for name in _LISTS if f'"{name}"' in text), None)


def read_maloja(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the scrobbles; several artists of a track are listed with commas."""
    with member.open_text() as file:
        name = _list(file.peek(1).decode("utf-8", "replace")) or _LISTS[0]
        yield from entry_batches(json_entries(file, member.title, name), _facts, listener)


def _facts(entry: Facts) -> Facts:
    track = json_object(entry.get("track"))
    artists, album = track.get("artists"), json_object(track.get("album"))
    return {
        "artist": ", ".join(filter(None, map(json_text, artists))) if isinstance(artists, list) else artists,
        "title": track.get("title"), "album": album.get("albumtitle") or album.get("name"), "time": entry.get("time"),
        "played_ms": json_number(entry.get("duration"), 1_000),
    }  # fmt: skip


MALOJA = Reader("maloja", _is_maloja, lambda members, options: OpenedSource(read_maloja(members[0], options.listener)))
