"""Read ``YourLibrary.json`` of Spotify's account data: the tracks that a person likes, and those that were hidden."""

import re
from collections.abc import Iterator

from earshot.data.events.interactions import DISLIKE, LIKE
from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch
from earshot.data.listens.listen_reader import Head
from earshot.data.tables.text_blocks import Member, json_object, json_value, read_at_most

_LISTS = {"tracks": LIKE, "bannedTracks": DISLIKE}
_MARK = re.compile(r'"bannedTracks"\s*:|"uri"\s*:\s*"spotify:track:')
_MAX_BYTES = 256 * 1024 * 1024  # a million tracks take less


def is_spotify_library(head: Head) -> bool:
    return head.text[:1] == "{" and '"tracks"' in head.text and _MARK.search(head.text) is not None


def read_spotify_library(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the opinions, which bear no time.

    Raises
    ------
    ValueError
        The file is not JSON, or far too large.
    """
    with member.open_text() as file:
        library = json_value(read_at_most(file, _MAX_BYTES, member.title))
    if not isinstance(library, dict):
        raise ValueError(f"{member.title} is not JSON")
    lists = [(library.get(key), kind) for key, kind in _LISTS.items()]
    entries = [json_object(one) | {"kind": kind} for ones, kind in lists if isinstance(ones, list) for one in ones]
    yield from entry_batches([entries], _facts, listener, needed=("artist", "title"))


def _facts(entry: Facts) -> Facts | str:
    if not str(entry.get("uri")).startswith(("spotify:track:", "None")):
        return "liked files of one's own"
    return {name: entry.get(name) for name in ("artist", "album", "kind")} | {"title": entry.get("track")}
