"""Read last.fm's scrobbles as JSON: pages of its API, as lastfm.ghan.nl saves them, and the file of lastfmstats.com."""

import re
from collections.abc import Iterator, Sequence

from earshot.data.exports.entry_rows import Facts, entry_batches
from earshot.data.listens.event_batch import Batch, json_text
from earshot.data.listens.listen_reader import Head, OpenedSource, Reader
from earshot.data.tables.json_lists import json_entries
from earshot.data.tables.text_blocks import Member, json_object, json_value, read_at_most

_ANSWER = '"recenttracks"'
_PAGE_MARKS = ('"#text"', '"uts"')
_STATS_MARKS = ('"scrobbles"', '"track"', '"artist"', '"date"')
_NEEDED = ("artist", "title")
_USER_NAME = re.compile(rb'"username"\s*:\s*("(?:[^"\\]|\\.){0,400}")')
_PIECE_BYTES, _LONGEST_BYTES = 1024 * 1024, 1_000  # read at a time; of a key and its name
_MAX_BYTES = 64 * 1024 * 1024  # of one answer, which holds a thousand scrobbles at most


def _is_lastfm_json(head: Head) -> bool:
    is_pages = head.text[:1] == "[" or _ANSWER in head.text
    return head.is_json and all(mark in head.text for mark in (_PAGE_MARKS if is_pages else _STATS_MARKS))


def read_lastfm_json(member: Member, listener: str | None) -> Iterator[Batch]:
    """Read the scrobbles, of the listener whom the file names, if it does. The second 0 is an unknown time.

    Raises
    ------
    ValueError
        The file is not JSON, or one answer of the API is far too large.
    """
    with member.open_text() as file:
        beginning = file.peek(1).lstrip()
        if beginning[:1] != b"[" and _ANSWER.encode() not in beginning:
            user = None if listener else _user_name(member)
            entries = json_entries(file, member.title, "scrobbles")
            yield from entry_batches(entries, lambda entry: _of_stats(entry, user), listener, needed=_NEEDED)
            return
        is_answer = beginning[:1] == b"{"
        whole = [[json_value(read_at_most(file, _MAX_BYTES, member.title))]] if is_answer else None
        blocks = (
            [track for page in pages for track in _tracks(page)] for pages in whole or json_entries(file, member.title)
        )
        yield from entry_batches(blocks, _of_page, listener, needed=_NEEDED)


def _user_name(member: Member) -> str | None:
    """The user of a file of lastfmstats.com, whom it may name before or after the scrobbles."""
    with member.open_text() as file:
        rest = b""
        while piece := file.read(_PIECE_BYTES):
            if match := _USER_NAME.search(text := rest + piece):
                return json_text(json_value(match[1]))
            rest = text[-_LONGEST_BYTES:]
    return None


def _tracks(page: object) -> Sequence[object]:
    """The tracks of a page, a list of them or the API's whole answer; of one track there is no list."""
    answer = json_object(page)
    answer = json_object(answer.get("recenttracks")) or answer
    tracks, user = answer.get("track", page), json_object(answer.get("@attr")).get("user")
    tracks = tracks if isinstance(tracks, list) else [tracks]
    return [track | {"user": user} if user and isinstance(track, dict) else track for track in tracks]


def _of_page(entry: Facts) -> Facts | str:
    if json_object(entry.get("@attr")).get("nowplaying") or (entry.get("name") and not entry.get("date")):
        return "tracks that were playing"
    artist, album, date = (json_object(entry.get(key)) for key in ("artist", "album", "date"))
    return {
        "artist": artist.get("#text") or artist.get("name"), "title": entry.get("name"), "album": album.get("#text"),
        "mbid": entry.get("mbid"), "time": _time(date.get("uts")), "user": entry.get("user"),
    }  # fmt: skip


def _of_stats(entry: Facts, user: str | None) -> Facts:
    names = {"artist": entry.get("artist"), "title": entry.get("track"), "album": entry.get("album")}
    return names | {"time": _time(entry.get("date")), "user": user}


def _time(value: object) -> str | None:
    """A time as text, None if it is the second 0; what is missing is no time at all."""
    text = json_text(value) or "missing"
    return None if text == "0" else text


LASTFM_JSON = Reader(
    "lastfm-json",
    _is_lastfm_json,
    lambda members, options: OpenedSource(read_lastfm_json(members[0], options.listener)),
)
