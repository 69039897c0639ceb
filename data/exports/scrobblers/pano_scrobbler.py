"""Read the file that Pano Scrobbler writes, as JSON lines or CSV: scrobbles, loves and unloves."""

from collections import Counter
from collections.abc import Iterator

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import CODES, Batch
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.table_blocks import open_table
from earshot.data.tables.text_blocks import Member, json_blocks

_MARKS = ("timeHuman", "timeMs", "mediaPlayerPackage")


def _is_pano(head: Head) -> bool:
    text = head.text[:4_096]
    return all(mark in text for mark in _MARKS[: 2 if text.startswith("{") else 3]) and text[:1] in ("{", "t", '"')


def read_pano(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the events; the album's artist stands in for none."""
    if member.suffix == ".csv":
        rows = (block.to_dicts() for block in open_table(member).blocks())
        yield from entry_batches(rows, _facts, listener)
        return
    with member.open_text() as file:
        lost: Counter[str] = Counter()
        yield from entry_batches(json_blocks(file, lost), _facts, listener, lost=lost)


def _facts(entry: Facts) -> Facts | str:
    event = str(entry.get("event") or "scrobble").lower()
    if event not in CODES["kind"]:
        return f"events of the kind {event[:40]}"
    names = {"artist": entry.get("artist") or entry.get("albumArtist"), "title": entry.get("track")}
    return names | {"album": entry.get("album"), "time": entry.get("timeMs"), "kind": CODES["kind"][event]}


PANO_SCROBBLER = Reader(
    "pano-scrobbler", _is_pano, lambda members, options: OpenedSource(read_pano(members[0], options.listener))
)
