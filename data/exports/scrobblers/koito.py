"""Read an export of Koito, ``koito_export_*.json``."""

from collections.abc import Iterator

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_text
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_object, json_objects

_MARKS = ('"listens"', '"listened_at"', '"aliases"')


def _is_koito(head: Head) -> bool:
    return head.text[:1] == "{" and all(mark in head.text for mark in _MARKS)


def read_koito(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the listens of the user whom the file names; names are the primary ones of several aliases."""
    facts: Facts = {}
    with member.open_text() as file:
        blocks = json_entries(file, member.title, "listens", facts)
        yield from entry_batches(blocks, lambda entry: _facts(entry, facts), listener)


def _facts(entry: Facts, facts: Facts) -> Facts:
    track = json_object(entry.get("track"))
    artists = [name for artist in json_objects(entry.get("artists")) if (name := _name(artist))]
    return {
        "user": facts.get("user"), "artist": ", ".join(artists), "title": _name(track),
        "album": _name(json_object(entry.get("album"))), "mbid": track.get("mbid"), "time": entry.get("listened_at"),
    }  # fmt: skip


def _name(named: Facts) -> str | None:
    aliases = json_objects(named.get("aliases"))
    primary = next((alias for alias in aliases if alias.get("is_primary")), aliases[0] if aliases else {})
    return json_text(primary.get("alias"))


KOITO = Reader("koito", _is_koito, lambda members, options: OpenedSource(read_koito(members[0], options.listener)))
